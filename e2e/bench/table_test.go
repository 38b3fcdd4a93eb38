package bench

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := Table([]Row{
		{What: "memory", Unit: "MB", Ours: 12.34, Budget: 12, Peer: "9 MB"},
		{What: "writes", Unit: "bytes"},
		{What: "hello", Unit: "ms", Ours: 1.234, Budget: -1, Note: "for comparison"},
	})
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for i, want := range map[int]string{
		2: "| memory | 12.3 MB  | 12 MB   | OVER | 9 MB |                |",
		3: "| writes | 0 bytes  | 0 bytes | ok   |      |                |",
		4: "| hello  | 1.23 ms  |         |      |      | for comparison |",
	} {
		if len(lines) <= i || lines[i] != want {
			t.Errorf("line %d of\n%s\nis not\n%s", i, table, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{3: {9, 3, 1}, 2: {2}, 7: {1, 7, 9, 2}} {
		if got := Median(values); got != want {
			t.Errorf("the median of %v is %v, want %v", values, got, want)
		}
	}
}

func TestCritical(t *testing.T) {
	const chain = `graphical.target @9.000s
└─multi-user.target @8.500s
  └─docker.service @4.000s +4.400s
    └─NetworkManager.service @3.000s +900ms
      └─hostnamed-bridge.service @2.600s +350ms
        └─state-binder-early.service @1min 2.500s +50ms
`
	ours, total, err := critical(chain, []string{"hostnamed-bridge.service", "state-binder-early.service"})
	if err != nil || ours != 400 || total != 9000 {
		t.Errorf("got %v ms of %v ms, %v", ours, total, err)
	}
	if _, _, err := critical("no such unit", nil); err == nil {
		t.Error("a chain without a time was read")
	}
}
