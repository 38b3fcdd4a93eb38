// Package logs holds the tests of the journal's place and sizes: with the real
// journald in a container (tag container), and over reboots and at the block device
// in a virtual machine (tag vm). With RESIN_LONG=1 the container tier switches five
// hundred times instead of a few dozen.
package logs
