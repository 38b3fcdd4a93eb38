package config

import (
	"context"
	"crypto/sha256"

	"resinos.io/shared/filewatch"
)

// Watch calls changed after each change of the file's content or of what is
// wrong with it, from this goroutine, until ctx is done; then it returns ctx's
// error. It ends earlier only if the kernel refuses to watch anything at all, and
// says why. Changes since the last Load are reported first; if Load was never
// called, so is the state at the start. Good content is reported within 250 ms,
// a fault when it has lasted for a second. Nothing runs while nothing happens.
// A change through a memory mapping makes no event and is seen with the next one.
func (s *Store) Watch(ctx context.Context, changed func(Snapshot)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := filewatch.New(s.file, s.log)
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(n.Run(ctx))
	}()
	w := watcher{
		events: n.Events(),
		read:   func() state { return readState(s.file) },
		report: func(st state) { changed(s.settle(st.data, st.fault)) },
		seen:   s.baseline(),
	}
	err := w.run(ctx)
	cancel(nil)
	<-done
	return err
}

// A state is what one look at the file found.
type state struct {
	data  []byte
	fault error
}

func readState(path string) state {
	data, err := readFile(path)
	if err == nil {
		err = Check(data)
	}
	return state{data, err}
}

// sum identifies a good content, or a fault by what is said about it.
func (s state) sum() [sha256.Size]byte {
	if s.fault != nil {
		return sha256.Sum256([]byte("fault " + s.fault.Error()))
	}
	return sha256.Sum256(s.data)
}
