// Package statecut proves that a power cut at any write to the state, data or
// boot partition leaves a device that boots with what it had before, or with what
// it was to have after: it has no code but tests (build tag powercut) and what they need.
//
// A tiny virtual machine has the kernel and the root file system of the image, and
// a disk with the image's boot, state and data partitions, all whose writes are
// recorded. In it the real state-binder, logctl and journald do what a boot does. For
// the states in which a power cut at each flush can leave the disk (package crashlog),
// and for a sample of those in between, the device boots again twice, and what
// it has then is compared.
//
// A way to purge that is wrong is held to the same demands and must fail
// them, or the test itself has gone blind.
//
// Not covered: what the power cut does to programs that are none of ours, and
// devices that lie about flushes.
package statecut
