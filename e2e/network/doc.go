// Package network tests netseed, the resolver and the time with the real
// NetworkManager, dnsmasq and chrony, against a network of the test's own: a
// second network namespace that serves DHCP, DNS and NTP. The same story is told in
// a container and in a virtual machine.
package network
