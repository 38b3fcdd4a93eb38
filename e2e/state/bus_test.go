//go:build container || vm

package state

import "strings"

// object is the daemon's, as busctl takes it; an interface and a member follow.
const object = " io.resinos.State1 /io/resinos/State1 io.resinos."

func get(name string) string {
	return "busctl get-property" + object + strings.Replace(name, ".", " ", 1)
}

func call(member string) string {
	return "busctl call" + object + strings.Replace(member, ".", " ", 1)
}
