package health

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// maxOutput is how much of a check's last line is told, in bytes.
const maxOutput = 200

// DropIns returns one check for each executable in dirs, by name. A file in a
// later directory replaces the one of that name in an earlier one; a link to
// /dev/null takes it away. A check that exits with 0 passes; otherwise the last
// line of its output says why. What cannot be listed is a check that fails.
func DropIns(dirs ...string) []Check {
	paths := map[string]string{}
	var names []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return []Check{{dir, func(context.Context) error { return err }}}
		}
		for _, entry := range entries {
			if paths[entry.Name()] == "" {
				names = append(names, entry.Name())
			}
			paths[entry.Name()] = filepath.Join(dir, entry.Name())
		}
	}
	var checks []Check
	for _, name := range names {
		if info, err := os.Stat(paths[name]); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			checks = append(checks, Check{name, func(ctx context.Context) error { return runCheck(ctx, paths[name]) }})
		}
	}
	return checks
}

func runCheck(ctx context.Context, path string) error {
	command := exec.CommandContext(ctx, path)
	command.WaitDelay = time.Second // a child of it that keeps the output open
	out, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := lines[len(lines)-1]
	return fmt.Errorf("%w: %s", err, last[:min(len(last), maxOutput)])
}
