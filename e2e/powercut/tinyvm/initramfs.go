package tinyvm

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// A File is a file of the machine's initial file system.
type File struct {
	Path string // absolute
	Mode uint32 // permissions
	Data []byte
}

// archive returns files, and the directories above them, in the format "newc"
// of cpio: Documentation/driver-api/early-userspace/buffer-format.rst in Linux.
func archive(files []File) []byte {
	const regular, directory = 0o100000, 0o040000
	var out bytes.Buffer
	made := map[string]bool{".": true}
	inode := 0
	add := func(name string, mode uint32, data []byte) {
		inode++
		fmt.Fprintf(&out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
		pad(&out)
		out.Write(data)
		pad(&out)
	}
	var parents func(dir string)
	parents = func(dir string) {
		if !made[dir] {
			parents(path.Dir(dir))
			made[dir] = true
			add(dir, directory|0o755, nil)
		}
	}
	for _, f := range files {
		name := strings.TrimPrefix(f.Path, "/")
		parents(path.Dir(name))
		add(name, regular|f.Mode, f.Data)
	}
	add("TRAILER!!!", 0, nil)
	return out.Bytes()
}

func pad(out *bytes.Buffer) {
	for out.Len()%4 != 0 {
		out.WriteByte(0)
	}
}
