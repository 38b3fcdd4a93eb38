package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"resinos.io/shared/casync"
)

// dictionaries measures how near chunks come to the patch of a whole image when
// each new one is compressed against one old chunk: the one at the same place in
// the order of chunks, which is nearly always the older version of the same file.
func (b *bench) dictionaries(ctx context.Context) error {
	for _, name := range []string{"release", "hotfix"} {
		plain, with, err := b.dictionary(ctx, name)
		if err != nil {
			return err
		}
		patch, memory, err := b.patch(ctx, name)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s, MB to download: plain chunks %.2f, each against its best old chunk %.2f, zstd --patch-from %.2f (which takes %.0f MiB to decode); against the patch %.2f and %.2f\n",
			name, float64(plain)/1e6, float64(with)/1e6, float64(patch)/1e6, memory, float64(plain)/float64(patch), float64(with)/float64(patch))
	}
	return nil
}

// candidates is how many old chunks around the expected one are tried.
const candidates = 5

func (b *bench) dictionary(ctx context.Context, name string) (plain, with int64, err error) {
	old, err := chunks(ctx, b.image("before"))
	if err != nil {
		return 0, 0, err
	}
	fresh, err := chunks(ctx, b.image(name))
	if err != nil {
		return 0, 0, err
	}
	place := map[casync.ID]int{}
	for i, chunk := range old.Chunks {
		place[chunk.ID] = i
	}
	before, err := os.Open(b.image("before"))
	if err != nil {
		return 0, 0, err
	}
	defer before.Close()
	after, err := os.Open(b.image(name))
	if err != nil {
		return 0, 0, err
	}
	defer after.Close()
	encoder, err := casync.NewEncoder()
	if err != nil {
		return 0, 0, err
	}
	expected := 0 // the old chunk that follows the last one that is known
	done := map[casync.ID]bool{}
	for _, chunk := range fresh.Chunks {
		if at, found := place[chunk.ID]; found {
			expected = at + 1
			continue
		}
		if done[chunk.ID] {
			continue
		}
		done[chunk.ID] = true
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		data := make([]byte, chunk.Size)
		if _, err := after.ReadAt(data, chunk.Start); err != nil {
			return 0, 0, err
		}
		size := int64(len(encoder.Encode(data)))
		plain += size
		best, at, err := nearest(data, before, old, expected, size)
		if err != nil {
			return 0, 0, err
		}
		with += best
		expected = at + 1
	}
	return plain, with, nil
}

// nearest tries the old chunks around expected as dictionaries, and returns the
// smallest size and which it was.
func nearest(data []byte, before *os.File, old *casync.Index, expected int, plain int64) (int64, int, error) {
	best, where := plain, expected
	for i := max(0, expected-candidates/2); i < min(len(old.Chunks), expected+candidates/2+1); i++ {
		content := make([]byte, old.Chunks[i].Size)
		if _, err := before.ReadAt(content, old.Chunks[i].Start); err != nil {
			return 0, 0, err
		}
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(casync.MaxChunk), zstd.WithEncoderDictRaw(1, content))
		if err != nil {
			return 0, 0, err
		}
		if size := int64(len(encoder.EncodeAll(data, nil))); size < best {
			best, where = size, i
		}
		encoder.Close()
	}
	return best, where, nil
}

func chunks(ctx context.Context, image string) (*casync.Index, error) {
	file, err := os.Open(image)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return casync.Make(ctx, file, casync.DefaultSizes(), func(casync.ID, []byte) error { return nil })
}

// patch returns the size of the patch of the whole image, and how many MiB it
// takes to apply it.
func (b *bench) patch(ctx context.Context, name string) (int64, float64, error) {
	out := b.path(name + ".patch")
	if err := b.command(ctx, "zstd", "-q", "-f", "-3", "--long=31", "--patch-from="+b.image("before"), b.image(name), "-o", out); err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(out)
	if err != nil {
		return 0, 0, err
	}
	command := exec.CommandContext(ctx, "bash", "-c", `zstd -q -d --long=31 --patch-from="$1" "$2" -c >/dev/null & pid=$!
while grep VmHWM /proc/$pid/status 2>/dev/null; do sleep 0.02; done; wait $pid`, "patch", b.image("before"), out)
	peaks, err := command.Output()
	if err != nil {
		return 0, 0, fmt.Errorf("cannot apply %s: %w", filepath.Base(out), err)
	}
	var memory float64
	for _, match := range regexp.MustCompile(`(\d+) kB`).FindAllSubmatch(bytes.TrimSpace(peaks), -1) {
		if kib, err := strconv.ParseFloat(string(match[1]), 64); err == nil {
			memory = max(memory, kib/1024)
		}
	}
	return info.Size(), memory, nil
}
