// Package config reads, watches and edits config.json, the one file with which
// a device's owner configures it. It is the only implementation of its rules,
// for daemons and tools alike.
//
// It promises never to make things worse. A file that does not parse changes
// nothing: the last good configuration stays in force, over reboots too, and
// the fault is a Problem with line and column. A bad value falls back alone.
// An edit keeps every byte that it was not asked to change, because unknown
// keys are other programs' property, and survives a power cut on FAT. Two
// edits at once, in one process or two, are both kept.
//
// It does not promise that a program which writes the file without this package
// is waited for, nor that an edit that comes while such a program is saving is
// kept: there is no lock that both know.
//
// A new key is a field of Config, a row in keys, its examples in the tests and
// go generate: validation and the published JSON Schema come from that row.
//
// A Store may be used from several goroutines; a Document belongs to one.
package config
