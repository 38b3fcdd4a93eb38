// Package wayin tests how a person gets into a device and what they type there:
// sshd with the keys of config.json, resinctl, and the OpenVPN server.
package wayin
