package project

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// understood are the keys of a service that an [Engine] carries out.
var understood = []string{
	"cap_add", "cap_drop", "command", "depends_on", "devices", "entrypoint", "environment", "hostname", "image", "labels",
	"network_mode", "networks", "ports", "privileged", "read_only", "restart", "tmpfs", "user", "volumes", "working_dir",
}

// A Service is one of the compose file, with a hash that changes when it does.
type Service struct {
	types.ServiceConfig
	Hash string
}

// Parse returns the services of a compose file, each after those that it depends
// on. Errors wrap [ErrInvalid].
func Parse(ctx context.Context, text []byte) ([]Service, error) {
	parsed, err := loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: text}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) {
		o.SetProjectName(Name, true)
		o.SkipInclude = true // one file is what was asked for
		o.SkipExtends = true
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var services []Service
	done := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(parsed.Services)) {
		if err := nameVolumes(parsed.Services[name].Volumes, parsed.Volumes); err != nil {
			return nil, fmt.Errorf("%w: service %s: %w", ErrInvalid, name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsed.Services)) {
		if services, err = add(services, done, parsed.Services, name); err != nil {
			return nil, fmt.Errorf("%w: service %s: %w", ErrInvalid, name, err)
		}
	}
	return services, nil
}

// add appends the service name, after those it depends on. The loader has refused circles.
func add(services []Service, done map[string]bool, all types.Services, name string) ([]Service, error) {
	if done[name] {
		return services, nil
	}
	done[name] = true
	config := all[name]
	var err error
	for _, before := range slices.Sorted(maps.Keys(config.DependsOn)) {
		if services, err = add(services, done, all, before); err != nil {
			return nil, err
		}
	}
	service, err := check(config)
	return append(services, service), err
}

// check refuses what is not understood.
func check(config types.ServiceConfig) (Service, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return Service{}, err
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return Service{}, err
	}
	for key, value := range keys {
		if value != nil && !slices.Contains(understood, key) {
			return Service{}, fmt.Errorf("%q is not understood", key)
		}
	}
	for network := range config.Networks {
		if network != "default" {
			return Service{}, fmt.Errorf("network %q: there is only the default one", network)
		}
	}
	for name, on := range config.DependsOn {
		if on.Condition != types.ServiceConditionStarted {
			return Service{}, fmt.Errorf("depends_on %q: the condition %q is not understood", name, on.Condition)
		}
	}
	if config.Image == "" {
		return Service{}, fmt.Errorf("it has no image")
	}
	sum := sha256.Sum256(text)
	return Service{config, hex.EncodeToString(sum[:])}, nil
}

// nameVolumes gives the volumes of a service the names that they have in the engine.
func nameVolumes(used []types.ServiceVolumeConfig, all types.Volumes) error {
	for i, volume := range used {
		if volume.Type != types.VolumeTypeBind && volume.Type != types.VolumeTypeVolume {
			return fmt.Errorf("volumes of type %q are not understood", volume.Type)
		}
		if volume.Type == types.VolumeTypeBind || volume.Source == "" {
			continue
		}
		declared := all[volume.Source]
		if declared.External || declared.Driver != "" || len(declared.DriverOpts) > 0 {
			return fmt.Errorf("volume %q: external ones and drivers are not understood", volume.Source)
		}
		used[i].Source = declared.Name
	}
	return nil
}
