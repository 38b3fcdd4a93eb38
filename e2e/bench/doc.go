// Package bench measures what the project promises in numbers, in the booted image,
// and prints a table of what was promised, what was measured, and what a peer needs
// in the same run: `make bench`, which runs it with the build tag bench.
//
// BENCH_WINDOW is how long the device idles (10m). PEER_OS_AGENT is the path of a
// built os-agent, a one-process Go service for the same kind of device; its column
// is empty without. The machine runs without KVM, so times are several times those
// of hardware; ratios and counts are what they are there. Times are measured a second
// time in a container, which has the speed of the processor.
//
// A row is over its budget or not; the bench fails only if it cannot measure. More
// rows: one more function in TestBench.
package bench
