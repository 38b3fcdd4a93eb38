package qemu

import "syscall"

// ownGroup puts a process into its own group, and ends it with the thread that
// started it should that one die without a word.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
