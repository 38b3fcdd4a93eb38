// Package state holds the tests of what survives a reboot, in the container and
// in the virtual machine: binds, purges, and partitions that are not as they
// should be. They are behind the build tags container and vm.
package state
