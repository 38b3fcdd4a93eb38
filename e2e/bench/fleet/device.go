package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// A device polls, and installs once.
type device struct {
	url, dir, uuid string
	root           []byte
	have           map[casync.ID]bool
	version        release.Version
	client         http.Client
	polls          int
	updated        atomic.Bool
	fault          error
}

func newDevice(url string, root []byte, have map[casync.ID]bool, version release.Version) (*device, error) {
	// In memory: 500 devices share no flash in reality.
	dir, err := os.MkdirTemp("/dev/shm", "fleet-")
	if err != nil {
		return nil, err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails, says its documentation
	transport := &http.Transport{MaxConnsPerHost: 16, MaxIdleConnsPerHost: 16, IdleConnTimeout: 2 * time.Second}
	return &device{
		url: url, dir: dir, uuid: hex.EncodeToString(id), root: root, have: have, version: version,
		client: http.Client{Transport: transport, Timeout: time.Minute},
	}, nil
}

func readSeed(path string) (map[casync.ID]bool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	index, err := casync.ReadIndex(bytes.NewReader(data), release.MaxImage)
	if err != nil {
		return nil, err
	}
	have := map[casync.ID]bool{}
	for _, chunk := range index.Chunks {
		have[chunk.ID] = true
	}
	return have, nil
}

// live begins anywhere within the first interval, and then polls after each,
// give or take half of it.
func (d *device) live(ctx context.Context, interval time.Duration) {
	wait := mathrand.N(interval)
	for sleep(ctx, wait) == nil {
		if err := d.poll(ctx); err != nil && ctx.Err() == nil {
			d.fault = fmt.Errorf("device %s: %w", d.uuid, err)
			return
		}
		wait = interval/2 + mathrand.N(interval)
	}
}

func (d *device) poll(ctx context.Context) error {
	d.polls++
	view, err := trust.New(trust.Options{Root: d.root, Dir: d.dir, Fetcher: d, Now: time.Now}).Refresh(ctx)
	if err != nil {
		return err
	}
	manifest, err := view.Newest(ctx, trust.Device{
		Type: "genericx86-64", Variant: "development", Channel: "stable", UUID: d.uuid, Version: d.version,
	})
	if errors.Is(err, trust.ErrNoRelease) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.install(ctx, view, manifest); err != nil {
		return err
	}
	d.version = manifest.Version
	d.updated.Store(true)
	return nil
}

func (d *device) install(ctx context.Context, view *trust.View, manifest *release.Manifest) error {
	data, err := view.Target(ctx, manifest.Index.Path, manifest.Index.Size)
	if err != nil {
		return err
	}
	index, err := casync.ReadIndex(bytes.NewReader(data), manifest.Image.Size)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	wanted := map[casync.ID]bool{}
	for _, chunk := range index.Chunks {
		if d.have[chunk.ID] || wanted[chunk.ID] {
			continue
		}
		wanted[chunk.ID] = true
		group.Go(func() error {
			_, err := d.Fetch(ctx, trust.ChunkStore+"/"+casync.Path(chunk.ID), casync.MaxCompressed(chunk.Size))
			return err
		})
	}
	return group.Wait()
}

// Fetch implements [trust.Fetcher] over HTTP.
func (d *device) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusNotFound:
		_, _ = io.Copy(io.Discard, response.Body) // so that the connection is used again
		return nil, fmt.Errorf("%w: %s", trust.ErrNotFound, path)
	case http.StatusOK:
	default:
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return data, err
}
