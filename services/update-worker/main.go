// Command update-worker verifies, fetches and writes for the updater, which starts
// it for one piece of work and tells it on standard input what to do.
// See README.md beside this file, and shared/updatework.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"resinos.io/services/update-worker/internal/work"
	"resinos.io/shared/updatework"
)

// version is set by the linker.
var version = "unknown"

// The daemon hands its own limits down, which are for years of idling on one
// processor. Ours are for a minute of work on all of them.
const (
	memoryLimit = 18 << 20 // bytes, above which the heap is collected as often as it takes
	heapPercent = 50
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "update-worker", version, "is started by the updater; see its README")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(runtime.NumCPU())
	debug.SetGCPercent(heapPercent)
	debug.SetMemoryLimit(memoryLimit)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Stdin, os.Stdout))
}

// run does one piece of work and returns the exit status: 0 when the updater was
// told how it ended, well or not.
func run(ctx context.Context, stdin io.Reader, stdout io.Writer) int {
	out := json.NewEncoder(stdout)
	tell := func(report updatework.Report) error { return out.Encode(report) }
	in := bufio.NewScanner(stdin)
	in.Buffer(nil, updatework.MaxLine)
	w := &work.Work{Now: time.Now, Tell: tell, Go: func() error { return next(in) }}
	err := next(in)
	if err == nil {
		err = json.Unmarshal(in.Bytes(), &w.Request)
	}
	if err == nil {
		err = w.Do(ctx)
	}
	report := updatework.Report{Done: true}
	if err != nil {
		report = updatework.Report{Error: work.Named(err)}
	}
	if tell(report) != nil {
		return 1
	}
	return 0
}

// next waits for a line.
func next(in *bufio.Scanner) error {
	if in.Scan() {
		return nil
	}
	if err := in.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: it says nothing more", updatework.ErrProtocol)
}
