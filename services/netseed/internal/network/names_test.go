package network

import "testing"

func TestDifference(t *testing.T) {
	list := func(s ...string) []string { return s }
	for _, c := range []struct {
		expected, asked []string
		all             bool
		want            string
	}{
		{list("10.0.0.1"), list("10.0.0.1"), true, ""},
		{list("10.0.0.1", "10.0.0.2"), list("10.0.0.1"), true, "10.0.0.2"},
		{list("10.0.0.1"), list("10.0.0.1", "10.0.0.2"), true, "all but 10.0.0.2"},
		{list("10.0.0.1"), list("10.0.0.1", "10.0.0.2"), false, ""},
		{list("2001:DB8::1"), list("2001:db8::1"), true, ""},
		{list("fe80::1%eth0"), list("fe80::1"), true, ""},
		{list("127.0.0.1", "::1"), nil, true, ""},
		{list("10.0.0.1"), list("10.0.0.1#5353"), true, ""},
	} {
		if got := difference(c.expected, c.asked, c.all); got != c.want {
			t.Errorf("%v against %v: %q, want %q", c.expected, c.asked, got, c.want)
		}
	}
}
