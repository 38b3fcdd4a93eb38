// Package qemu runs a disk image in QEMU, without KVM, and talks to it.
//
// A [Machine] is one QEMU process: [Start] returns when QEMU answers on its
// control socket (QMP), not when the system in it is up; that is for the caller
// to find out. Stop ends this very process and no other, always. A machine has
// one disk, found by the boot loader first, one network card behind QEMU's user
// network with the guest's ports forwarded to 127.0.0.1, and a serial console
// that is kept in a file.
//
// The package changes no image: [Overlay] makes a disk that takes the writes.
// It works with the QEMU of Debian 12 (7.2) and 13 (10), and promises no more
// devices than that. Methods of a Machine may be called from several goroutines;
// calls to QMP are carried out one after the other.
package qemu
