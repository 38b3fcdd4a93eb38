package seeds

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/layout"
)

const cable = "[connection]\ntype=ethernet\n"

// place is a device in a directory.
type place struct {
	*testing.T
	root  string
	store *Store
}

func newPlace(t *testing.T) *place {
	p := &place{T: t, root: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(p.root, "mnt/boot/system-connections"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.restart()
	return p
}

func (p *place) restart() { p.store = New(layout.Root(p.root), filepath.Join(p.root, "state")) }

func (p *place) boot(name, content string) {
	p.Helper()
	path := filepath.Join(p.root, "mnt/boot/system-connections", name)
	if content == "" {
		if err := os.Remove(path); err != nil {
			p.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p *place) device(name string) string { return filepath.Join(p.root, TargetFolder, name) }

func (p *place) scan() Plan {
	p.Helper()
	plan, err := p.store.Scan()
	if err != nil {
		p.Fatal(err)
	}
	return plan
}

// carry does everything there is to do, to the end.
func (p *place) carry() {
	p.Helper()
	plan := p.scan()
	if err := p.store.Begin(plan, Note{3, "/1"}); err != nil {
		p.Fatal(err)
	}
	if _, err := p.store.Carry(plan); err != nil {
		p.Fatal(err)
	}
	if err := p.store.Keep(plan); err != nil {
		p.Fatal(err)
	}
}

// want holds the seeds, as "file state", and the device's files against lists.
func (p *place) want(seeds, files string) {
	p.Helper()
	var got []string
	for _, s := range p.store.Seeds() {
		got = append(got, s.File+" "+s.State)
	}
	if g := strings.Join(got, ", "); g != seeds {
		p.Errorf("seeds are %q, want %q", g, seeds)
	}
	var have []string
	entries, _ := os.ReadDir(filepath.Join(p.root, TargetFolder))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasSuffix(e.Name(), ".nmconnection") && info.Mode() != 0o600 {
			p.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
		have = append(have, e.Name())
	}
	if h := strings.Join(have, ", "); h != files {
		p.Errorf("files are %q, want %q", h, files)
	}
}

func TestComeChangeGo(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.boot("home.nmconnection", cable)
	p.carry()
	p.want("home.nmconnection applied, office applied", "home.nmconnection, office.nmconnection")
	if plan := p.scan(); len(plan.Changes) > 0 {
		t.Errorf("nothing changed, and the plan is %+v", plan.Changes)
	}
	p.restart()
	if plan := p.scan(); len(plan.Changes) > 0 || len(plan.Connections) != 2 {
		t.Errorf("after a restart the plan is %+v", plan)
	}
	p.boot("office", cable+"autoconnect=false\n")
	p.boot("home.nmconnection", "")
	p.carry()
	p.want("office applied", "office.nmconnection")
	if text, _ := os.ReadFile(p.device("office.nmconnection")); !strings.Contains(string(text), "autoconnect=false") {
		t.Errorf("the device has\n%s", text)
	}
}

func TestIgnored(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"a.ignore", "A.IGNORE", "._office", ".hidden", "office~", "~$office", "README.md", "readme.txt", "Thumbs.db", "desktop.ini", ".office.swp", "a.tmp", "4913"} {
		p.boot(name, cable)
	}
	if err := os.MkdirAll(filepath.Join(p.root, "mnt/boot/system-connections/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.boot("sub/office", cable)
	p.carry()
	p.want("", "")
}

func TestRejected(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.carry()
	p.boot("office", "junk\n")
	plan := p.scan()
	if len(plan.Rejected) != 1 || !strings.Contains(plan.Rejected[0].Reason, "line 1") || len(plan.Changes) > 0 {
		t.Errorf("the plan is %+v", plan)
	}
	p.want("office invalid", "office.nmconnection")
	if plan := p.scan(); len(plan.Rejected) > 0 {
		t.Error("it is rejected twice")
	}
	p.restart()
	if plan := p.scan(); len(plan.Rejected) > 0 {
		t.Error("it is rejected again after a restart")
	}
	p.boot("office", cable)
	p.carry()
	p.want("office applied", "office.nmconnection")
}

func TestSameUUID(t *testing.T) {
	p := newPlace(t)
	const one = cable + "uuid=9a1c0b1e-3b1e-4e52-a9a3-3a4a4c0dfe10\n"
	p.boot("a", one)
	p.boot("b", one)
	p.carry()
	p.want("a applied, b invalid", "a.nmconnection")
	p.boot("a", "") // as when it is renamed: the same connection under another name
	p.boot("b", one+"#\n")
	p.carry()
	p.want("b applied", "b.nmconnection")
}

func TestDiverged(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.boot("home", cable)
	p.carry()
	if err := os.WriteFile(p.device("office.nmconnection"), []byte(cable+"id=mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.device("home.nmconnection")); err != nil {
		t.Fatal(err)
	}
	p.carry()
	p.want("home diverged, office diverged", "office.nmconnection")
	p.boot("office", cable+"autoconnect=false\n")
	p.boot("home", "")
	p.carry()
	p.want("office applied", "office.nmconnection")
	if err := os.WriteFile(p.device("office.nmconnection"), []byte(cable+"id=mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.boot("office", "")
	p.carry()
	p.want("", "office.nmconnection") // the device's own by now
}

// TestOwn has connections that were made on the device, with the names and the uuid
// of seeds.
func TestOwn(t *testing.T) {
	p := newPlace(t)
	if err := os.MkdirAll(filepath.Dir(p.device("x")), 0o700); err != nil {
		t.Fatal(err)
	}
	const own = cable + "uuid=9a1c0b1e-3b1e-4e52-a9a3-3a4a4c0dfe10\n"
	if err := os.WriteFile(p.device("office.nmconnection"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	p.boot("office", cable)
	p.boot("copy", own+"autoconnect=false\n")
	p.carry()
	if text, _ := os.ReadFile(p.device("office.nmconnection")); string(text) != own {
		t.Errorf("the device's own connection is\n%s", text)
	}
	seeds := p.store.Seeds()
	if len(seeds) != 2 || seeds[0].State != Diverged || seeds[1].State != Applied {
		t.Errorf("seeds are %+v", seeds)
	}
}

// TestLedgerLost finds what was carried again by its content.
func TestLedgerLost(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.carry()
	for _, damage := range []string{"", "{", "[]"} {
		if err := os.WriteFile(filepath.Join(p.root, "state/seeds.json"), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		p.restart()
		if plan := p.scan(); len(plan.Changes) > 0 {
			t.Errorf("with the ledger %q the plan is %+v", damage, plan.Changes)
		}
		p.want("office applied", "office.nmconnection")
	}
}

// TestCardAway has no folder at all, which removes nothing.
func TestCardAway(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.carry()
	folder := filepath.Join(p.root, "mnt/boot/system-connections")
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	p.restart()
	p.carry()
	p.want("office applied", "office.nmconnection")
}

func TestUndo(t *testing.T) {
	p := newPlace(t)
	p.boot("office", cable)
	p.boot("old", cable)
	p.carry()
	before, err := os.ReadFile(p.device("office.nmconnection"))
	if err != nil {
		t.Fatal(err)
	}
	p.boot("office", cable+"autoconnect=false\n")
	p.boot("new", cable)
	p.boot("old", "")
	plan := p.scan()
	if err := p.store.Begin(plan, Note{3, "/1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Carry(plan); err != nil {
		t.Fatal(err)
	}
	p.want("new applied, office applied", "new.nmconnection, office.nmconnection")
	p.restart() // the power was cut
	again, note, found, err := p.store.Interrupted()
	if err != nil || !found || note != (Note{3, "/1"}) || len(again.Changes) != len(plan.Changes) || !p.store.InPlace(again) {
		t.Fatalf("found %v, %v, %+v", found, err, again)
	}
	_, rejected, err := p.store.Undo("no network")
	if err != nil || len(rejected) != 3 {
		t.Fatalf("rejected %+v, %v", rejected, err)
	}
	p.want("new invalid, office invalid", "office.nmconnection, old.nmconnection")
	if text, _ := os.ReadFile(p.device("office.nmconnection")); string(text) != string(before) {
		t.Errorf("after the undo the device has\n%s", text)
	}
	if plan := p.scan(); len(plan.Changes)+len(plan.Rejected) > 0 {
		t.Errorf("it is tried again: %+v", plan)
	}
	if _, _, found, _ := p.store.Interrupted(); found {
		t.Error("what was undone is still to be undone")
	}
	p.boot("new", cable+"#\n")
	p.carry()
	p.want("new applied, office invalid", "new.nmconnection, office.nmconnection, old.nmconnection")
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"office", "a.nmconnection.txt", ".txt", "ü", "a\x01b", "\xff", strings.Repeat("a", 255), "..nmconnection"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || name == "." || name == ".." || len(name) > 255 || strings.ContainsAny(name, "/\x00") || ignored(name) {
			return
		}
		target := free(name, "9a1c0b1e-3b1e-4e52-a9a3-3a4a4c0dfe10", map[string]string{"office.nmconnection": ""})
		if len(target) > 255 || strings.ContainsAny(target, "/\x00\n") || strings.HasPrefix(target, ".") || !strings.HasSuffix(target, ".nmconnection") {
			t.Errorf("%q becomes %q", name, target)
		}
	})
}
