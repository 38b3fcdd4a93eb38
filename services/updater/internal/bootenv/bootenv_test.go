package bootenv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func grub(t *testing.T) GRUB {
	t.Helper()
	dir := t.TempDir()
	return GRUB{Path: filepath.Join(dir, "grubenv"), Good: filepath.Join(dir, "grubenv.good")}
}

// ubootPair returns an environment of two copies in one file, as on a device that
// has it before the first partition.
func ubootPair(t *testing.T) UBoot {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk")
	u := UBoot{Copies: [2]Area{{path, 512, 4096}, {path, 8192, 4096}}}
	block, err := formatUBoot(State{A, A, Proven, None}, copyOf{variables: []variable{{"bootargs", "quiet"}}, size: 4096})
	if err != nil {
		t.Fatal(err)
	}
	disk := make([]byte, 20000)
	for _, area := range u.Copies {
		copy(disk[area.Offset:], block)
	}
	if err := os.WriteFile(path, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

func uenv(t *testing.T) UEnv {
	t.Helper()
	u := uenvOf(t.TempDir())
	if err := os.WriteFile(u.Path, []byte("resin_root_part=2\nupgrade_available=0\nextra=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

// loaders returns one of each, with slot A proven.
func loaders(t *testing.T) map[string]Loader {
	t.Helper()
	g := grub(t)
	if err := g.Store(states[0]); err != nil { // also where there is no file yet
		t.Fatal(err)
	}
	return map[string]Loader{"grub": g, "u-boot": ubootPair(t), "u-boot-uenv": uenv(t)}
}

var states = []State{
	{A, A, Proven, None}, {B, A, Tries, None}, {B, A, 1, None}, {B, A, 0, None}, {A, A, Proven, B}, {B, B, Proven, None},
}

func TestRoundTrip(t *testing.T) {
	for name, loader := range loaders(t) {
		for _, want := range states {
			if err := loader.Store(want); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := loader.Load(); err != nil || got != want {
				t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
			}
		}
	}
}

// TestOneSectorDecides tears each write after its first sector, and before it.
func TestOneSectorDecides(t *testing.T) {
	g := grub(t)
	old, next := states[0], states[1]
	foreign := variable{"owner", strings.Repeat("x", 600)}
	before, err := format(old, []variable{foreign})
	if err != nil {
		t.Fatal(err)
	}
	after, err := format(next, []variable{foreign})
	if err != nil {
		t.Fatal(err)
	}
	for want, block := range map[State][]byte{next: append(bytes.Clone(after[:decisive]), before[decisive:]...), old: append(bytes.Clone(before[:decisive]), after[decisive:]...)} {
		if err := os.WriteFile(g.Path, block, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := g.Load(); err != nil || got != want {
			t.Errorf("torn: got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestForeignVariablesStay(t *testing.T) {
	g := grub(t)
	block, err := format(states[0], []variable{{"saved_entry", "x=y"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.Path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.Store(states[1]); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(g.Path)
	if err != nil || len(content) != blockSize || !bytes.Contains(content, []byte("saved_entry=x=y\n")) {
		t.Errorf("the block is %q, %v", content, err)
	}
}

func TestGoodFollowsOnlyProvenStates(t *testing.T) {
	g := grub(t)
	for _, s := range []State{states[0], states[1]} {
		if err := g.Store(s); err != nil {
			t.Fatal(err)
		}
	}
	if good, err := (GRUB{Path: g.Good}).Load(); err != nil || good != states[0] {
		t.Errorf("grubenv.good has %+v, %v", good, err)
	}
}

func TestUnreadable(t *testing.T) {
	g := grub(t)
	for name, content := range map[string][]byte{
		"empty": {}, "short": make([]byte, 100), "zeros": make([]byte, blockSize),
		"no slot": []byte(signature + strings.Repeat("#", blockSize-len(signature))),
		"slot C":  []byte(signature + "slot=C\n" + strings.Repeat("#", blockSize-len(signature)-7)),
	} {
		if err := os.WriteFile(g.Path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Load(); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v, want ErrUnreadable", name, err)
		}
		if err := g.Store(states[0]); err != nil {
			t.Errorf("%s is not mended: %v", name, err)
		}
	}
	if err := os.Remove(g.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Load(); !errors.Is(err, ErrUnreadable) {
		t.Errorf("no file: %v", err)
	}
}

// TestUBootTornWrite damages the copy that was written last at every byte.
func TestUBootTornWrite(t *testing.T) {
	u := ubootPair(t)
	if err := u.Store(states[1]); err != nil {
		t.Fatal(err)
	}
	_, stale, err := u.newest()
	if err != nil {
		t.Fatal(err)
	}
	written := u.Copies[1-stale]
	whole, err := os.ReadFile(written.Path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < int(written.Size); at += 61 {
		torn := bytes.Clone(whole)
		for i := at; i < int(written.Size); i++ {
			torn[int(written.Offset)+i] ^= 0xff
		}
		if err := os.WriteFile(written.Path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := u.Load(); err != nil || got != states[0] {
			t.Fatalf("torn at %d: %+v, %v", at, got, err)
		}
	}
}

func TestUBootCounterWraps(t *testing.T) {
	u := ubootPair(t)
	for i := range 600 {
		if err := u.Store(states[i%2]); err != nil {
			t.Fatal(err)
		}
		if got, err := u.Load(); err != nil || got != states[i%2] {
			t.Fatalf("write %d: %+v, %v", i, got, err)
		}
	}
}

func FuzzBlock(f *testing.F) {
	for _, s := range states {
		block, err := format(s, []variable{{"a", "b"}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(block)
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		variables, err := parseBlock(block)
		if err != nil {
			return
		}
		s, err := stateOf(variables)
		if err != nil {
			return
		}
		again, err := format(s, variables)
		if err != nil {
			return // foreign variables fill it
		}
		back, err := parseBlock(again)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := stateOf(back); err != nil || got != s {
			t.Fatalf("%+v became %+v, %v", s, got, err)
		}
	})
}

func FuzzUBoot(f *testing.F) {
	f.Add([]byte("slot=A\x00good=A\x00\x00"), byte(1))
	f.Fuzz(func(t *testing.T, body []byte, counter byte) {
		data := append(make([]byte, 4), counter)
		data = append(data, body...)
		binary.LittleEndian.PutUint32(data, crc32.ChecksumIEEE(body))
		variables, _, err := parseUBoot(data)
		if err != nil {
			return
		}
		_, _ = stateOf(variables) // must not panic
	})
}
