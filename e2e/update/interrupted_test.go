//go:build container

package update

import "testing"

// onTheWay bounds the chunks that a killed worker had asked for and not written:
// those in flight, and those that fill one block.
const onTheWay = 64

// TestInterrupted breaks one installation into pieces: its worker is killed, then the
// updater, then the device rebooted, then its power cut. What is written is not
// fetched again, and in the end the slot is whole.
func TestInterrupted(t *testing.T) {
	s := newSlots(t, nil)
	breaks := []struct {
		name string
		do   func()
	}{
		{"worker", func() { s.MustRun(t, "kill -9 $(pidof update-worker)") }},
		{"updater", func() { s.MustRun(t, "kill -9 $(pidof updater)") }},
		{"reboot", func() { s.Restart(t, nil); s.plug(t) }},
		{"power", func() { s.PowerCycle(t, nil); s.plug(t) }},
	}
	for i, b := range breaks {
		_, before := s.asked()
		s.begin(t, 2<<20)
		s.awaitChunks(t, (i+1)*50)
		b.do()
		s.await(t, "ActiveJob", "/")
		if out, err := s.Run(t.Context(), "pidof update-worker"); err == nil {
			t.Errorf("a worker goes on after the break of %s: %s", b.name, out)
		}
		if env := s.environment(t); env["slot"] != "A" || env["tries"] != "" {
			t.Errorf("after the break of %s the next boot is by %v", b.name, env)
		}
		s.fetchedAgain(t, b.name, before)
	}
	_, before := s.asked()
	s.begin(t, 0)
	s.installed(t)
	s.fetchedAgain(t, "nothing", before)
	s.whole(t)
}

// fetchedAgain checks how many chunks one part of the installation fetched that an
// earlier one had.
func (s *slots) fetchedAgain(t *testing.T, name string, before int) {
	t.Helper()
	chunks, again := s.asked()
	t.Logf("up to the break of %s: %d chunks, in this part %d of them again", name, chunks, again-before)
	if again-before > onTheWay {
		t.Errorf("up to the break of %s %d chunks were fetched again", name, again-before)
	}
}
