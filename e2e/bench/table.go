package bench

import (
	"fmt"
	"slices"
	"strings"
)

// A Row is one promise and what was measured.
type Row struct {
	What   string
	Unit   string
	Ours   float64
	Budget float64 // at most; a negative one is no budget
	Peer   string  // the peer's figure with its name, "" if there is none
	Note   string
}

// verdict says whether the promise is kept.
func (r Row) verdict() string {
	switch {
	case r.Budget < 0:
		return ""
	case r.Ours > r.Budget:
		return "OVER"
	}
	return "ok"
}

// Table returns rows as a Markdown table.
func Table(rows []Row) string {
	cells := [][]string{{"what", "measured", "budget", "", "peer", "note"}}
	for _, r := range rows {
		budget := ""
		if r.Budget >= 0 {
			budget = number(r.Budget) + " " + r.Unit
		}
		cells = append(cells, []string{r.What, number(r.Ours) + " " + r.Unit, budget, r.verdict(), r.Peer, r.Note})
	}
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
	}
	var out strings.Builder
	for _, row := range slices.Insert(cells, 1, rule) {
		for i, cell := range row {
			fmt.Fprintf(&out, "| %-*s ", widths[i], cell)
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// number writes n with as many digits as a person reads.
func number(n float64) string {
	switch {
	case n == float64(int64(n)):
		return fmt.Sprintf("%d", int64(n))
	case n < 10:
		return fmt.Sprintf("%.2f", n)
	}
	return fmt.Sprintf("%.1f", n)
}

// Median returns the middle of values, which must not be empty.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
