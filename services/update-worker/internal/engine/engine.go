// Package engine writes an image into a slot: from the slot that runs, from what
// the target holds already, and, for what is in neither, from the repository.
//
// A chunk that comes over the network is verified by its hash. One that an index says
// is on the device is believed at first, which spares the device most of the hashing;
// the hash of the whole tells if that was wrong, and then every chunk is verified in a
// second pass. So a damaged seed costs time and a download, and never the result. What
// is nowhere on the device is fetched as its difference to a chunk that is, if the
// repository has that. The bytes go straight into the partition, in order, in large
// aligned blocks past the kernel's cache; blocks that are there already are not written.
// What was interrupted is taken up where it was. Before Install returns nil the
// whole image was flushed, read back from the device and found to have the
// manifest's hash. An error, also that of a context that ended, means that the slot
// is not to be booted.
//
// Memory: about 6 MiB of chunks in flight, 2 MiB of blocks, and the indexes (some
// 2 MiB per GB of image). It does not decide whether the release may be installed.
package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"resinos.io/services/update-worker/internal/fetch"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/casync"
	"resinos.io/shared/release"
)

var (
	// ErrTooLarge is wrapped when the image does not fit into the slot.
	ErrTooLarge = errors.New("the image does not fit into the slot")
	// ErrInUse is wrapped when the slot is mounted or being written by another.
	ErrInUse = errors.New("the slot is in use")
	// ErrContent is wrapped when what was to be installed is not what was signed.
	ErrContent = errors.New("the content is not what was signed")
	// ErrMetered is wrapped when most of the image would have to be downloaded and must not.
	ErrMetered = errors.New("most of the image would have to be downloaded")
)

// Input is what to install, and from where.
type Input struct {
	Manifest *release.Manifest
	Index    []byte         // the image's index, verified
	Deltas   []casync.Delta // the chunks of the index that the repository has as differences to others
	Source   fetch.Source   // the repository; its chunks are below [trust.ChunkStore]
	Target   string         // device or file of the slot that is written
	Seed     string         // device or file of the slot that runs; "" if there is none
	// Kept is the directory in which the indexes of what is in the slots are kept,
	// under the names below; they are hints and need not be there.
	Kept                 string
	TargetSlot, SeedSlot string
	Metered              bool
	// Begin is called when everything that can be known before has been checked, and
	// before the first byte is written; its error ends the installation. nil is as
	// good as one that returns nil.
	Begin func() error
}

// Progress is how far an installation is, in bytes of the image; Downloaded is as
// it came over the network.
type Progress struct {
	Done, Total, FromSeed, FromTarget, Downloaded uint64
	Stage                                         string
}

// Stages, for a person.
const (
	Learning  = "looking at the running system"
	Writing   = "writing"
	Again     = "writing again, with every piece verified"
	Flushing  = "flushing"
	Verifying = "reading back"
)

// Install writes the image. report is called often, from one goroutine at a time.
func Install(ctx context.Context, in Input, report func(Progress)) error {
	index, err := casync.ReadIndex(bytes.NewReader(in.Index), in.Manifest.Image.Size)
	if err == nil && index.Size() != in.Manifest.Image.Size {
		err = fmt.Errorf("%w: it describes %d bytes, the manifest %d", casync.ErrIndex, index.Size(), in.Manifest.Image.Size)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrContent, err)
	}
	target, err := openSlot(in.Target, index.Size())
	if err != nil {
		return err
	}
	defer target.Close()
	if err := in.learn(ctx, index.Sizes, report); err != nil {
		return err
	}
	seeds, err := openSeeds(in, index, target)
	if err != nil {
		return err
	}
	defer seeds.close()
	if in.Metered && seeds.missing(index) > index.Size()/2 {
		return fmt.Errorf("%w: %d of %d MB", ErrMetered, seeds.missing(index)>>20, index.Size()>>20)
	}
	if err := in.begin(); err != nil {
		return err
	}
	run := &run{in: in, index: index, target: target, seeds: seeds, report: report}
	if err := run.write(ctx); err != nil {
		return err
	}
	return in.finish()
}

// learn makes the index of what the running slot holds, if it is not known: a
// system that came from the factory has none. The slot is read-only, so it stays true.
func (in Input) learn(ctx context.Context, sizes casync.Sizes, report func(Progress)) error {
	if in.Seed == "" || readKept(in.keptIndex(in.SeedSlot)) != nil {
		return nil
	}
	file, err := os.Open(in.Seed)
	if err != nil {
		return fmt.Errorf("cannot read the running slot: %w", err)
	}
	defer file.Close()
	report(Progress{Total: uint64(in.Manifest.Image.Size), Stage: Learning})
	index, err := casync.Make(ctx, file, sizes, func(casync.ID, []byte) error { return nil })
	if err != nil {
		return fmt.Errorf("cannot look at the running slot: %w", err)
	}
	data, err := index.Bytes()
	if err != nil {
		return err
	}
	return atomicfile.Write(in.keptIndex(in.SeedSlot), data, 0o600)
}

// keptIndex is where the index of what a slot holds is kept.
func (in Input) keptIndex(slot string) string {
	return filepath.Join(in.Kept, "slot-"+slot+".caibx")
}

// partial is where the index of an installation that was begun is kept.
func (in Input) partial() string { return filepath.Join(in.Kept, "partial.caibx") }

// begin notes what is being written: the slot holds neither the old nor the new.
func (in Input) begin() error {
	if in.Begin != nil {
		if err := in.Begin(); err != nil {
			return err
		}
	}
	if err := os.Remove(in.keptIndex(in.TargetSlot)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot forget what the slot holds: %w", err)
	}
	return atomicfile.Write(in.partial(), in.Index, 0o600)
}

// finish notes what the slot holds now.
func (in Input) finish() error {
	if err := atomicfile.Write(in.keptIndex(in.TargetSlot), in.Index, 0o600); err != nil {
		return err
	}
	if err := os.Remove(in.partial()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot note the end of the installation: %w", err)
	}
	return nil
}
