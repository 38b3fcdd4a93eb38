package seed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/shared/layout"
)

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	old := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(from, "deep/er"), 0o755),
		os.WriteFile(filepath.Join(from, "deep/file"), []byte("content"), 0o600),
		os.Symlink("nowhere", filepath.Join(from, "link")),
		unix.Mkfifo(filepath.Join(from, "pipe"), 0o600),
		unix.Lsetxattr(filepath.Join(from, "deep/file"), "user.note", []byte("kept"), 0),
		os.Lchown(filepath.Join(from, "deep/file"), 1234, 4321),
		unix.Chmod(filepath.Join(from, "deep/file"), 0o4711),
		unix.Chmod(filepath.Join(from, "deep"), 0o2750),
		os.Chtimes(filepath.Join(from, "deep/file"), old, old),
		Copy(to, from),
	} {
		if err != nil && !errors.Is(err, unix.ENOTSUP) {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(to, "deep/file"))
	if err != nil {
		t.Fatal(err)
	}
	stat, _ := info.Sys().(*syscall.Stat_t)
	if stat.Uid != 1234 || stat.Gid != 4321 || stat.Mode&0o7777 != 0o4711 || !info.ModTime().Equal(old) {
		t.Errorf("the file is %d:%d %o of %v", stat.Uid, stat.Gid, stat.Mode&0o7777, info.ModTime())
	}
	if text, err := os.ReadFile(filepath.Join(to, "deep/file")); string(text) != "content" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if link, err := os.Readlink(filepath.Join(to, "link")); link != "nowhere" {
		t.Errorf("the link leads to %q, %v", link, err)
	}
	if _, err := os.Lstat(filepath.Join(to, "pipe")); !os.IsNotExist(err) {
		t.Errorf("the pipe was copied: %v", err)
	}
	if err := Copy(to, from); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an existing tree: %v", err)
	}
	if err := Copy(filepath.Join(dir, "x"), filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestAdjust(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "x")
	for _, err := range []error{
		os.Mkdir(filepath.Join(root, "etc"), 0o755), os.Mkdir(path, 0o755),
		os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("root:x:0:0::/:\n_chrony:x:77:88::/:\nodd:x:many:0\n"), 0o600),
		os.WriteFile(filepath.Join(root, "etc/group"), []byte("root:x:0:\njournal:x:99:\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		mode     uint32
		owner    string
		want     string
		wantErr  error
		wantText string
	}{
		{0, "", "0:0 755", nil, ""},
		{0o2750, "", "0:0 2750", nil, ""},
		{0, "_chrony:journal", "77:99 2750", nil, ""},
		{0o700, "5", "5:99 700", nil, ""},
		{0o755, "nobody", "5:99 700", ErrNoAccount, "nobody"},
		{0o755, "root:odd", "5:99 700", ErrNoAccount, "odd"},
		{0o755, "odd", "5:99 700", nil, "cannot read the account odd"},
	}
	for _, test := range tests {
		err := Adjust(layout.Root(root), path, test.mode, test.owner)
		if test.wantErr != nil && !errors.Is(err, test.wantErr) || test.wantText != "" && (err == nil || !strings.Contains(err.Error(), test.wantText)) ||
			test.wantErr == nil && test.wantText == "" && err != nil {
			t.Errorf("%o %s: %v", test.mode, test.owner, err)
		}
		var now unix.Stat_t
		if err := unix.Stat(path, &now); err != nil {
			t.Fatal(err)
		}
		if got := describe(now); got != test.want {
			t.Errorf("%o %s: it is %s, want %s", test.mode, test.owner, got, test.want)
		}
	}
}

func describe(s unix.Stat_t) string {
	return fmt.Sprintf("%d:%d %o", s.Uid, s.Gid, s.Mode&0o7777)
}

// FuzzFind promises an account's number or an error, for any file.
func FuzzFind(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/sh\n", "root")
	f.Add("a:b:99999999999\n", "a")
	f.Fuzz(func(t *testing.T, accounts, name string) {
		if n, err := find(accounts, name); err == nil && n < 0 {
			t.Errorf("%s is %d", name, n)
		}
	})
}
