// Package store sees to it that there is a state partition to bind from: it has
// been mounted, or it is checked, or made anew if it cannot be saved.
//
// Promised: a partition that can be mounted is never made anew, and one whose
// device is not there is not waited for. When nothing helps, the caller keeps
// state in memory; that is no error, as a device that cannot remember must still
// be reached.
package store

import (
	"context"
	"fmt"
	"time"

	"resinos.io/shared/config"
)

// A Kind is where state is kept, as State1.Store has it.
type Kind string

// The places where state can be kept.
const (
	Partition Kind = "partition"
	Recreated Kind = "recreated"
	Memory    Kind = "memory"
)

// name is how problems call the partition.
const name = "resin-state"

// repairTime bounds the check and the making of a file system, each.
const repairTime = 3 * time.Minute

// A Disk is what Open needs of the system.
type Disk interface {
	// Mounted reports whether the partition is mounted, and whether it can be written.
	Mounted() (mounted, writable bool)
	// Present reports whether the partition's device is there.
	Present() bool
	// Mount mounts it, with the options that the system's own mount unit has.
	Mount() error
	// Check repairs the file system as far as that can be done without asking.
	Check(ctx context.Context) error
	// Make makes a new, empty file system.
	Make(ctx context.Context) error
}

// Open returns where state is kept from now on, and what is wrong with that.
func Open(ctx context.Context, disk Disk) (Kind, []config.Problem) {
	mounted, writable := disk.Mounted()
	switch {
	case mounted && writable:
		return Partition, nil
	case mounted:
		return Partition, problem("it is mounted read-only: what is changed now does not survive")
	case !disk.Present():
		return Memory, problem("there is no such partition: nothing survives a reboot")
	}
	return rescue(ctx, disk)
}

// rescue is for a partition that is there and is not mounted. It may only have
// been late: the system gives up waiting for a slow device.
func rescue(ctx context.Context, disk Disk) (Kind, []config.Problem) {
	if disk.Mount() == nil {
		return Partition, nil
	}
	checkErr := bounded(ctx, disk.Check)
	mountErr := disk.Mount()
	if mountErr == nil {
		return Partition, problem("it could not be mounted and was repaired; some state may be lost")
	}
	if err := bounded(ctx, disk.Make); err != nil {
		return Memory, problem(fmt.Sprintf("it cannot be mounted (%v), repaired (%v) or made anew (%v): nothing survives a reboot", mountErr, checkErr, err))
	}
	if err := disk.Mount(); err != nil {
		return Memory, problem(fmt.Sprintf("it was made anew and cannot be mounted: %v: nothing survives a reboot", err))
	}
	return Recreated, problem(fmt.Sprintf("it could not be saved and was made anew; all state of before is lost (%v)", mountErr))
}

func bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, repairTime)
	defer cancel()
	return do(ctx)
}

func problem(reason string) []config.Problem {
	return []config.Problem{{Pointer: name, Reason: reason}}
}
