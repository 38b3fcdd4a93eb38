// Package tools pins the programs that lint this project. Nothing imports it:
// they are the "tool" lines of go.mod.
package tools
