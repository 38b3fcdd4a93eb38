package update

import (
	"context"
	"time"
)

// recordEvery is how old the kept journal of a system on trial may be when that
// crashes or hangs. A trial that goes well is over before the second time.
const recordEvery = 20 * time.Second

// record keeps the journal of a boot on trial until ctx ends: the journal itself is in
// RAM, and a boot that ends without a word would leave nothing to read.
func (u *Updater) record(ctx context.Context) {
	for {
		if journal, ok := u.journal(ctx); ok {
			u.mu.Lock()
			u.keepJournal(journal)
			u.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(recordEvery):
		}
	}
}

// journal reads this boot's journal. That it cannot be read is told of, and is no
// fault of the system on trial.
func (u *Updater) journal(ctx context.Context) ([]byte, bool) {
	journal, err := u.System.Journal(ctx)
	if err != nil && ctx.Err() == nil {
		u.Log.Error("the journal of this boot is not kept", "error", err)
	}
	return journal, err == nil
}

func (u *Updater) keepJournal(journal []byte) {
	if err := u.Book.KeepJournal(journal); err != nil {
		u.Log.Error("the journal of this boot is not kept", "error", err)
	}
}

// dropJournal forgets an older trial's journal, or that of one that went well.
func (u *Updater) dropJournal() {
	if err := u.Book.DropJournal(); err != nil {
		u.Log.Error("the journal of an older boot is still there", "error", err)
	}
}
