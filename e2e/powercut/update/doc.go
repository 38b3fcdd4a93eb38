// Package update proves that a power cut at any write of an update leaves a device
// that boots a whole system: it has no code but tests (build tag powercut) and what
// they need.
//
// A tiny virtual machine, with the kernel of the image and a disk that has the
// image's partitions, boots the updater one time after the other: an installation,
// the trial, its proof, an installation that fails its trial and the way back. The
// updater's own packages and the real worker do it; what is not theirs (systemd, the
// bus, the boot loader's counting) is played. Every write to the disk is recorded.
//
// For every state in which a power cut can leave the disk (package crashlog) it is
// asked what the boot loader starts, then and after each further crash until it no
// longer changes its mind: always a slot that holds one release, byte for byte,
// whose boot files are whole; before the slot is armed the old one, after the proof
// the new one. No other file of the boot partition has changed. What
// image/boot/grub.cfg does is asked of a model of it (package choice), and of the
// real GRUB, running that file on that disk, for each state that is different in
// kind. States that are different in kind are recovered from in the machine: the
// kernel mounts what is there, the updater reads its own files, ends the trial and
// installs the next release; and a power cut in the course of that is judged in turn.
//
// Not covered: devices that lie about flushes, sectors that are damaged themselves,
// the boot loader's and the firmware's own faults.
package update
