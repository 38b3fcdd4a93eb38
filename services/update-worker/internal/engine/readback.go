package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// distance is how far the reading back stays behind the writing, in bytes: what
// the kernel was asked to write by then is mostly on the device.
const distance = 3 * flushEvery

// settled asks the kernel to write a range and waits until that is done.
const settled = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER

// errOther is wrapped when what was read back is not the image.
var errOther = fmt.Errorf("%w: the slot reads back as something else", ErrContent)

// A readBack reads the image from the device itself, not from what the kernel
// remembers of it, and hashes it, while later parts are still being written: the
// one waits for the network and the other for the device.
type readBack struct {
	target *os.File
	hash   hash.Hash
	buffer []byte
	at     int64 // up to here it was read
}

func newReadBack(target *os.File) *readBack {
	return &readBack{target: target, hash: sha256.New(), buffer: make([]byte, block)}
}

// follow reads behind what comes from written, the places up to which the writer
// has come, until that is closed.
func (b *readBack) follow(ctx context.Context, written <-chan int64) error {
	for place := range written {
		if err := b.upTo(ctx, place-distance); err != nil {
			return err
		}
	}
	return nil
}

// upTo reads on up to end.
func (b *readBack) upTo(ctx context.Context, end int64) error {
	if end <= b.at {
		return nil
	}
	fd := int(b.target.Fd())
	if err := unix.SyncFileRange(fd, b.at, end-b.at, settled); err != nil {
		return fmt.Errorf("cannot flush the slot: %w", err)
	}
	// Without it the read would only show what was meant to be written.
	if err := unix.Fadvise(fd, b.at, end-b.at, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("cannot read the slot back: %w", err)
	}
	for b.at < end && ctx.Err() == nil {
		n, err := b.target.ReadAt(b.buffer[:min(block, end-b.at)], b.at)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return fmt.Errorf("cannot read the slot back: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		b.hash.Write(b.buffer[:n])
		b.at += int64(n)
	}
	return ctx.Err()
}

// is says whether what was read is what has the hash want.
func (b *readBack) is(want string) error {
	if got := hex.EncodeToString(b.hash.Sum(nil)); got != want {
		return fmt.Errorf("%w: its hash is %.12s…, the manifest's %.12s…", errOther, got, want)
	}
	return nil
}
