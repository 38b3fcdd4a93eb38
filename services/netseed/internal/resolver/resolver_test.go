package resolver

import (
	"slices"
	"testing"
)

func TestOrder(t *testing.T) {
	r := &Resolver{told: []string{"10.0.0.2", "10.0.0.9"}}
	got := r.order([]map[string]string{
		{"address": "10.0.0.1", "port": "53"},
		{"address": "10.0.0.2", "port": "53"},
		{"address": "10.0.0.3", "port": "5353"},
		{"address": "10.0.0.1", "port": "53"},
		{},
	})
	if want := []string{"10.0.0.2", "10.0.0.1", "10.0.0.3#5353"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
