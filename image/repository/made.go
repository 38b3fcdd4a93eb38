package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
)

// Made is what `casync make` or `desync make` have made of an image.
type Made struct {
	Index string // a .caibx file
	Store string // its .castr folder
}

func (m *Made) readIndex() (*casync.Index, error) {
	file, err := os.Open(m.Index)
	if err != nil {
		return nil, fmt.Errorf("cannot read index: %w", err)
	}
	defer file.Close()
	return casync.ReadIndex(file, release.MaxImage)
}

// each calls use with every chunk in order, verified, and its file.
func (m *Made) each(ctx context.Context, index *casync.Index, use func(chunk casync.Chunk, data, file []byte) error) error {
	decoder, err := casync.NewDecoder()
	if err != nil {
		return err
	}
	defer decoder.Close()
	for _, chunk := range index.Chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		file, err := os.ReadFile(filepath.Join(m.Store, filepath.FromSlash(casync.Path(chunk.ID))))
		if err != nil {
			return fmt.Errorf("cannot read chunk: %w", err)
		}
		data, err := decoder.Decode(nil, file, chunk)
		if err != nil {
			return err
		}
		if err := use(chunk, data, file); err != nil {
			return err
		}
	}
	return nil
}

// assemble writes the image.
func (m *Made) assemble(ctx context.Context, path string) error {
	index, err := m.readIndex()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = m.each(ctx, index, func(_ casync.Chunk, data, _ []byte) error {
		_, err := out.Write(data)
		return err
	})
	return errors.Join(err, out.Close())
}

// add puts the chunks into store, their files as they are, and compares with image.
func (m *Made) add(ctx context.Context, image io.Reader, store *store) (*casync.Index, error) {
	index, err := m.readIndex()
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, index.Sizes.Max)
	err = m.each(ctx, index, func(chunk casync.Chunk, data, file []byte) error {
		if _, err := io.ReadFull(image, buffer[:chunk.Size]); err != nil {
			return fmt.Errorf("%w: it ends before its index does: %w", ErrImage, err)
		}
		if err := casync.Verify(buffer[:chunk.Size], chunk); err != nil {
			return fmt.Errorf("%w: it is not what %s describes at byte %d: %w", ErrImage, m.Index, chunk.Start, err)
		}
		store.put(chunk.ID, data, file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n, err := io.ReadFull(image, buffer[:1]); n > 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it goes on after its index ends", ErrImage)
	}
	return index, nil
}
