package device

import "testing"

func TestHangs(t *testing.T) {
	for log, want := range map[string]bool{
		"": false,
		"BdsDxe: loading Boot0001 \"UEFI Misc Device\"\nBdsDxe: starting Boot0001 \"UEFI Misc Device\"\r\n":                         true,
		"BdsDxe: starting Boot0001 \"UEFI Misc Device\"\nresinOS: starting slot A\n":                                                false,
		"BdsDxe: starting Boot0001\nresinOS: starting slot A\n[ 9.1] reboot: machine restart\nBdsDxe: starting Boot0001 \"UEFI\"\n": true,
		"[ 9.1] reboot: Restarting system\n[ 9.1] reboot: machine restart\r\n":                                                      true,
		"[ 9.1] reboot: machine restart\n\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H":                                              true,
	} {
		if got := hangs([]byte(log)); got != want {
			t.Errorf("%q hangs: %v", log, got)
		}
	}
}
