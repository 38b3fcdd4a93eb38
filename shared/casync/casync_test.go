package casync

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"
)

// sample is n bytes that compress to about half, with stretches of zeros.
func sample(seed int64, n int) []byte {
	random := rand.New(rand.NewSource(seed))
	data := make([]byte, n)
	for at := 0; at < n; {
		size := min(random.Intn(100_000)+1, n-at)
		if random.Intn(3) > 0 {
			random.Read(data[at : at+size])
		}
		at += size
	}
	return data
}

func made(t testing.TB, data []byte, sizes Sizes) (*Index, map[ID][]byte) {
	t.Helper()
	chunks := map[ID][]byte{}
	index, err := Make(context.Background(), bytes.NewReader(data), sizes, func(id ID, data []byte) error {
		chunks[id] = bytes.Clone(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return index, chunks
}

func TestMakeIsWhole(t *testing.T) {
	data := sample(1, 5_000_000)
	for _, n := range []int{0, 1, 16 << 10, 16<<10 + 1, 256 << 10, 256<<10 + 1, 600_000, len(data)} {
		index, chunks := made(t, data[:n], DefaultSizes())
		var whole []byte
		for i, chunk := range index.Chunks {
			if chunk.Start != int64(len(whole)) || (chunk.Size < 16<<10 && i < len(index.Chunks)-1) || chunk.Size > 256<<10 {
				t.Errorf("%d bytes: chunk %d is at %d with %d bytes", n, i, chunk.Start, chunk.Size)
			}
			whole = append(whole, chunks[chunk.ID]...)
		}
		if !bytes.Equal(whole, data[:n]) || index.Size() != int64(n) {
			t.Errorf("%d bytes: the chunks are not the image", n)
		}
	}
}

// TestCutsDoNotDependOnReads: a pipe gives what it has.
func TestCutsDoNotDependOnReads(t *testing.T) {
	data := sample(2, 700_000)
	want, _ := made(t, data, DefaultSizes())
	got, err := Make(context.Background(), iotest.OneByteReader(bytes.NewReader(data)), DefaultSizes(), func(ID, []byte) error { return nil })
	if err != nil || len(got.Chunks) != len(want.Chunks) || got.Chunks[2] != want.Chunks[2] {
		t.Errorf("%v: %v instead of %v", err, got, want)
	}
}

// TestInsertionMovesFewCuts is what all this is for.
func TestInsertionMovesFewCuts(t *testing.T) {
	random := rand.New(rand.NewSource(3))
	data := make([]byte, 8<<20)
	random.Read(data)
	_, before := made(t, data, DefaultSizes())
	index, _ := made(t, append(append(bytes.Clone(data[:3<<20]), "inserted"...), data[3<<20:]...), DefaultSizes())
	fresh := 0
	for _, chunk := range index.Chunks {
		if before[chunk.ID] == nil {
			fresh++
		}
	}
	if fresh == 0 || fresh > 6 {
		t.Errorf("%d of %d chunks are new after an insertion", fresh, len(index.Chunks))
	}
}

func TestMakeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	broken := errors.New("broken")
	keep := func(ID, []byte) error { return nil }
	if _, err := Make(ctx, iotest.ErrReader(broken), DefaultSizes(), keep); !errors.Is(err, broken) {
		t.Errorf("an error of the reader: %v", err)
	}
	full := func(ID, []byte) error { return broken }
	if _, err := Make(ctx, strings.NewReader("x"), DefaultSizes(), full); !errors.Is(err, broken) {
		t.Errorf("an error of the store: %v", err)
	}
	cancel()
	if _, err := Make(ctx, strings.NewReader("x"), DefaultSizes(), keep); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, sizes := range []Sizes{{}, {47, 64, 128}, {64, 63, 128}, {64, 128, 127}, {64, 64, MaxChunk + 1}} {
		if _, err := NewChunker(nil, sizes); !errors.Is(err, ErrSizes) {
			t.Errorf("%v: %v", sizes, err)
		}
	}
}

func TestIndexRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 3_000_000} {
		want, _ := made(t, sample(4, n), DefaultSizes())
		file, err := want.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadIndex(bytes.NewReader(file), int64(n))
		if err != nil {
			t.Fatal(err)
		}
		again, err := got.Bytes()
		if err != nil || !bytes.Equal(again, file) {
			t.Errorf("%d bytes: %v, not the same index", n, err)
		}
	}
}

