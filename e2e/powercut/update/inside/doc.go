// Package inside is what the program in the machine of the test of updates does with
// its disk: it writes past the page cache, for notes in the record of the writes and
// for states of a power cut.
package inside
