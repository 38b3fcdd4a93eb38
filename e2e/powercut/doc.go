// Package powercut proves that a power cut at any write leaves a good
// config.json: it has no code but tests (build tag powercut, or vm) and what they need.
//
// A tiny virtual machine, with the kernel of the image and the boot partition's
// mount options, runs the project's own editor on FAT file systems of all kinds
// while every write to them is recorded. For every state in which a power cut
// can leave such a disk (package crashlog) the project's own recovery is run, on
// the files as Linux would show them and, for the states that are different in
// kind, again in the machine by the kernel itself. That recovery is recorded,
// cut short and recovered from in turn. Demanded is, in each state: the file is
// the old or the new one while an edit runs and the new one afterwards, byte for
// byte; no other file has changed; no cluster belongs to two files; a second
// recovery finds nothing to do; and the next edit works.
//
// Two usual ways to write a file are held to the same demands and must fail
// them, or the test itself has gone blind.
//
// Not covered: devices that lie about flushes, sectors that are damaged
// themselves, and other programs that write to the partition at the same time.
package powercut
