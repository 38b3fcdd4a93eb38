package atomicfile

import (
	"math/rand/v2"
	"testing"
)

const (
	modelPath = "/dir/config.json"
	allStates = 2000 // of one moment: enumerated up to here, else drawn
	drawn     = 300
	nested    = 12 // states from which the recovery is interrupted in turn
)

// A moment is the disk after one operation of a program, and whether the
// program had already reported success.
type moment struct {
	disk *fat
	done bool
}

// moments runs program on m and returns the disk after each operation.
func moments(m *fat, program func(ops) error) []moment {
	var all []moment
	add := func(done bool) {
		all = append(all, moment{&fat{now: m.now.clone(), durable: m.durable.clone(), pending: m.pending, freed: m.freed}, done})
	}
	add(false)
	m.after = func() { add(false) }
	err := program(m)
	add(err == nil)
	return all
}

// states calls visit with every disk that a power cut at m can leave, or with a sample.
func (m moment) states(random *rand.Rand, most int, visit func(*fat)) {
	total := 2 * int(freedKinds)
	for _, e := range m.disk.pending {
		if total *= len(e.variants) + 1; total > most {
			break
		}
	}
	if total > most {
		for range min(most, drawn) {
			visit(m.disk.reboot(random.IntN))
		}
		return
	}
	for n := range total {
		visit(m.disk.reboot(func(ways int) int {
			way := n % ways
			n /= ways
			return way
		}))
	}
}

func (m *fat) file() string {
	node, ok := m.now.entries["config.json"]
	if !ok {
		return "(missing)"
	}
	text, err := (&fatFile{fat: m, node: node}).text()
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return text
}

func runRecover(o ops) error {
	_, err := target{o, modelPath}.recover(validJSON)
	return err
}

func replaceOld(o ops) error {
	return target{o, modelPath}.replace([]byte(oldText), []byte(newText), 0o600)
}

// TestPowerCut cuts the power after every operation of Replace, in every state
// of the disk that the model allows, and again during the recovery.
func TestPowerCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	states, again := 0, 0
	check := func(m *fat, done bool, depth int) {
		if err := runRecover(m); err != nil {
			t.Fatalf("depth %d: %v", depth, err)
		}
		now := m.file()
		if now != newText && (now != oldText || done) {
			t.Fatalf("depth %d, reported %v: %q", depth, done, now)
		}
		for name := range m.now.entries {
			if name != "config.json" && name != "config.json.damaged" {
				t.Fatalf("depth %d: left behind %s", depth, name)
			}
		}
	}
	for _, at := range moments(newFAT(map[string]string{"config.json": oldText}), replaceOld) {
		count := 0
		at.states(random, allStates, func(m *fat) {
			states++
			if count++; count <= nested {
				for _, inner := range moments(m.reboot(func(int) int { return int(m.freed) }), runRecover) {
					inner.states(random, nested, func(m *fat) {
						again++
						check(m, at.done, 2)
					})
				}
			}
			check(m, at.done, 1)
		})
	}
	t.Logf("%d states, %d states of the recovery", states, again)
}

// TestPowerCutOfTheUsualWay shows that the model can see: what is right on ext4
// loses the file.
func TestPowerCutOfTheUsualWay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	states, lost := 0, 0
	usual := func(o ops) error { return write(o, modelPath, []byte(newText), 0o600) }
	for _, at := range moments(newFAT(map[string]string{"config.json": oldText}), usual) {
		at.states(random, allStates, func(m *fat) {
			states++
			if now := m.file(); now != newText && (now != oldText || at.done) {
				lost++
			}
		})
	}
	t.Logf("lost in %d of %d states", lost, states)
	if lost == 0 {
		t.Error("the model finds nothing wrong with a plain rename")
	}
}
