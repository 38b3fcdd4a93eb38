package fat_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"resinos.io/e2e/fat"
)

// A shape is a file system to make.
type shape struct{ bits, cluster, megabytes int }

func shapes() []shape {
	return []shape{{16, 512, 8}, {16, 2048, 16}, {16, 4096, 32}, {32, 512, 40}, {32, 2048, 140}, {32, 4096, 270}}
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1", "PATH=/usr/sbin:/sbin:"+os.Getenv("PATH"))
	if cmd.Err != nil && name == "mkfs.vfat" {
		cmd.Path, cmd.Err = "/usr/sbin/mkfs.vfat", nil
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cannot run %s %q: %v: %s", name, args, err, complaint.Bytes())
	}
	return out
}

// makeFS makes an empty file system and returns its file.
func makeFS(t *testing.T, s shape) string {
	image := filepath.Join(t.TempDir(), "fat.img")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, int64(s.megabytes)<<20); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.vfat", "-F", strconv.Itoa(s.bits), "-s", strconv.Itoa(s.cluster/512), image)
	return image
}

// fill puts random files into image, deletes some, and returns what is there.
func fill(t *testing.T, image string, random *rand.Rand, cluster int) map[string][]byte {
	want := map[string][]byte{}
	dirs := []string{"", "sub/", "a directory with a long name/"}
	for _, dir := range dirs[1:] {
		run(t, "mmd", "-i", image, "::/"+dir[:len(dir)-1])
	}
	for i := range 40 {
		name := dirs[random.IntN(len(dirs))] + fmt.Sprintf([]string{"f%d.txt", "UPPER%d.BIN", "Mixed Case and long %d.json", "noext%d"}[random.IntN(4)], i)
		size := []int{0, 1, cluster - 1, cluster, cluster + 1, random.IntN(9 * cluster)}[random.IntN(6)]
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		local := filepath.Join(t.TempDir(), "content")
		if err := os.WriteFile(local, data, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "mcopy", "-i", image, local, "::/"+name)
		want[name] = data
		if random.IntN(3) == 0 { // so that later ones are in pieces
			run(t, "mdel", "-i", image, "::/"+name)
			delete(want, name)
		}
	}
	return want
}

func open(t *testing.T, image string) *fat.FS {
	t.Helper()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	fs, err := fat.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// list returns all files below dir.
func list(t *testing.T, fs *fat.FS, path string, dir fat.Entry, into map[string][]byte) {
	t.Helper()
	entries, err := fs.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Dir {
			list(t, fs, path+e.Name+"/", e, into)
			continue
		}
		strict, err := fs.ReadFile(e)
		if err != nil {
			t.Fatal(err)
		}
		if lenient, err := fs.ReadLikeLinux(e); err != nil || !bytes.Equal(strict, lenient) {
			t.Fatalf("%s: read like Linux: %v", e.Name, err)
		}
		into[path+e.Name] = strict
	}
}

// TestAgainstMtools: what mkfs.vfat and mtools made reads as it was written.
func TestAgainstMtools(t *testing.T) {
	for _, s := range shapes() {
		t.Run(fmt.Sprintf("FAT%d %d", s.bits, s.cluster), func(t *testing.T) {
			t.Parallel()
			image := makeFS(t, s)
			want := fill(t, image, rand.New(rand.NewPCG(1, uint64(s.cluster+s.bits))), s.cluster)
			fs := open(t, image)
			if fs.Bits() != s.bits || fs.ClusterSize() != s.cluster {
				t.Fatalf("FAT%d with clusters of %d bytes", fs.Bits(), fs.ClusterSize())
			}
			got := map[string][]byte{}
			list(t, fs, "", fs.Root(), got)
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			for name, data := range want {
				if found, ok := got[name]; !ok || !bytes.Equal(found, data) {
					t.Errorf("%s: there %v, %d bytes, want %d", name, ok, len(found), len(data))
				}
			}
			report, err := fs.Check()
			if err != nil || !report.Sound() || report.Lost > 0 || report.Tables {
				t.Errorf("%s, %v", report, err)
			}
		})
	}
}
