package bind

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/shared/layout"
)

var errFault = errors.New("fault")

// fake stands in for the kernel and remembers what is bound. From the call number
// left on everything fails, as after a power cut.
type fake struct {
	order []string          // targets
	bound map[string]string // source, by target
	left  int               // 0 = no fault
}

func (f *fake) fault() error {
	if f.left > 0 {
		f.left--
		if f.left == 0 {
			f.left = -1
		}
	}
	if f.left < 0 {
		return errFault
	}
	return nil
}

func (f *fake) Bind(source, target string) error {
	if err := f.fault(); err != nil {
		return err
	}
	f.order = append(f.order, target)
	f.bound[target] = source
	return nil
}

func (f *fake) Bound(source, target string) bool { return f.bound[target] == source }
func (f *fake) Sync(string) error                { return f.fault() }

// device is a root with content, and partitions.
func device(t *testing.T) *Binder {
	t.Helper()
	root := t.TempDir()
	for path, text := range map[string]string{
		"etc/one/a": "a", "etc/id": "id", "var/lib/outer/x": "x", "var/lib/outer/inner/y": "y", "var/log/.keep": "",
	} {
		file := filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return &Binder{
		Root: layout.Root(root), State: place.Dir(t.TempDir()), Data: place.Dir(t.TempDir()),
		Memory: place.Dir(t.TempDir()), System: &fake{bound: map[string]string{}},
	}
}

var binds = []declare.Bind{
	{Path: "/etc/id", Kind: declare.File, Partition: declare.State},
	{Path: "/etc/one", Kind: declare.Directory, Partition: declare.State, Mode: 0o2750},
	{Path: "/var/lib/outer", Kind: declare.Directory, Partition: declare.State},
	{Path: "/var/lib/outer/inner", Kind: declare.Directory, Partition: declare.Data},
	{Path: "/var/log/journal", Kind: declare.Directory, Partition: declare.Data},
}

func TestAll(t *testing.T) {
	b := device(t)
	kernel, _ := b.System.(*fake)
	if problems := b.All(binds); len(problems) > 0 {
		t.Fatal(problems)
	}
	for path, want := range map[string]string{
		b.State.Source("/etc/id"): "id", b.State.Source("/etc/one/a"): "a", b.State.Source("/var/lib/outer/x"): "x",
		b.Data.Source("/var/lib/outer/inner/y"): "y",
	} {
		if text, err := os.ReadFile(path); string(text) != want {
			t.Errorf("%s has %q, %v", path, text, err)
		}
	}
	if info, err := os.Stat(b.State.Source("/etc/one")); err != nil || info.Mode() != os.ModeDir|os.ModeSetgid|0o750 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	outer := slices.Index(kernel.order, b.Root.Path("/var/lib/outer"))
	if inner := slices.Index(kernel.order, b.Root.Path("/var/lib/outer/inner")); outer < 0 || inner < outer {
		t.Errorf("bound in the order %v", kernel.order)
	}
	before := len(kernel.order)
	if err := os.WriteFile(b.State.Source("/etc/one/a"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if problems := b.All(binds); len(problems) > 0 || len(kernel.order) != before {
		t.Errorf("a second time: %v, binds %v", problems, kernel.order[before:])
	}
	if text, _ := os.ReadFile(b.State.Source("/etc/one/a")); string(text) != "changed" {
		t.Errorf("it was made anew: %q", text)
	}
}

// TestInterrupted cuts the power at each sync and bind of the first boot. Each
// path is whole on the partition or not there, and the next boot has all.
func TestInterrupted(t *testing.T) {
	for cut := 1; ; cut++ {
		b := device(t)
		content := layout.Root(t.TempDir())
		if err := os.CopyFS(string(content), os.DirFS(string(b.Root))); err != nil {
			t.Fatal(err)
		}
		kernel := &fake{bound: map[string]string{}, left: cut}
		b.System = kernel
		b.All(binds)
		if kernel.left > 0 {
			if cut < 6 {
				t.Errorf("only %d cuts", cut)
			}
			return
		}
		for _, path := range []string{"/etc/one", "/var/lib/outer"} {
			want, _ := os.ReadDir(content.Path(path))
			got, err := os.ReadDir(b.State.Source(path))
			if err == nil && len(got) != len(want) {
				t.Errorf("cut at %d: %s has %d entries of %d", cut, path, len(got), len(want))
			}
		}
		b.Root, b.System = content, &fake{bound: map[string]string{}}
		if problems := b.All(binds); len(problems) > 0 {
			t.Errorf("cut at %d: the next boot has %v", cut, problems)
		}
	}
}

func TestFaults(t *testing.T) {
	wrong := func(edit func(b *Binder)) []string {
		b := device(t)
		edit(b)
		var told []string
		for _, p := range b.All(append(slices.Clone(binds), declare.Bind{Path: "/etc/one/a", Kind: declare.Directory, Partition: declare.State})) {
			told = append(told, p.Pointer+" "+p.Reason)
		}
		return told
	}
	tests := []struct {
		name string
		edit func(b *Binder)
		want []string // besides the bad declaration
	}{
		{"none", func(*Binder) {}, nil},
		{"no state partition", func(b *Binder) { b.State = "" }, nil},
		{"no data partition", func(b *Binder) { b.Data = "" }, []string{"/var/lib/outer/inner " + ErrNoPlace.Error(), "/var/log/journal " + ErrNoPlace.Error()}},
		{"a file in place of a directory", func(b *Binder) {
			must(t, os.MkdirAll(b.State.Source("/etc"), 0o755))
			must(t, os.WriteFile(b.State.Source("/etc/one"), nil, 0o600))
		}, []string{"/etc/one " + "%S" + " is no directory and was moved"}},
		{"no folder can be made", func(b *Binder) {
			must(t, os.Mkdir(b.State.Overlay(), 0o755))
			must(t, os.WriteFile(b.State.Source("/etc"), nil, 0o600))
		}, []string{"/etc/id kept in memory only", "/etc/one kept in memory only"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := wrong(test.edit)
			want := append(slices.Clone(test.want), "/etc/one/a "+ErrTarget.Error())
			if len(got) != len(want) {
				t.Fatalf("problems are %q, want %q", got, want)
			}
			for _, w := range want {
				before, after, _ := strings.Cut(w, "%S")
				if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, before) && strings.Contains(g, after) }) {
					t.Errorf("problems are %q, want %q", got, w)
				}
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
