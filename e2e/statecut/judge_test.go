//go:build powercut

package statecut

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"resinos.io/e2e/statecut/job"
)

// look is the script of a boot after a power cut: what is there then.
const look = `. /run/rig/device.sh
early
tree
echo --
facts`

// split divides what look wrote into the tree and the facts.
func split(b job.Boot) (tree string, facts map[string]string) {
	tree, rest, _ := strings.Cut(b.Out, "\n--\n")
	facts = map[string]string{}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		facts[name] = value
	}
	return tree, facts
}

// tree returns what a device has that was booted by look.
func tree(t *testing.T, b job.Boot) string {
	t.Helper()
	if b.Exit != 0 {
		t.Fatalf("the boot ended with %d: %s\n%s", b.Exit, b.Err, b.Out)
	}
	found, _ := split(b)
	return found
}

var id = regexp.MustCompile(`^([0-9a-f]{32}) ([0-9a-f]{32})$`)

// fault says what is wrong with the boots after a power cut, "" if nothing: each has
// to have one of the trees that are wanted, the second the same as the first, with the
// same machine id, and state-binder has nothing to complain of. stores are what
// State1.Store may be at the first.
func fault(o outcome, stores []string, wanted ...string) string {
	ids := map[string]bool{}
	trees := []string{}
	for n, b := range o.boots {
		if b.Exit != 0 {
			return fmt.Sprintf("boot %d ended with %d: %s", n+1, b.Exit, b.Err)
		}
		tree, facts := split(b)
		if !slices.Contains(wanted, tree) {
			return fmt.Sprintf("boot %d: %s", n+1, difference(wanted, tree))
		}
		trees = append(trees, tree)
		kept := id.FindStringSubmatch(facts["id"])
		if kept == nil || kept[1] != kept[2] {
			return fmt.Sprintf("boot %d: the machine ids are %q", n+1, facts["id"])
		}
		ids[kept[1]] = true
		if n > 0 {
			stores = []string{"partition"}
		}
		good := func(store string) bool { return strings.Contains(facts["report"], `"store":"`+store+`"`) }
		if !slices.ContainsFunc(stores, good) || strings.Contains(facts["report"], `"problems"`) && !good("recreated") {
			return fmt.Sprintf("boot %d: state-binder reports %s", n+1, facts["report"])
		}
	}
	if len(ids) != 1 || trees[0] != trees[len(trees)-1] {
		return fmt.Sprintf("the second boot differs from the first: ids %v, %s", ids, difference(trees[:1], trees[len(trees)-1]))
	}
	return ""
}

// difference shows how got differs from the wanted tree that it is likest.
func difference(wanted []string, got string) string {
	var best []string
	for _, want := range wanted {
		lines := diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
		if best == nil || len(lines) < len(best) {
			best = lines
		}
	}
	return fmt.Sprintf("%d lines differ: %s", len(best), strings.Join(best[:min(len(best), 8)], " | "))
}

// diff returns the lines of one that are not in the other, with a sign.
func diff(want, got []string) []string {
	lines := []string{}
	for _, line := range want {
		if !slices.Contains(got, line) {
			lines = append(lines, "-"+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, "+"+line)
		}
	}
	return lines
}
