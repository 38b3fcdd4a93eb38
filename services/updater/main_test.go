package main

import (
	"testing"
	"time"
)

// TestLimit: what a drop-in of the unit may set.
func TestLimit(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": deadline, "5m": 5 * time.Minute, "25m": 25 * time.Minute,
		"26m": 0, "3min": 0, "0s": 0, "-1m": 0, "10": 0,
	} {
		if got, err := limitOf(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
