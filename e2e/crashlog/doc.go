// Package crashlog turns a record of the writes to a disk into the states in
// which a power cut can leave that disk.
//
// [Parse] reads the format of the Linux kernel's dm-log-writes target, which
// QEMU's block driver blklogwrites writes too. [Log.States] walks through the
// states that a disk with a volatile write cache may legally have:
//
//   - prefix: the power goes after a write; all writes before it are there.
//   - subset: of the writes since the last flush any may be there and any not.
//   - torn: of a write of several sectors only some sectors are there.
//
// It promises that every state it gives is legal: what was written before a
// completed flush, or with FUA, is always there. A discard counts as carried
// out and, in a second walk, as not carried out. States are given once for
// each different content, and each can be named (Spec) and built again.
//
// It does not promise to give every legal state: of more than 2^8 subsets a
// seeded sample is taken, as of the patterns of a torn write. A sector is taken
// to be written whole or not at all, and a device that lies about its flushes
// is not modelled.
package crashlog
