// Reader writes an image into a slot from a casync index and store over HTTP,
// with the running slot as a seed. It is as much of an updater as the measurement
// needs, on shared/casync: chunks are looked up by index, fetched some at a time
// over connections that stay open, and written in one pass.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/shared/casync"
)

func main() {
	var r reader
	var index, seedIndex string
	flag.StringVar(&index, "index", "", "URL of the index")
	flag.StringVar(&r.store, "store", "", "URL of the store")
	flag.StringVar(&r.seedPath, "seed", "", "device with the running slot")
	flag.StringVar(&seedIndex, "seed-index", "", "its index, a file")
	flag.StringVar(&r.targetPath, "target", "", "device to write")
	flag.BoolVar(&r.readBack, "read-back", false, "read and hash the target when it is written")
	flag.Parse()
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(24 << 20)
	if err := r.run(context.Background(), index, seedIndex); err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
}

// ahead is how many chunks are fetched before they are needed.
const ahead = 16

type reader struct {
	store, seedPath, targetPath string
	readBack                    bool
	seed, target                *os.File
	have                        map[casync.ID]casync.Chunk // in the seed, or written already
	client                      http.Client
}

// A piece is a chunk on its way: its file comes on the channel unless it is local.
type piece struct {
	casync.Chunk
	local   *casync.Chunk
	written bool // local is in the target, not in the seed
	file    chan result
}

type result struct {
	data []byte
	err  error
}

func (r *reader) run(ctx context.Context, indexURL, seedIndex string) (err error) {
	r.client = http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: ahead, MaxConnsPerHost: ahead}}
	body, err := r.get(ctx, indexURL)
	if err != nil {
		return err
	}
	defer body.Close()
	index, err := casync.ReadIndex(body, 1<<40)
	if err != nil {
		return err
	}
	if err := r.readSeed(seedIndex); err != nil {
		return err
	}
	defer r.seed.Close()
	if r.target, err = os.OpenFile(r.targetPath, os.O_RDWR, 0); err != nil {
		return err
	}
	defer r.target.Close()
	if err := r.write(ctx, index); err != nil {
		return err
	}
	if err := r.target.Sync(); err != nil || !r.readBack {
		return err
	}
	return r.hash(index.Size())
}

func (r *reader) readSeed(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	index, err := casync.ReadIndex(file, 1<<40)
	if err != nil {
		return err
	}
	r.have = make(map[casync.ID]casync.Chunk, len(index.Chunks))
	for _, chunk := range index.Chunks {
		r.have[chunk.ID] = chunk
	}
	r.seed, err = os.Open(r.seedPath)
	return err
}

func (r *reader) get(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return response.Body, nil
}

// plan sends the pieces in order; the channel's size is what limits the fetches.
func (r *reader) plan(ctx context.Context, index *casync.Index, pieces chan<- piece) {
	defer close(pieces)
	planned := map[casync.ID]casync.Chunk{}
	for _, chunk := range index.Chunks {
		next := piece{Chunk: chunk}
		if seed, found := r.have[chunk.ID]; found {
			next.local = &seed
		} else if before, found := planned[chunk.ID]; found {
			next.local, next.written = &before, true
		} else {
			planned[chunk.ID] = chunk
			next.file = make(chan result, 1)
			go r.fetch(ctx, chunk, next.file)
		}
		select {
		case pieces <- next:
		case <-ctx.Done():
			return
		}
	}
}

func (r *reader) fetch(ctx context.Context, chunk casync.Chunk, file chan<- result) {
	body, err := r.get(ctx, r.store+"/"+casync.Path(chunk.ID))
	if err != nil {
		file <- result{err: err}
		return
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, casync.MaxCompressed(chunk.Size)+1))
	file <- result{data, err}
}

func (r *reader) write(ctx context.Context, index *casync.Index) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	decoder, err := casync.NewDecoder()
	if err != nil {
		return err
	}
	defer decoder.Close()
	pieces := make(chan piece, ahead)
	go r.plan(ctx, index, pieces)
	buffer := make([]byte, index.Sizes.Max)
	for next := range pieces {
		data, err := r.content(next, decoder, buffer)
		if err != nil {
			return err
		}
		if _, err := r.target.WriteAt(data, next.Start); err != nil {
			return err
		}
		r.flush(next.Chunk)
	}
	return nil
}

// content returns a chunk from the seed, the target or the network, verified.
func (r *reader) content(next piece, decoder *casync.Decoder, buffer []byte) ([]byte, error) {
	if next.local == nil {
		got := <-next.file
		if got.err != nil {
			return nil, got.err
		}
		return decoder.Decode(buffer, got.data, next.Chunk)
	}
	from := r.seed
	if next.written {
		from = r.target
	}
	data := buffer[:next.Size]
	if _, err := from.ReadAt(data, next.local.Start); err != nil {
		return nil, err
	}
	return data, casync.Verify(data, next.Chunk)
}

// flush starts writing out every 8 MiB, so that the fsync at the end has little
// left, and waits for what is older, so that dirty pages stay few.
func (r *reader) flush(chunk casync.Chunk) {
	const step = 8 << 20
	if at := chunk.End() / step * step; at > chunk.Start {
		_ = unix.SyncFileRange(int(r.target.Fd()), at-step, step, unix.SYNC_FILE_RANGE_WRITE) // a hint; Sync reports
	}
}

// hash reads what is on the device, not what is in memory.
func (r *reader) hash(size int64) error {
	if err := unix.Fadvise(int(r.target.Fd()), 0, size, unix.FADV_DONTNEED); err != nil {
		return err
	}
	if _, err := r.target.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, io.LimitReader(r.target, size), make([]byte, 1<<20))
	if err == nil && n != size {
		err = errors.New("the target is too short")
	}
	if err == nil {
		fmt.Printf("%x\n", sum.Sum(nil))
	}
	return err
}
