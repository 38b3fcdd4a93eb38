// Package repository makes and changes an update repository: a folder of static
// files for any web server, CDN or USB stick. It puts together what the updater
// takes apart: shared/trust/sign has the signed metadata, shared/casync the index
// and the chunks, shared/release the manifest.
//
//	metadata/                        who may be believed, and what is published
//	targets/TYPE/VARIANT/HASH.*      manifests, indexes, tables of deltas, named by the metadata
//	chunks/xxxx/ID.cacnk             the store: pieces of all images
//	chunks/xxxx/ID.cacnk.from-BASE   the same as differences to other pieces, for those who have them
//	boot/SHA256                      files of the boot partition
//
// It promises that a client never sees half of a release, whenever this program
// is killed or the power fails: chunks and boot files are durable before metadata
// names them, and the last thing that changes is timestamp.json. What an
// interrupted run left behind is used by the next one, or taken away by Prune.
// What a client read a moment ago stays valid: only Prune removes anything.
//
// It does not upload: copy the folder as the README of cmd/release says.
package repository

import "errors"

var (
	// ErrPublished is wrapped when a version is there already, with other content.
	ErrPublished = errors.New("this version is published already, with other content")
	// ErrDamaged is wrapped when the repository does not hold what its metadata says.
	ErrDamaged = errors.New("the repository is damaged")
	// ErrBusy is wrapped when another process changes the repository.
	ErrBusy = errors.New("another process changes the repository")
	// ErrImage is wrapped when an image is not a root file system that can be published.
	ErrImage = errors.New("no root file system that can be published")
	// ErrPolicy is wrapped when the file that says how keys are used cannot be used.
	ErrPolicy = errors.New("bad key policy")
)
