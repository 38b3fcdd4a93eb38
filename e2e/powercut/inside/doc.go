// Package inside is what the programs in the tiny virtual machines share: the
// kernel's own file systems and modules, and a disk that is written past the page
// cache, for notes in the record of its writes and for states of a power cut.
package inside