// TestReadIndexRefuses changes one word or the length of a good index.
func TestReadIndexRefuses(t *testing.T) {
	index, _ := made(t, sample(5, 2_000_000), DefaultSizes())
	good, _ := index.Bytes()
	set := func(at int, value uint64) []byte {
		file := bytes.Clone(good)
		if at < 0 {
			at += len(file)
		}
		binary.LittleEndian.PutUint64(file[at:], value)
		return file
	}
	for name, file := range map[string][]byte{
		"empty": nil, "cut in head": good[:20], "cut in table": good[:200], "no tail": good[:len(good)-40], "more": append(bytes.Clone(good), 0),
		"head size": set(0, 49), "type": set(8, typeTable), "SHA-256": set(16, 0), "flags": set(16, flagSHA512256|1),
		"minimum": set(24, 0), "huge maximum": set(40, math.MaxUint64), "table size": set(48, 5), "table type": set(56, 1),
		"first chunk too large": set(64, 1<<30), "backwards": set(104, 1), "overflow": set(104, math.MaxUint64), "a short one": set(64, 10),
		"padding": set(-32, 1), "index offset": set(-24, 47), "tail size": set(-16, 3), "marker": set(-8, 0), "ends early": set(104, 0),
	} {
		if _, err := ReadIndex(bytes.NewReader(file), 2_000_000); !errors.Is(err, ErrIndex) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadIndex(bytes.NewReader(good), 1_999_999); !errors.Is(err, ErrIndex) {
		t.Errorf("larger than allowed: %v", err)
	}
	broken := errors.New("broken")
	if _, err := ReadIndex(io.MultiReader(bytes.NewReader(good), iotest.ErrReader(broken)), 2_000_000); !errors.Is(err, broken) || errors.Is(err, ErrIndex) {
		t.Errorf("a broken link is no bad index: %v", err)
	}
}

func TestWriteIndexRefuses(t *testing.T) {
	for name, index := range map[string]*Index{
		"sizes": {}, "gap": {DefaultSizes(), []Chunk{{Start: 1, Size: 5}}}, "empty": {DefaultSizes(), []Chunk{{}}}, "large": {DefaultSizes(), []Chunk{{Size: 1 << 20}}},
	} {
		if _, err := index.Bytes(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestDecode(t *testing.T) {
	encoder, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	data := sample(6, 200_000)
	chunk := Chunk{ID: Sum(data), Size: uint32(len(data))}
	file := encoder.Encode(data)
	if int64(len(file)) > MaxCompressed(chunk.Size) {
		t.Errorf("%d bytes are more than the bound %d", len(file), MaxCompressed(chunk.Size))
	}
	buffer := make([]byte, 300_000)
	got, err := decoder.Decode(buffer, file, chunk)
	if err != nil || !bytes.Equal(got, data) || &got[0] != &buffer[0] {
		t.Errorf("not in the buffer, or %v", err)
	}
	bomb := encoder.Encode(make([]byte, 64<<20))
	other := Chunk{ID: Sum(data[1:]), Size: chunk.Size}
	for name, try := range map[string]struct {
		file  []byte
		chunk Chunk
	}{
		"empty": {nil, chunk}, "cut": {file[:len(file)-1], chunk}, "no zstd": {data, chunk}, "bomb": {bomb, chunk}, "another": {file, other},
		"longer": {file, Chunk{chunk.ID, 0, chunk.Size - 1}}, "shorter": {file, Chunk{chunk.ID, 0, chunk.Size + 1}}, "size": {file, Chunk{chunk.ID, 0, MaxChunk + 1}},
	} {
		if _, err := decoder.Decode(nil, try.file, try.chunk); !errors.Is(err, ErrChunk) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := testing.AllocsPerRun(1, func() { decoder.Decode(buffer, bomb, chunk) }); n > 100 {
		t.Errorf("%v allocations for a bomb", n)
	}
}

func TestParseID(t *testing.T) {
	id := Sum([]byte("x"))
	if got, err := ParseID(id.String()); err != nil || got != id {
		t.Errorf("%v: %v", got, err)
	}
	for _, bad := range []string{"", "12", strings.ToUpper(id.String()), id.String() + "00", strings.Repeat("x", 64)} {
		if _, err := ParseID(bad); !errors.Is(err, ErrChunk) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if path := Path(id); len(path) != 5+64+6 || path[:5] != id.String()[:4]+"/" {
		t.Errorf("path %s", path)
	}
}
