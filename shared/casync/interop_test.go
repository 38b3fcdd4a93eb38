package casync

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A peer is another program of the format.
type peer struct {
	name, program string
	extract       func(index, store, out string) []string
	make          func(index, store, in string) []string
}

func peers() []peer {
	return []peer{
		{
			"casync", "casync",
			func(index, store, out string) []string { return []string{"extract", "--store=" + store, index, out} },
			func(index, store, in string) []string { return []string{"make", "--store=" + store, index, in} },
		},
		{
			"desync", "../../build/tools/desync",
			func(index, store, out string) []string { return []string{"extract", "-s", store, index, out} },
			func(index, store, in string) []string { return []string{"make", "-s", store, index, in} },
		},
	}
}

func (p peer) run(t *testing.T, args []string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), p.program, args...)
	command.Env = append(os.Environ(), "CASYNC_PROTOCOL_PATH=/usr/lib/casync/protocols")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", p.name, args, err, out)
	}
}

// TestPeersRead extracts what this package makes with casync and desync.
func TestPeersRead(t *testing.T) {
	data := sample(9, 9_000_000)
	for _, peer := range peers() {
		t.Run(peer.name, func(t *testing.T) {
			dir := t.TempDir()
			index, out := filepath.Join(dir, "a.caibx"), filepath.Join(dir, "out")
			store := filepath.Join(dir, "store.castr")
			writeStore(t, data, index, store)
			peer.run(t, peer.extract(index, store, out))
			if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%v, %d bytes instead of %d, or others", err, len(got), len(data))
			}
		})
	}
}

func writeStore(t *testing.T, data []byte, name, store string) {
	t.Helper()
	index, chunks := made(t, data, DefaultSizes())
	encoder, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	for id, chunk := range chunks {
		path := filepath.Join(store, Path(id))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, encoder.Encode(chunk), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := index.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadPeers reads what casync and desync make, and compares: the same bytes,
// cut at the same places, are the same index.
func TestReadPeers(t *testing.T) {
	data := sample(10, 9_000_000)
	ours, _ := made(t, data, DefaultSizes())
	want, _ := ours.Bytes()
	for _, peer := range peers() {
		t.Run(peer.name, func(t *testing.T) {
			dir := t.TempDir()
			in, index, store := filepath.Join(dir, "in"), filepath.Join(dir, "a.caibx"), filepath.Join(dir, "store.castr")
			if err := os.MkdirAll(store, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(in, data, 0o644); err != nil {
				t.Fatal(err)
			}
			peer.run(t, peer.make(index, store, in))
			file, err := os.ReadFile(index)
			if err != nil {
				t.Fatal(err)
			}
			if flags := 24; len(file) != len(want) || !bytes.Equal(file[flags:], want[flags:]) {
				t.Error("the index is not ours, byte for byte after the flags")
			}
			if got := assemble(t, file, store); !bytes.Equal(got, data) {
				t.Error("the image is not what was put in")
			}
		})
	}
}

func assemble(t *testing.T, file []byte, store string) (whole []byte) {
	t.Helper()
	index, err := ReadIndex(bytes.NewReader(file), 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	for _, chunk := range index.Chunks {
		compressed, err := os.ReadFile(filepath.Join(store, Path(chunk.ID)))
		if err != nil {
			t.Fatal(err)
		}
		data, err := decoder.Decode(nil, compressed, chunk)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, data...)
	}
	return whole
}
