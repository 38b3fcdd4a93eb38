package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const contractDir = "../.."

func TestGeneratedCodeIsUpToDate(t *testing.T) {
	if err := run(contractDir, true); err != nil {
		t.Fatal(err)
	}
}

// TestBreakingChange edits a copy of the real contract in every way that breaks
// a client, and in ways that do not.
func TestBreakingChange(t *testing.T) {
	const file = "io.resinos.Hostname1.xml"
	tests := []struct {
		name, old, new string
		want           error
	}{
		{"member removed", `<property name="MdnsName" type="s" access="read"/>`, ``, errBreaking},
		{"member renamed", `method name="SetHostname"`, `method name="SetName"`, errBreaking},
		{"type changed", `<property name="Uuid" type="s"`, `<property name="Uuid" type="ay"`, errBreaking},
		{"argument renamed", `<arg name="hostname"`, `<arg name="host"`, errBreaking},
		{"argument removed", `<arg name="options" type="a{sv}" direction="in"/>`, ``, errBreaking},
		{"error removed", `value="InvalidHostname `, `value="`, errBreaking},
		{"path changed", `/io/resinos/Hostname1`, `/io/resinos/Other`, errBreaking},
		{"property added", `</interface>`, `<!-- New. --><property name="New" type="u" access="read"/></interface>`, errStale},
		{"comment changed", `Uuid: 32`, `Uuid: thirty-two`, errStale},
		{"nothing", `x`, `x`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := copyContract(t)
			replace(t, filepath.Join(dir, file), test.old, test.new)
			if err := run(dir, true); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
		})
	}
}

func copyContract(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(contractDir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func replace(t *testing.T, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, new)), 0o600); err != nil {
		t.Fatal(err)
	}
}
