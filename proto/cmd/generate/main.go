// Command generate writes, from the XML files in the module's folder, one Go
// package each and contract.lock, the list of all facts clients may rely on.
//
// It refuses to take a fact out of contract.lock: that is a breaking change, and
// needs an interface with the next number. -check writes nothing and fails if
// anything on disk is not what it would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"resinos.io/proto/contract"
	"resinos.io/proto/internal/lock"
	"resinos.io/proto/internal/parse"
	"resinos.io/proto/internal/render"
)

var (
	errBreaking = errors.New("breaking change")
	errStale    = errors.New("not up to date, run make generate")
)

func main() {
	dir := flag.String("dir", ".", "the folder with the XML files")
	check := flag.Bool("check", false, "write nothing, fail if something would change")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	outputs, err := outputs(dir)
	if err != nil {
		return err
	}
	for path, content := range outputs {
		old, err := os.ReadFile(path)
		if err == nil && bytes.Equal(old, content) {
			continue
		}
		if check {
			return fmt.Errorf("%s: %w", path, errStale)
		}
		if err := write(path, content); err != nil {
			return err
		}
	}
	return nil
}

// outputs returns the content of every generated file by its path.
func outputs(dir string) (map[string][]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		return nil, err
	}
	generated := make(map[string][]byte)
	var faces []contract.Interface
	for _, file := range files {
		node, err := read(file)
		if err != nil {
			return nil, err
		}
		source, err := render.Go(filepath.Base(file), node)
		if err != nil {
			return nil, err
		}
		name := render.PackageName(node.Interfaces[0].Name)
		generated[filepath.Join(dir, name, name+".go")] = source
		faces = append(faces, node.Contract())
	}
	path := filepath.Join(dir, "contract.lock")
	generated[path], err = facts(path, faces)
	return generated, err
}

// facts returns the new content of the lock file at path.
func facts(path string, faces []contract.Interface) ([]byte, error) {
	now := lock.Facts(faces)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if gone := lock.Gone(strings.FieldsFunc(string(old), isNewline), now); len(gone) > 0 {
		return nil, fmt.Errorf("%w, clients rely on:\n  %s", errBreaking, strings.Join(gone, "\n  "))
	}
	return []byte(strings.Join(now, "\n") + "\n"), nil
}

func isNewline(r rune) bool { return r == '\n' }

func read(file string) (parse.Node, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return parse.Node{}, err
	}
	node, err := parse.File(string(text))
	if err != nil {
		return parse.Node{}, fmt.Errorf("%s: %w", file, err)
	}
	return node, nil
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
