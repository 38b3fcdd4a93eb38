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
)

// nearness prints how near each way of ours comes to the patch of the whole image,
// and to casync.
func (b *bench) nearness(ctx context.Context, name string, network map[string]int64) error {
	patch, memory, err := b.patch(ctx, name)
	if err != nil {
		return err
	}
	fmt.Printf("network: zstd --patch-from %.2f MB, which takes %.0f MiB to decode\n", float64(patch)/1e6, memory)
	for _, method := range []string{ours, oursDeltas} {
		bytes := float64(network[method])
		fmt.Printf("%s: %.3f of casync, %.3f of the patch\n", method, bytes/float64(network[casyncSeed]), bytes/float64(patch))
	}
	return nil
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
