package regdom

import "os"

// hasRadio reports whether the kernel lists a radio in folder.
func hasRadio(folder string) bool {
	entries, err := os.ReadDir(folder)
	return err == nil && len(entries) > 0
}
