package reconcile

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTriggersDuringARunMakeOneMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		loop := New(func(context.Context) error {
			runs++
			time.Sleep(time.Second)
			return nil
		})
		go loop.Run(t.Context())
		loop.Trigger()
		time.Sleep(100 * time.Millisecond)
		for range 50 {
			loop.Trigger()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if runs != 2 {
			t.Errorf("%d runs, want 2", runs)
		}
	})
}

func TestAFailureIsTriedAgainLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		loop := New(func(context.Context) error {
			at = append(at, time.Since(start))
			if len(at) == 4 {
				return nil
			}
			return errors.New("not yet")
		})
		go loop.Run(t.Context())
		loop.Trigger()
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []time.Duration{0, 1 * time.Second, 3 * time.Second, 7 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("runs at %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("run %d at %v, want %v", i, at[i], want[i])
			}
		}
	})
}

func TestDoneWaitsForARunThatBeganAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		loop := New(func(context.Context) error {
			time.Sleep(time.Second)
			runs++
			return nil
		})
		go loop.Run(t.Context())
		loop.Trigger()
		time.Sleep(500 * time.Millisecond) // the first run is under way
		<-loop.Done()
		synctest.Wait()
		if runs != 2 {
			t.Errorf("done after %d runs, want 2", runs)
		}
	})
}

func TestARunHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := New(func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		go loop.Run(t.Context())
		start := time.Now()
		<-loop.Done()
		if took := time.Since(start); took != applyTime {
			t.Errorf("took %v, want %v", took, applyTime)
		}
	})
}
