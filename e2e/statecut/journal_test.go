//go:build powercut

package statecut

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"resinos.io/e2e/statecut/job"
)

// switches puts the journal on disk and back, twice; the steps tell the last number
// that was logged and made durable.
const switches = `. /run/rig/device.sh
early
note begin
start_journal
count 1 50
note "to disk 0"
log1 SetPersistent 'ba{sv}' true 0
log1 Flush
note "on disk 50"
count 51 100
log1 Flush
note "on disk 100"
count 101 120
note "to RAM 100"
log1 SetPersistent 'ba{sv}' false 0
note "in RAM 120"
count 121 140
note "to disk 120"
log1 SetPersistent 'ba{sv}' true 0
log1 Flush
note "on disk 140"`

// after is a boot after the power cut, first as it is found, then with everything
// started, which has to work.
const after = look + `
echo "counted $(counted)"
echo "config $(jq -r .persistentLogging /mnt/boot/config.json)"
start_journal
echo "persistent $(property Log1 Log1 Persistent)"
count 1001 1005
log1 SetPersistent 'ba{sv}' true 0
log1 Flush
echo "again $(counted)"`

// TestJournalSwitch cuts the journal's way to disk and back: what was durable is
// there, in order and once; the journal is where config.json says, which is one of
// the two places; and it can be written.
func TestJournalSwitch(t *testing.T) {
	r := newRig(t)
	base := open(t, r.base)
	log, _ := r.record(t, "journal", r.base, switches)
	judged := func(step string) bool { return strings.Contains(step, " ") }
	outcomes := r.try(t, log, base, pick(t, log, base, large, judged), []string{after})
	judge(t, outcomes, func(o outcome) string { return journalFault(o.boots[0], o.step) })
}

func journalFault(b job.Boot, step string) string {
	if b.Exit != 0 {
		return fmt.Sprintf("the boot ended with %d: %s", b.Exit, b.Err)
	}
	_, facts := split(b)
	where, number, _ := cutLast(step)
	durable, err := strconv.Atoi(number)
	if err != nil {
		return err.Error()
	}
	for _, name := range []string{"counted", "again"} {
		if text := gaps(facts[name], durable); text != "" {
			return name + " " + text
		}
	}
	if !strings.HasSuffix(facts["again"], "1001 1002 1003 1004 1005") {
		return "after the power cut nothing is kept: " + facts["again"]
	}
	if !strings.Contains(facts["report"], `"store":"partition"`) || strings.Contains(facts["report"], "problems") {
		return "state-binder reports " + facts["report"]
	}
	places := map[string][]string{"on disk": {"true"}, "in RAM": {"false"}}[where]
	if places == nil { // on the way
		places = []string{"true", "false", "null"}
	}
	config := facts["config"]
	if !slices.Contains(places, config) || facts["persistent"] != fmt.Sprintf("b %t", config == "true") {
		return fmt.Sprintf("config.json says %s after %q, and the journal's place is %s", config, step, facts["persistent"])
	}
	return ""
}

// gaps says what is wrong with the numbers that were found: 1 to durable have to be
// there; no number may be there twice or out of order.
func gaps(text string, durable int) string {
	last := 0
	for _, field := range strings.Fields(text) {
		n, err := strconv.Atoi(field)
		if err != nil || n <= last {
			return fmt.Sprintf("has %s after %d", field, last)
		}
		if n > last+1 && last < durable {
			return fmt.Sprintf("has %d after %d, and all up to %d were durable", n, last, durable)
		}
		last = n
	}
	if last < durable {
		return fmt.Sprintf("ends with %d, and all up to %d were durable", last, durable)
	}
	return ""
}

func cutLast(step string) (before, after string, found bool) {
	at := strings.LastIndexByte(step, ' ')
	if at < 0 {
		return step, "", false
	}
	return step[:at], step[at+1:], true
}
