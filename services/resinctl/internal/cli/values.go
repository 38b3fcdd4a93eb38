package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"resinos.io/services/resinctl/internal/device"
)

// settleTime is how long a change that a service has taken may need on a busy device.
const settleTime = 20 * time.Second

// errNotInForce is wrapped when a change was taken and has no effect yet.
var errNotInForce = errors.New("it is written, and not in force yet")

// service returns the one with a bus name.
func service(busName string) (device.Service, error) {
	for _, s := range device.Services() {
		if s.BusName == busName {
			return s, nil
		}
	}
	return device.Service{}, fmt.Errorf("%w: %s", device.ErrNotRunning, busName)
}

// values returns the properties of the service with a bus name.
func (a *App) values(cmd *cobra.Command, d device.Device, busName string) (device.Values, error) {
	s, err := service(busName)
	if err != nil {
		return nil, err
	}
	v, err := d.Get(cmd.Context(), s, busName)
	if err != nil {
		return nil, fmt.Errorf("%w; `resinctl doctor %s` finds out why", err, s.Name)
	}
	return v, nil
}

// settled waits until the properties of a service are as was asked. Its methods
// return when a change is durable, which may be before it is in force.
func (a *App) settled(cmd *cobra.Command, d device.Device, busName string, as func(device.Values) bool) error {
	for end := time.Now().Add(settleTime); ; {
		v, err := a.values(cmd, d, busName)
		switch {
		case err != nil:
			return err
		case as(v):
			return nil
		case time.Now().After(end):
			return fmt.Errorf("%w, after %v; `resinctl status` shows what is wrong", errNotInForce, settleTime)
		}
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
