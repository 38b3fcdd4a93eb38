// Package device boots the image that users get in a virtual machine of the test's own.
//
// The image itself is never written: each machine has an overlay that ends with
// it. Files can be put on the boot partition before the machine starts, as with
// its card in a PC. When a test fails, the journal, the serial log and the screen
// are kept below build/e2e-failures.
//
// A machine can go on from a saved state of a booted one, which takes seconds, and its
// second network card can be in a network namespace of the test.
//
// A missing image or tool fails the test and names the make target; nothing is skipped.
// The machine runs without KVM: everything takes some ten times as long as on hardware.
package device
