// Package choice is image/boot/grub.cfg in Go: which slot it starts, and what it
// writes before. The test of power cuts asks it for thousands of disks; it asks the
// real GRUB the same question for each that is different in kind, so that the two
// cannot come apart unseen.
package choice

import (
	"bytes"
	"strings"
)

const (
	size      = 1024
	signature = "# GRUB Environment Block\n"
)

// A Choice is what the boot loader does.
type Choice struct {
	Slot  string // A or B
	Write []byte // what it writes to the environment before, nil for nothing
}

// Of reads the environment and its copy as they are in their files; nil is for a
// file that cannot be read.
func Of(env, good []byte) Choice {
	v := parse(env)
	slot, goodSlot, tries := v["slot"], v["good"], v["tries"]
	if !isSlot(slot) {
		slot, tries = parse(good)["good"], ""
		if !isSlot(slot) {
			slot = "A"
		}
		goodSlot = slot
	}
	if !isSlot(goodSlot) {
		goodSlot = slot
	}
	if tries == "" || slot == goodSlot {
		return Choice{Slot: slot}
	}
	if next, left := map[string]string{"3": "2", "2": "1", "1": "0"}[tries]; left {
		return Choice{slot, write(env, [][2]string{{"slot", slot}, {"good", goodSlot}, {"tries", next}, {"failed", v["failed"]}})}
	}
	return Choice{goodSlot, write(env, [][2]string{{"slot", goodSlot}, {"good", goodSlot}, {"tries", ""}, {"failed", slot}})}
}

func isSlot(s string) bool { return s == "A" || s == "B" }

// parse is GRUB's load_env.
func parse(block []byte) map[string]string {
	values := map[string]string{}
	rest, whole := bytes.CutPrefix(block, []byte(signature))
	if !whole || len(block) != size {
		return values
	}
	for line := range strings.SplitSeq(string(rest), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if name, value, found := strings.Cut(line, "="); found {
			values[name] = value
		}
	}
	return values
}

// write is GRUB's save_env: a variable that is there keeps its place.
func write(block []byte, set [][2]string) []byte {
	text := strings.TrimRight(string(block), "#")
	for _, v := range set {
		at := strings.Index(text, "\n"+v[0]+"=")
		if at < 0 {
			text += v[0] + "=" + v[1] + "\n"
			continue
		}
		at += len(v[0]) + 2
		end := at + strings.IndexByte(text[at:], '\n')
		text = text[:at] + v[1] + text[end:]
	}
	return []byte(text + strings.Repeat("#", size-len(text)))
}
