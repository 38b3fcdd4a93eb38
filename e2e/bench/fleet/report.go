package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// A tally is how much there was of a kind of requests.
type tally struct {
	requests int
	bytes    int64
}

func (t *tally) add(e entry) { t.requests++; t.bytes += e.bytes }

// totals are requests of polls, of new metadata, and of updates.
type totals struct{ poll, metadata, update tally }

func count(entries []entry) totals {
	var t totals
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.path, "timestamp.json"), strings.HasSuffix(e.path, ".root.json"):
			t.poll.add(e)
		case strings.HasPrefix(e.path, "/metadata/"), strings.HasSuffix(e.path, ".json"):
			t.metadata.add(e)
		default:
			t.update.add(e)
		}
	}
	return t
}

func (f *fleet) report(c *crowd, entries []entry, start time.Time) error {
	t := count(entries)
	polls, updated := 0, 0
	for _, one := range c.devices {
		polls += one.polls
		if one.updated.Load() {
			updated++
		}
	}
	if updated != f.devices {
		return fmt.Errorf("%d of %d devices were updated", updated, f.devices)
	}
	fmt.Printf("\n%d devices, %d polls, all updated to %s in shares of %s\n", f.devices, polls, hotfix, shares())
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "what\trequests\tbytes\tper\trequests\tbytes\t")
	row := func(what string, sum tally, per string, n int) {
		fmt.Fprintf(out, "%s\t%d\t%d\t%s\t%.1f\t%.0f\t\n", what, sum.requests, sum.bytes, per, float64(sum.requests)/float64(n), float64(sum.bytes)/float64(n))
	}
	row("polls", t.poll, "poll", polls)
	row("new metadata", t.metadata, "change and device", f.devices*len(stages()))
	row("index and chunks", t.update, "update", updated)
	if err := out.Flush(); err != nil {
		return err
	}
	f.herd(entries, start)
	return f.extrapolate(t, polls)
}

func shares() string {
	var all []string
	for _, share := range stages() {
		all = append(all, fmt.Sprintf("%d%%", share/100))
	}
	return strings.Join(all, ", ")
}

// herd compares the busiest twentieth of a day with the mean. By chance alone, n
// polls in a twentieth vary by the root of n: three of these are no herd.
func (f *fleet) herd(entries []entry, start time.Time) {
	slot := f.interval.Seconds() / 20
	slots := map[int]int{}
	sum, most := 0, 0
	for _, e := range entries {
		if strings.HasSuffix(e.path, "timestamp.json") {
			at := int((e.at - float64(start.UnixMilli())/1000) / slot)
			slots[at]++
			sum++
			most = max(most, slots[at])
		}
	}
	mean := float64(sum) / float64(len(slots))
	fmt.Printf("polls in a twentieth of a day: mean %.1f, most %d; by chance alone up to %.0f\n", mean, most, mean+3*math.Sqrt(mean))
}

// extrapolate prints what the server, or the network in front of it, has to bear.
func (f *fleet) extrapolate(t totals, polls int) error {
	const day = 86400.0
	perPoll, pollBytes := float64(t.poll.requests)/float64(polls), float64(t.poll.bytes)/float64(polls)
	perUpdate, updateBytes := float64(t.update.requests)/float64(f.devices), float64(t.update.bytes)/float64(f.devices)
	fmt.Println("\none poll a day; a hot fix rolled out to the given share of devices in one day, evenly, as jitter makes it")
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "devices\tshare\trequests/s polls\tMB/day polls\trequests/s updates\tGB/day updates\tMbit/s\t")
	for _, devices := range []float64{1e3, 1e4, 1e5, 1e6} {
		before := 0
		for _, share := range stages() {
			some := devices * float64(share-before) / 10000
			before = share
			fmt.Fprintf(out, "%.0f\t%d%%\t%.2f\t%.1f\t%.1f\t%.1f\t%.1f\t\n", devices, share/100, devices*perPoll/day, devices*pollBytes/1e6,
				some*perUpdate/day, some*updateBytes/1e9, (some*updateBytes+devices*pollBytes)*8/day/1e6)
		}
	}
	return out.Flush()
}
