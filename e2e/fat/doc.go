// Package fat reads FAT16 and FAT32 file systems without mounting them, to see
// what a power cut has left.
//
// There are two ways to look. The strict one, [FS.ReadFile] and [FS.Check],
// accepts a file only if its chain of clusters is whole, ends where the size
// says, and no cluster of it is free. The lenient one, [FS.ReadLikeLinux], gives
// what a program on Linux would read of the same file, and ErrIO where the
// kernel gives EIO: it looks at as much of the chain as the size asks for, and
// never at the entry of the last cluster.
//
// It promises to read nothing outside the file system, to end on any input, and
// to change nothing. It does not promise to read FAT12 (ErrFormat), names in
// code pages (a byte outside ASCII becomes U+FFFD), or deleted files.
//
// The format is in Microsoft's "FAT32 File System Specification", version 1.03;
// what Linux does with it is in fs/fat of its sources.
package fat
