// Package containers holds the tests of the container engine and of the supervisor,
// with real containers whose images are made from nothing: no registry is asked.
//
// Behind the build tag container is what the root alone shows, in seconds; behind vm
// what needs a kernel, a disk or a reboot of its own.
package containers
