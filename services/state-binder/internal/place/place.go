// Package place names what state-binder keeps on a partition. Nothing else of
// this program knows where anything is there.
package place

import "path/filepath"

// A Dir is the mount point of a partition, or what stands in for one in memory.
type Dir string

// Overlay holds the content of the bound paths, each at its own path.
func (d Dir) Overlay() string { return filepath.Join(string(d), "root-overlay") }

// Source returns what is bound over path.
func (d Dir) Source(path string) string { return filepath.Join(d.Overlay(), path) }

// Fresh is the next Overlay while a purge makes it.
func (d Dir) Fresh() string { return filepath.Join(string(d), ".root-overlay.new") }

// Trash holds what a purge took away until it is deleted.
func (d Dir) Trash() string { return filepath.Join(string(d), ".trash") }

// Reserve is a file that is given up when a purge needs room on a full partition.
func (d Dir) Reserve() string { return filepath.Join(string(d), ".reserve") }

// Request holds the scope of a purge that was asked for.
func (d Dir) Request() string { return filepath.Join(string(d), "purge") }

// Honoured lists requests on the boot partition that were carried out and could
// not be removed there.
func (d Dir) Honoured() string { return filepath.Join(string(d), ".purge-honoured") }

// Own reports whether a name at the top of the partition is not the content of
// any bound path: a purge leaves it.
func (d Dir) Own(name string) bool {
	path := filepath.Join(string(d), name)
	switch path {
	case d.Fresh(), d.Trash(), d.Reserve(), d.Request(), d.Honoured(), filepath.Join(string(d), "lost+found"):
		return true
	}
	return false
}
