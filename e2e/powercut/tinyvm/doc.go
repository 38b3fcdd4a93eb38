// Package tinyvm starts a virtual machine that is nothing but a kernel and one
// program, to see what the real kernel writes to a disk.
//
// The kernel and its modules are those of a root filesystem of the image, given
// as a tar file: what is tested is what devices run. The machine has disks, each
// of whose writes are recorded (QEMU's blklogwrites), and a serial console.
//
// [Run] returns when the machine has switched itself off. It promises to end
// what it started, and to say what the console showed when something went
// wrong. It needs qemu-system-x86_64 and no KVM.
package tinyvm
