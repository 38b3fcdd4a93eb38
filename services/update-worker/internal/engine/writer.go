package engine

import "fmt"

// writer puts bytes that come in order into the target, block by block, and leaves
// out blocks whose bytes are all there.
type writer struct {
	target  *slot
	buffer  []byte
	at      int64 // of the buffer's begin
	dirty   bool  // the buffer has something that is not in the target
	written int64 // up to here the target has what it should have
}

func newWriter(target *slot) *writer {
	return &writer{target: target, buffer: target.buffers[:0:block]}
}

// add appends data; there says that the target has it at this place already.
func (w *writer) add(data []byte, there bool) error {
	for len(data) > 0 {
		n := min(len(data), block-len(w.buffer))
		w.buffer = append(w.buffer, data[:n]...)
		w.dirty = w.dirty || !there
		data = data[n:]
		if len(w.buffer) == block {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what the buffer has.
func (w *writer) flush() error {
	if w.dirty {
		if _, err := w.target.way(len(w.buffer)).WriteAt(w.buffer, w.at); err != nil {
			return fmt.Errorf("cannot write the slot: %w", err)
		}
	}
	w.at += int64(len(w.buffer))
	w.written = w.at
	w.buffer, w.dirty = w.buffer[:0], false
	return nil
}

// end writes the rest and waits until the device has all.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.target.Sync(); err != nil {
		return fmt.Errorf("cannot flush the slot: %w", err)
	}
	return nil
}
