package repository

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// needed returns the paths, relative to the repository, of what is published and
// of what was published at some time after since.
func (r *Repository) needed(view *trust.View, since time.Time) (map[string]bool, error) {
	needed := map[string]bool{
		"metadata/timestamp.json":                                     true,
		fmt.Sprintf("metadata/%d.snapshot.json", view.Floor.Snapshot): true,
		fmt.Sprintf("metadata/%d.targets.json", view.Floor.Targets):   true,
	}
	if err := r.need(needed, view.Targets()); err != nil {
		return nil, err
	}
	for version := view.Floor.Targets - 1; version > 0; version-- {
		next, err := os.Stat(r.path("metadata", fmt.Sprintf("%d.targets.json", version+1)))
		if err != nil || next.ModTime().Before(since) {
			break
		}
		name := fmt.Sprintf("metadata/%d.targets.json", version)
		past, err := metadata.Targets().FromFile(r.path(name))
		if err != nil {
			break // it was pruned before, and no client can have it
		}
		needed[name] = true
		// What is damaged or gone cannot be kept: that is for Verify to tell.
		_ = r.need(needed, past.Signed.Targets)
	}
	return needed, nil
}

// need adds the files that targets name, and those that their content names.
func (r *Repository) need(needed map[string]bool, targets map[string]*metadata.TargetFiles) error {
	var faults error
	for name, target := range targets {
		file := trust.TargetPath(name, target.Hashes["sha256"].String())
		if needed[file] {
			continue
		}
		needed[file] = true
		data, err := os.ReadFile(r.path(filepath.FromSlash(file)))
		if err == nil {
			err = needContent(needed, path.Ext(name), data)
		}
		faults = errors.Join(faults, err)
	}
	return faults
}

// needContent adds what a target of a kind names.
func needContent(needed map[string]bool, kind string, data []byte) error {
	switch kind {
	case ".json":
		return needBoot(needed, data)
	case ".deltas":
		return needDeltas(needed, data)
	default:
		return needChunks(needed, data)
	}
}

func needDeltas(needed map[string]bool, data []byte) error {
	deltas, err := casync.ReadDeltas(data)
	for _, delta := range deltas {
		needed[trust.ChunkStore+"/"+casync.DeltaPath(delta.ID, delta.Base)] = true
	}
	return err
}

func needBoot(needed map[string]bool, data []byte) error {
	manifest, err := release.Parse(data)
	if err != nil {
		return err
	}
	for _, file := range manifest.Boot {
		needed[trust.BootPath(file.SHA256)] = true
	}
	return nil
}

func needChunks(needed map[string]bool, data []byte) error {
	index, err := casync.ReadIndex(bytes.NewReader(data), release.MaxImage)
	if err != nil {
		return err
	}
	for _, chunk := range index.Chunks {
		needed[trust.ChunkStore+"/"+casync.Path(chunk.ID)] = true
	}
	return nil
}
