package declare

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"resinos.io/shared/layout"
)

func TestParse(t *testing.T) {
	text := `# one component
[Bind]
Path=/var/lib/chrony
Owner=_chrony:_chrony
Mode=0750

; and a file
[Bind]
 Path = /etc/machine-id
Type=file
Keep=.
[Bind]
Path=/var/log/journal
Partition=data
Mode=2755
`
	got, problems := Parse("/usr/lib/state-binder.d/x.conf", text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []Bind{
		{Component: "x", Path: "/var/lib/chrony", Kind: Directory, Partition: State, Owner: "_chrony:_chrony", Mode: 0o750, Place: "/usr/lib/state-binder.d/x.conf:2"},
		{Component: "x", Path: "/etc/machine-id", Kind: File, Partition: State, Keep: []string{"."}, Place: "/usr/lib/state-binder.d/x.conf:8"},
		{Component: "x", Path: "/var/log/journal", Kind: Directory, Partition: Data, Mode: 0o2755, Place: "/usr/lib/state-binder.d/x.conf:12"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestParseFaults holds each fault against the line and the words that tell it.
// The good section behind it is always there.
func TestParseFaults(t *testing.T) {
	tests := []struct{ text, at, says string }{
		{"Path=/etc/x", ":1", "not [Bind]"},
		{"[Mount]\nPath=/etc/x", ":1", "not [Bind]"},
		{"[Bind]", ":1", "Path= is missing"},
		{"[Bind]\nPath=/etc/x\nhello", ":3", "KEY=VALUE"},
		{"[Bind]\nPath=/etc/x\nPath=/etc/y", ":3", "twice"},
		{"[Bind]\nPath=", ":2", "no value"},
		{"[Bind]\nPath=/etc/x\nColour=red", ":3", "there are Path"},
		{"[Bind]\nPath=etc/x", ":2", "absolute"},
		{"[Bind]\nPath=/", ":2", "absolute"},
		{"[Bind]\nPath=/etc/../usr", ":2", "absolute"},
		{"[Bind]\nPath=/etc/x/", ":2", "absolute"},
		{"[Bind]\nPath=/etc/x\x07y", ":2", "control"},
		{"[Bind]\nPath=/mnt/boot/x", ":2", "not part of the root"},
		{"[Bind]\nPath=/etc", ":2", "would not start"},
		{"[Bind]\nPath=/etc/x\nType=link", ":3", "directory or file"},
		{"[Bind]\nPath=/etc/x\nPartition=boot", ":3", "state or data"},
		{"[Bind]\nPath=/etc/x\nMode=rwx", ":3", "octal"},
		{"[Bind]\nPath=/etc/x\nMode=99", ":3", "octal"},
		{"[Bind]\nPath=/etc/x\nMode=0000", ":3", "octal"},
		{"[Bind]\nPath=/etc/x\nMode=17777", ":3", "octal"},
		{"[Bind]\nPath=/etc/x\nOwner=:root", ":3", "USER"},
		{"[Bind]\nPath=/etc/x\nOwner=a:b:c", ":3", "USER"},
		{"[Bind]\nPath=/etc/x\nKeep=../y", ":3", "relative"},
		{"[Bind]\nPath=/etc/x\nKeep=/y", ":3", "relative"},
	}
	for _, test := range tests {
		binds, problems := Parse("f.conf", test.text+"\n[Bind]\nPath=/var/good\n")
		if len(binds) != 1 || binds[0].Path != "/var/good" {
			t.Errorf("%q: binds are %+v", test.text, binds)
		}
		if len(problems) != 1 || problems[0].Pointer != "f.conf"+test.at || !strings.Contains(problems[0].Reason, test.says) {
			t.Errorf("%q: problems are %v, want %s and %q", test.text, problems, test.at, test.says)
		}
	}
}

// FuzzParse promises that what is taken is safe to be bound, whatever the text.
func FuzzParse(f *testing.F) {
	f.Add("[Bind]\nPath=/etc/x\nOwner=root\nMode=0700\nKeep=a b\n")
	f.Add("[Bind]\nPath=/var/lib/../../etc\n[Bind]\n=\n")
	f.Add("[Bind\nPath=/proc/1\r\n[Bind]\r\nPath=/etc/y\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		binds, problems := Parse("f.conf", text)
		for _, b := range binds {
			if checkPath(b.Path) != nil || b.Mode > 0o7777 || b.Kind != Directory && b.Kind != File || b.Partition != State && b.Partition != Data {
				t.Errorf("taken: %+v", b)
			}
			for _, keep := range b.Keep {
				if !filepath.IsLocal(keep) {
					t.Errorf("kept: %q", keep)
				}
			}
		}
		for _, p := range problems {
			if !strings.HasPrefix(p.Pointer, "f.conf:") || p.Reason == "" {
				t.Errorf("a problem without a place: %+v", p)
			}
		}
		if headings := strings.Count("\n"+text, "\n[Bind]\n"); len(binds)+len(problems) < headings {
			t.Errorf("%d sections, %d binds and %d problems", headings, len(binds), len(problems))
		}
	})
}

func TestLoad(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("usr/lib/state-binder.d/a.conf", "[Bind]\nPath=/var/lib/a/deep\n[Bind]\nPath=/var/lib/a\n")
	put("usr/lib/state-binder.d/b.conf", "[Bind]\nPath=/var/lib/b\n")
	put("usr/lib/state-binder.d/c.conf", "[Bind]\nPath=/var/lib/c\n")
	put("usr/lib/state-binder.d/d.conf", "[Bind]\nPath=/var/lib/d\n")
	put("usr/lib/state-binder.d/README", "not a declaration")
	put("usr/lib/state-binder.d/z.conf", "[Bind]\nPath=/var/lib/a\n")
	put("usr/lib/state-binder.d/dir.conf/x", "")
	put("usr/lib/state-binder.d/large.conf", strings.Repeat("#", maxSize+1))
	put("etc/state-binder.d/b.conf", "[Bind]\nPath=/srv/b\n")
	put("etc/state-binder.d/c.conf", "")
	if err := os.Symlink("/dev/null", filepath.Join(root, "etc/state-binder.d/d.conf")); err != nil {
		t.Fatal(err)
	}
	binds, problems := Load(layout.Root(root))
	var paths []string
	for _, b := range binds {
		paths = append(paths, b.Component+" "+b.Path)
	}
	if got := strings.Join(paths, ", "); got != "b /srv/b, a /var/lib/a, a /var/lib/a/deep" {
		t.Errorf("binds are %s", got)
	}
	var told []string
	for _, p := range problems {
		told = append(told, p.Pointer+" "+p.Reason)
	}
	for i, want := range []string{
		"/usr/lib/state-binder.d/dir.conf it is no regular file",
		"/usr/lib/state-binder.d/large.conf it is larger",
		"/usr/lib/state-binder.d/z.conf:1 /var/lib/a is declared in /usr/lib/state-binder.d/a.conf:3 already",
	} {
		if len(told) != 3 || !strings.HasPrefix(told[i], want) {
			t.Errorf("problems are %q, want %q", told, want)
		}
	}
	if none, problems := Load(layout.Root(t.TempDir())); len(none)+len(problems) > 0 {
		t.Errorf("without declarations: %v, %v", none, problems)
	}
}
