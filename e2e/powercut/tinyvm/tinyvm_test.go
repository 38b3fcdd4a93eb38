package tinyvm

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoadOrder(t *testing.T) {
	needs := "kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz kernel/lib/low-level.ko.xz\n" +
		"kernel/fs/fat/fat.ko.xz: kernel/lib/low-level.ko.xz\nkernel/lib/low-level.ko.xz:\n"
	got, err := loadOrder(needs, "kernel/drivers/virtio/virtio.ko\n", []string{"virtio", "low_level", "vfat"})
	want := []string{"kernel/lib/low-level.ko.xz", "kernel/fs/fat/fat.ko.xz", "kernel/fs/fat/vfat.ko.xz"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := loadOrder(needs, "", []string{"ext4"}); err == nil || !strings.Contains(err.Error(), "ext4") {
		t.Errorf("a module that is not there: %v", err)
	}
}

func TestLoadKernel(t *testing.T) {
	rootfs := func(files ...string) string {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for i := 0; i < len(files); i += 2 {
			if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "rootfs.tar")
		if err := errors.Join(w.Close(), os.WriteFile(path, out.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dep := "./usr/lib/modules/6.12/modules.dep"
	k, err := LoadKernel(rootfs("./boot/vmlinuz-6.12", "KERNEL", dep, "kernel/fs/fat.ko:\n", "./usr/lib/modules/6.12/kernel/fs/fat.ko", "FAT"), "fat")
	if err != nil || string(k.Image) != "KERNEL" || !slices.Equal(k.ModuleFiles(), []string{"/modules/fat.ko"}) {
		t.Errorf("%q, %v", k, err)
	}
	for name, path := range map[string]string{
		"no file":   filepath.Join(t.TempDir(), "none.tar"),
		"no kernel": rootfs(dep, "x.ko:\n"),
		"no module": rootfs("./boot/vmlinuz-6.12", "KERNEL", dep, "kernel/fs/fat.ko:\n"),
	} {
		if _, err := LoadKernel(path, "fat"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestArchive(t *testing.T) {
	got := archive([]File{{"/a/b/file", 0o600, []byte("hello")}})
	var names []string
	for rest := got; len(rest) > 110; {
		if string(rest[:6]) != "070701" {
			t.Fatalf("no entry: %.20q", rest)
		}
		name, _, _ := bytes.Cut(rest[110:], []byte{0})
		names = append(names, string(name))
		size := 0
		if string(name) == "a/b/file" {
			size = 8 // of "hello", in whole words
		}
		rest = rest[(110+len(name)+1+3)&^3+size:]
	}
	if !slices.Equal(names, []string{"a", "a/b", "a/b/file", "TRAILER!!!"}) {
		t.Errorf("%q", names)
	}
}

// TestRunSaysWhatIsWrong: a machine that cannot start is an error with a reason.
func TestRunSaysWhatIsWrong(t *testing.T) {
	c := Config{Dir: t.TempDir(), Disks: []Disk{{Serial: "x", Image: "/nowhere/x.img", Log: filepath.Join(t.TempDir(), "log")}}}
	if _, err := Run(t.Context(), c); !errors.Is(err, ErrMachine) || !strings.Contains(err.Error(), "/nowhere/x.img") {
		t.Errorf("%v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(gone, c); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Run(t.Context(), c); !errors.Is(err, ErrMachine) || !strings.Contains(err.Error(), "qemu-system-x86_64") {
		t.Errorf("%v", err)
	}
}
