package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A script is what happens to a file, in the bubble's own time.
type script struct {
	events chan struct{}
	start  time.Time
	mu     sync.Mutex
	now    state
	seen   []string // "<milliseconds> <content or fault>"
}

// change makes content the file's, or a fault if it begins with "!".
func (s *script) change(content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = state{data: []byte(content)}
	if content[0] == '!' {
		s.now = state{fault: errors.New(content)}
	}
	select {
	case s.events <- struct{}{}:
	default: // one event waits already
	}
}

func (s *script) read() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *script) report(st state) {
	text := string(st.data)
	if st.fault != nil {
		text = st.fault.Error()
	}
	s.seen = append(s.seen, fmt.Sprint(time.Since(s.start).Milliseconds(), " ", text))
}

func TestWatcher(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		play func(s *script)
		want []string
	}{
		{"nothing", func(*script) {}, nil},
		{"one change", func(s *script) { s.change("b") }, []string{"50 b"}},
		{"an event without a change", func(s *script) { s.change("a") }, nil},
		{"a change and back", func(s *script) { s.change("b"); time.Sleep(20 * ms); s.change("a") }, nil},
		{"two changes", func(s *script) { s.change("b"); time.Sleep(time.Second); s.change("c") }, []string{"50 b", "1050 c"}},
		{"a burst is one change", func(s *script) {
			for i := range 4 {
				s.change(fmt.Sprint("b", i))
				time.Sleep(30 * ms)
			}
		}, []string{"140 b3"}},
		{"90 writes a second do not starve it", func(s *script) {
			for i := range 60 {
				s.change(fmt.Sprint("b", i))
				time.Sleep(11 * ms)
			}
		}, []string{"250 b22", "503 b45", "699 b59"}},
		{"a fault that lasts", func(s *script) { s.change("!x") }, []string{"1000 !x"}},
		{"a fault that goes by", func(s *script) { s.change("!x"); time.Sleep(900 * ms); s.change("b") }, []string{"950 b"}},
		{"a slow copy", func(s *script) {
			for i := range 5 {
				s.change(fmt.Sprint("!", i))
				time.Sleep(800 * ms)
			}
			s.change("b")
		}, []string{"4050 b"}},
		{"a fault that never rests", func(s *script) {
			for i := range 60 {
				s.change(fmt.Sprint("!", i))
				time.Sleep(100 * ms)
			}
		}, []string{"5050 !50", "6900 !59"}},
		{"from one fault to another", func(s *script) {
			s.change("!x")
			time.Sleep(2 * time.Second)
			s.change("!y")
			time.Sleep(2 * time.Second)
			s.change("a")
		}, []string{"1000 !x", "3000 !y", "4050 a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{events: make(chan struct{}, 1), start: time.Now(), now: state{data: []byte("a")}}
				w := watcher{events: s.events, read: s.read, report: s.report, seen: s.now.sum()}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- w.run(ctx) }()
				synctest.Wait()
				tt.play(s)
				time.Sleep(10 * time.Second)
				cancel()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if !slices.Equal(s.seen, tt.want) {
					t.Errorf("%q, want %q", s.seen, tt.want)
				}
			})
		})
	}
}

// TestWatcherIsIdle makes sure that no timer runs when nothing happens.
func TestWatcherIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		w := watcher{
			events: make(chan struct{}),
			read:   func() state { reads++; return state{fault: ErrSyntax} },
			report: func(state) {},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		_ = w.run(ctx)
		if reads != 2 { // at the start, and when the fault had lasted
			t.Errorf("%d looks in a day", reads)
		}
	})
}
