package nm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Wifx/gonetworkmanager/v2"
	"github.com/godbus/dbus/v5"
)

// Checkpoint makes NetworkManager remember its devices and connections as they
// are, and go back to that by itself after limit, unless Destroy comes before:
// also when we have died meanwhile.
func (m *Manager) Checkpoint(ctx context.Context, limit time.Duration) (dbus.ObjectPath, error) {
	checkpoint, err := ask(ctx, m, func() (gonetworkmanager.Checkpoint, error) {
		manager, err := gonetworkmanager.NewNetworkManager()
		if err != nil {
			return nil, err
		}
		return manager.CheckpointCreate(nil, uint32(limit/time.Second), uint32(gonetworkmanager.NmCheckpointCreateFlagsAllowOverlapping))
	})
	if err != nil {
		return "", fmt.Errorf("cannot make a checkpoint in NetworkManager: %w", err)
	}
	return checkpoint.GetPath(), nil
}

// ErrNoCheckpoint means that NetworkManager does not have the checkpoint, or no
// longer: it went back to it, or was restarted.
var ErrNoCheckpoint = errors.New("NetworkManager has no such checkpoint")

// Destroy forgets a checkpoint: what is now stays.
func (m *Manager) Destroy(ctx context.Context, checkpoint dbus.ObjectPath) error {
	if err := m.withCheckpoint(ctx, checkpoint, gonetworkmanager.NetworkManager.CheckpointDestroy); err != nil {
		return fmt.Errorf("cannot end NetworkManager's checkpoint: %w", err)
	}
	return nil
}

// Rollback goes back to a checkpoint and forgets it.
func (m *Manager) Rollback(ctx context.Context, checkpoint dbus.ObjectPath) error {
	err := m.withCheckpoint(ctx, checkpoint, func(manager gonetworkmanager.NetworkManager, c gonetworkmanager.Checkpoint) error {
		_, err := manager.CheckpointRollback(c)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot go back to NetworkManager's checkpoint: %w", err)
	}
	return nil
}

// Holds reports whether NetworkManager still has the checkpoint.
func (m *Manager) Holds(ctx context.Context, checkpoint dbus.ObjectPath) (bool, error) {
	have, err := property[[]dbus.ObjectPath](ctx, m, managerPath, busName, "Checkpoints")
	return slices.Contains(have, checkpoint), err
}

func (m *Manager) withCheckpoint(ctx context.Context, path dbus.ObjectPath,
	do func(gonetworkmanager.NetworkManager, gonetworkmanager.Checkpoint) error,
) error {
	there, err := m.Holds(ctx, path)
	if err != nil {
		return err
	}
	if !there {
		return ErrNoCheckpoint
	}
	return tell(ctx, m, func() error {
		manager, err := gonetworkmanager.NewNetworkManager()
		if err != nil {
			return err
		}
		checkpoint, err := gonetworkmanager.NewCheckpoint(path)
		if err != nil {
			return err
		}
		return do(manager, checkpoint)
	})
}
