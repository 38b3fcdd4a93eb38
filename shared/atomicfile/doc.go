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
// Not promised: Replace and Recover of one path must not run at the same time,
// in any process; the caller holds a lock. Two files sharing clusters, which a
// power cut on FAT can cause, are for fsck to part, which must run before
// Recover. Device caches that ignore flushes defeat everything.
package atomicfile
