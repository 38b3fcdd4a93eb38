package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"golang.org/x/sys/unix"
)

// errOther is wrapped when what was read back is not the image.
var errOther = fmt.Errorf("%w: the slot reads back as something else", ErrContent)

// A readBack reads the image from the device itself, not from what the kernel
// remembers of it, and hashes it, while later parts are still being written: the
// one waits for the network and the other for the device.
type readBack struct {
	target *slot
	hash   hash.Hash
	buffer []byte
	at     int64 // up to here it was read
}

func newReadBack(target *slot) *readBack {
	return &readBack{target: target, hash: sha256.New(), buffer: target.buffers[block:]}
}

// follow reads behind what comes from written, the places up to which the writer
// has come, until that is closed.
func (b *readBack) follow(ctx context.Context, written <-chan int64) error {
	for place := range written {
		if err := b.upTo(ctx, place); err != nil {
			return err
		}
	}
	return nil
}

// upTo reads on up to end.
func (b *readBack) upTo(ctx context.Context, end int64) error {
	for b.at < end && ctx.Err() == nil {
		part := b.buffer[:min(block, end-b.at)]
		n, err := b.read(part)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return fmt.Errorf("cannot read the slot back: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		b.hash.Write(part[:n])
		b.at += int64(n)
	}
	return ctx.Err()
}

func (b *readBack) read(part []byte) (int, error) {
	from := b.target.way(len(part))
	if from == b.target.File {
		// Without it the read would only show what was meant to be written.
		if err := unix.Fadvise(int(from.Fd()), b.at, int64(len(part)), unix.FADV_DONTNEED); err != nil {
			return 0, err
		}
	}
	return from.ReadAt(part, b.at)
}

// is says whether what was read is what has the hash want.
func (b *readBack) is(want string) error {
	if got := hex.EncodeToString(b.hash.Sum(nil)); got != want {
		return fmt.Errorf("%w: its hash is %.12s…, the manifest's %.12s…", errOther, got, want)
	}
	return nil
}
