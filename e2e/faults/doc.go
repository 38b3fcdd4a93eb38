// Package faults holds the tests of daemons that are killed and of what they stand
// on, the bus and the journal, going away, all of them together and under load.
// They are behind the build tag container.
package faults
