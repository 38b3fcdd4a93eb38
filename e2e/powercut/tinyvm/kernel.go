package tinyvm

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// A Kernel is a kernel and modules that it can load.
type Kernel struct {
	Image   []byte
	Modules []Module // each after those that it needs
}

// A Module is a kernel module as its package has it, packed or not.
type Module struct {
	Name string // of the file, without its directory
	Data []byte
}

const modulesDir = "usr/lib/modules/"

// LoadKernel takes the kernel and the named modules, with all that they need,
// from a root filesystem. Modules that are part of the kernel are left out.
func LoadKernel(rootfs string, modules ...string) (Kernel, error) {
	k, err := loadKernel(rootfs, modules)
	if err != nil {
		return k, fmt.Errorf("cannot take the kernel from %s: %w", rootfs, err)
	}
	return k, nil
}

func loadKernel(rootfs string, modules []string) (Kernel, error) {
	var k Kernel
	lists, err := extract(rootfs, func(name string) bool {
		base := path.Base(name)
		return strings.HasPrefix(name, "boot/vmlinuz-") ||
			strings.HasPrefix(name, modulesDir) && (base == "modules.dep" || base == "modules.builtin")
	})
	if err != nil {
		return k, err
	}
	var needs, builtin string
	for name, data := range lists {
		switch path.Base(name) {
		case "modules.dep":
			needs = string(data)
		case "modules.builtin":
			builtin = string(data)
		default:
			k.Image = data
		}
	}
	if k.Image == nil || needs == "" {
		return k, errors.New("there is no kernel in it, or no list of its modules")
	}
	order, err := loadOrder(needs, builtin, modules)
	if err != nil {
		return k, err
	}
	files, err := extract(rootfs, func(name string) bool {
		for _, want := range order {
			if strings.HasSuffix(name, "/"+want) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return k, err
	}
	for _, want := range order {
		for name, data := range files {
			if strings.HasSuffix(name, "/"+want) {
				k.Modules = append(k.Modules, Module{path.Base(name), data})
			}
		}
	}
	if len(k.Modules) != len(order) {
		return k, fmt.Errorf("%d of the modules %q are there", len(k.Modules), order)
	}
	return k, nil
}

// loadOrder reads modules.dep, whose lines are "file: files that it needs, the
// one to be loaded last first", and modules.builtin, a list of files.
func loadOrder(needs, builtin string, modules []string) ([]string, error) {
	var order []string
	seen := map[string]bool{}
	for _, module := range modules {
		found := false
		for line := range strings.Lines(needs) {
			file, others, _ := strings.Cut(strings.TrimSpace(line), ":")
			if moduleName(file) != module {
				continue
			}
			found = true
			all := append([]string{file}, strings.Fields(others)...)
			for i := len(all) - 1; i >= 0; i-- {
				if !seen[all[i]] {
					seen[all[i]] = true
					order = append(order, all[i])
				}
			}
		}
		for line := range strings.Lines(builtin) {
			found = found || moduleName(strings.TrimSpace(line)) == module
		}
		if !found {
			return nil, fmt.Errorf("there is no module %s", module)
		}
	}
	return order, nil
}

func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// extract returns the regular files of a tar file that want picks, by their
// names without "./".
func extract(archive string, want func(string) bool) (map[string][]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		head, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		}
		name := strings.TrimPrefix(head.Name, "./")
		if head.Typeflag != tar.TypeReg || !want(name) {
			continue
		}
		if found[name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}
