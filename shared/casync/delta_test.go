package casync

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edited is data with a change every few kilobytes, as in a rebuilt program.
func edited(data []byte) []byte {
	data = bytes.Clone(data)
	for at := 100; at < len(data); at += 5000 {
		data[at]++
	}
	return append(data[:3000:3000], data[2900:]...)
}

// delta returns the difference of two samples, and what it is made of.
func delta(t testing.TB) (base, data, file []byte, chunk Chunk) {
	t.Helper()
	base = sample(10, 150_000)
	data = edited(base)
	encoder, err := NewDeltaEncoder()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encoder.Encode(base, data); err != nil { // an encoder must forget what it had before
		t.Fatal(err)
	}
	if file, err = encoder.Encode(data, base); err != nil {
		t.Fatal(err)
	}
	return base, data, file, Chunk{ID: Sum(data), Size: uint32(len(data))}
}

func TestDelta(t *testing.T) {
	base, data, file, chunk := delta(t)
	if len(file) > len(data)/50 {
		t.Errorf("the difference has %d of %d bytes", len(file), len(data))
	}
	decoder, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	got, err := decoder.DecodeDelta(nil, file, base, chunk)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for name, wrong := range map[string][]byte{"another": data, "none": nil, "short": base[:len(base)-1]} {
		if _, err := decoder.DecodeDelta(nil, file, wrong, chunk); !errors.Is(err, ErrChunk) {
			t.Errorf("base %s: %v", name, err)
		}
	}
	if _, err := decoder.Decode(nil, file, chunk); !errors.Is(err, ErrChunk) {
		t.Errorf("the base is still known: %v", err)
	}
	encoder, _ := NewEncoder()
	if got, err := decoder.Decode(nil, encoder.Encode(data), chunk); err != nil || !bytes.Equal(got, data) {
		t.Errorf("a plain chunk afterwards: %v", err)
	}
	if path := DeltaPath(chunk.ID, Sum(base)); !strings.HasPrefix(path, Path(chunk.ID)+".from-") || len(filepath.Base(path)) > 200 {
		t.Errorf("path %s", path)
	}
}

// TestZstdReadsDeltas has the program of zstd's authors read one.
func TestZstdReadsDeltas(t *testing.T) {
	base, data, file, _ := delta(t)
	dir := t.TempDir()
	for name, content := range map[string][]byte{"base": base, "delta": file} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "zstd", "-d", "-c", "-D", "base", "delta")
	command.Dir = dir
	if got, err := command.Output(); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func someDeltas() []Delta {
	deltas := []Delta{{Sum([]byte("a")), Sum([]byte("b")), 5}, {Sum([]byte("a")), Sum([]byte("c")), 6}, {Sum([]byte("d")), Sum([]byte("a")), 1 << 20}}
	slices.SortFunc(deltas, Delta.Compare)
	return deltas
}

func TestDeltaTable(t *testing.T) {
	deltas := someDeltas()
	file := DeltaTable(deltas)
	if got, err := ReadDeltas(file); err != nil || !slices.Equal(got, deltas) || int64(len(file)) != DeltaTableSize(3) {
		t.Errorf("%d bytes, %v: %v", len(file), got, err)
	}
	if got, err := ReadDeltas(DeltaTable(nil)); err != nil || len(got) != 0 {
		t.Errorf("an empty one: %v, %v", got, err)
	}
	size := func(value uint32) []byte {
		changed := bytes.Clone(file)
		binary.LittleEndian.PutUint32(changed[len(file)-4:], value)
		return changed
	}
	for name, file := range map[string][]byte{
		"empty": nil, "cut": file[:len(file)-1], "another": []byte("no table"), "nothing": size(0), "huge": size(1 << 31),
		"out of order": DeltaTable([]Delta{deltas[1], deltas[0]}), "twice": DeltaTable([]Delta{deltas[1], deltas[1]}),
	} {
		if _, err := ReadDeltas(file); !errors.Is(err, ErrDeltas) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadDeltas(f *testing.F) {
	f.Add(DeltaTable(nil))
	f.Add(DeltaTable(someDeltas()))
	f.Fuzz(func(t *testing.T, file []byte) {
		deltas, err := ReadDeltas(file)
		if err != nil && !errors.Is(err, ErrDeltas) {
			t.Fatalf("an error without a name: %v", err)
		}
		if err == nil && !bytes.Equal(DeltaTable(deltas), file) {
			t.Fatal("what was accepted is not what is written")
		}
	})
}

func FuzzDecodeDelta(f *testing.F) {
	base, data, file, chunk := delta(f)
	decoder, err := NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := decoder.DecodeDelta(nil, file, base, chunk)
		if err == nil && !bytes.Equal(got, data) || err != nil && !errors.Is(err, ErrChunk) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}
