package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"resinos.io/shared/casync"
)

// A store adds chunks to the repository on all processors. Nothing is durable
// until finish has returned: a chunk is named by its hash, so one that a power
// cut damaged is seen, and written anew, by the next run that has it.
type store struct {
	repo     *Repository
	group    errgroup.Group
	encoder  *casync.Encoder
	decoders chan *casync.Decoder
	seen     map[casync.ID]bool
}

func newStore(repo *Repository) (*store, error) {
	encoder, err := casync.NewEncoder()
	if err != nil {
		return nil, err
	}
	workers := runtime.GOMAXPROCS(0)
	s := &store{repo: repo, encoder: encoder, decoders: make(chan *casync.Decoder, workers), seen: map[casync.ID]bool{}}
	s.group.SetLimit(workers)
	for range workers {
		decoder, err := casync.NewDecoder()
		if err != nil {
			return nil, err
		}
		s.decoders <- decoder
	}
	return s, nil
}

// put takes the content of a chunk, and its file if there is one already. data
// may be changed afterwards.
func (s *store) put(id casync.ID, data, file []byte) {
	if s.seen[id] {
		return
	}
	s.seen[id] = true
	chunk := casync.Chunk{ID: id, Size: uint32(len(data))}
	data = append([]byte(nil), data...)
	s.group.Go(func() error {
		path := s.repo.chunkPath(id)
		if s.intact(path, chunk) {
			return nil
		}
		if file == nil {
			file = s.encoder.Encode(data)
		}
		return s.repo.writeLater(path, file)
	})
}

// intact says whether the chunk is there and is what it should be.
func (s *store) intact(path string, chunk casync.Chunk) bool {
	file, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	decoder := <-s.decoders
	defer func() { s.decoders <- decoder }()
	_, err = decoder.Decode(nil, file, chunk)
	return err == nil
}

// finish returns when all that was put is durable.
func (s *store) finish() error {
	err := s.group.Wait()
	for range cap(s.decoders) {
		(<-s.decoders).Close()
	}
	if err != nil {
		return err
	}
	return s.repo.sync()
}

// writeLater writes a file that sync makes durable: one sync for thousands of
// them, where shared/atomicfile would do three for each.
func (r *Repository) writeLater(path string, data []byte) error {
	if r.sign.Writing != nil {
		r.sign.Writing(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", path, err), os.Remove(file.Name()))
	}
	return nil
}

// temporary is the pattern of names that files have while they are written.
const temporary = ".*.tmp"

// sync makes everything on the file system of the repository durable.
func (r *Repository) sync() error {
	dir, err := os.Open(r.sign.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot make the repository durable: %w", err)
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("cannot make the repository durable: %w", err)
	}
	return nil
}
