package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"resinos.io/proto/service1"
	"resinos.io/services/resinctl/internal/device"
)

// settleTime is how long a change that a service has taken may need on a busy device.
const settleTime = 20 * time.Second

// errNotInForce is wrapped when a change was taken and has no effect yet.
var errNotInForce = errors.New("it is written, and not in force yet")

// values returns the properties of the service with a bus name.
func (a *App) values(cmd *cobra.Command, d device.Device, busName string) (device.Values, error) {
	return a.properties(cmd, d, busName, busName)
}

// problems returns what a service says is wrong, by what it is about.
func (a *App) problems(cmd *cobra.Command, d device.Device, busName string) (map[string]string, error) {
	v, err := a.properties(cmd, d, busName, service1.Interface)
	out := map[string]string{}
	for _, p := range device.Value[[]service1.Problem](v, service1.PropertyProblems) {
		out[p.What] = p.Why
	}
	return out, err
}

// properties returns those of one of the service's interfaces.
func (a *App) properties(cmd *cobra.Command, d device.Device, busName, face string) (device.Values, error) {
	for _, s := range device.Services() {
		if s.BusName == busName {
			v, err := d.Get(cmd.Context(), s, face)
			if err != nil {
				return nil, fmt.Errorf("%w; `resinctl doctor %s` finds out why", err, s.Name)
			}
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", device.ErrNotRunning, busName)
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
