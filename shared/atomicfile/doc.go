// Package atomicfile is the one way in which programs of this project write
// files: whoever reads, now or after a power cut, finds the old content or the
// new one, never a part.
//
// Write is for file systems on which a rename is atomic, such as ext4, xfs,
// btrfs and tmpfs. It is not safe on FAT: there the directory entry points to
// clusters that are already free until the moved file's inode is written back.
//
// Replace is for FAT. A checksummed side file holds the new content and is
// durable for as long as the target changes; Recover, called early at boot and
// before the next Replace, finishes or drops what was interrupted. A target
// that somebody changed on another computer meanwhile is never overwritten.
// For config.json the neighbours are CONFIG.JNL (the side file), CONFIG.TMP,
// config.json.rejected (an edit that lost against such a change) and
// config.json.damaged (what stood in the target's place and was no valid file).
//
// When Write or Replace returns nil the new content is durable. An error leaves
// the old content or, if the very last steps failed, the new one.
//
// What a power cut does to FAT is known and no fsck is needed: a name that points
// to free clusters or to those of another name of ours is emptied before any
// cluster is taken. The kernel reports such a chain as an error of the file
// system when it is emptied, so the mount must have errors=continue, or the file
// system becomes read-only then. Clusters can be lost, at most twice the file's
// size at a power cut. Replace needs free space for the file three times.
//
// Not promised: Replace and Recover of one path must not run at the same time,
// in any process; the caller holds a lock. While Recover works the file may be
// seen empty. Programs that write other files to the same file system while a
// change is interrupted, before Recover, can take clusters that the file still
// points to. Device caches that ignore flushes defeat everything.
package atomicfile
