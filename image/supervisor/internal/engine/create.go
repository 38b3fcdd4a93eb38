package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"resinos.io/image/supervisor/internal/project"
)

const networkName = project.Name + "_default"

// create returns what the engine is asked for: every key of a service that package
// project lets through.
func create(s project.Service) (client.ContainerCreateOptions, error) {
	ports, bindings, err := published(s)
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	restart, err := restartPolicy(s.Restart)
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	labels := map[string]string{}
	maps.Copy(labels, s.Labels)
	maps.Copy(labels, map[string]string{labelService: s.Name, labelHash: s.Hash, labelProject: project.Name})
	options := client.ContainerCreateOptions{
		Name: project.Name + "-" + s.Name,
		Config: &container.Config{
			Image: s.Image, Cmd: s.Command, Entrypoint: s.Entrypoint, Env: environment(s), Labels: labels,
			Hostname: s.Hostname, User: s.User, WorkingDir: s.WorkingDir, ExposedPorts: ports,
		},
		HostConfig: &container.HostConfig{
			NetworkMode: container.NetworkMode(s.NetworkMode), PortBindings: bindings, RestartPolicy: restart,
			CapAdd: s.CapAdd, CapDrop: s.CapDrop, Privileged: s.Privileged, ReadonlyRootfs: s.ReadOnly,
			Tmpfs: tmpfs(s), Mounts: mounts(s), Resources: container.Resources{Devices: devices(s)},
		},
	}
	if s.NetworkMode == "" {
		options.HostConfig.NetworkMode = networkName
		options.NetworkingConfig = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			networkName: {Aliases: []string{s.Name}},
		}}
	}
	return options, nil
}

func environment(s project.Service) []string {
	var out []string
	for name, value := range s.Environment {
		if value == nil { // "take it from the caller's": there is no caller
			continue
		}
		out = append(out, name+"="+*value)
	}
	slices.Sort(out)
	return out
}

func published(s project.Service) (network.PortSet, network.PortMap, error) {
	ports, bindings := network.PortSet{}, network.PortMap{}
	for _, p := range s.Ports {
		protocol := network.IPProtocol(p.Protocol)
		if protocol == "" {
			protocol = network.TCP
		}
		port, ok := network.PortFrom(uint16(p.Target), protocol)
		if !ok {
			return nil, nil, fmt.Errorf("port %d/%s: no such port", p.Target, p.Protocol)
		}
		binding := network.PortBinding{HostPort: p.Published}
		if p.HostIP != "" {
			address, err := netip.ParseAddr(p.HostIP)
			if err != nil {
				return nil, nil, err
			}
			binding.HostIP = address
		}
		ports[port] = struct{}{}
		bindings[port] = append(bindings[port], binding)
	}
	return ports, bindings, nil
}

// restartPolicy is the compose file's; without one an application is started again
// after every end, as a device has nobody beside it.
func restartPolicy(text string) (container.RestartPolicy, error) {
	switch name, _, _ := strings.Cut(text, ":"); name {
	case "":
		return container.RestartPolicy{Name: container.RestartPolicyAlways}, nil
	case "no", "always", "on-failure", "unless-stopped":
		return container.RestartPolicy{Name: container.RestartPolicyMode(name)}, nil
	}
	return container.RestartPolicy{}, fmt.Errorf("restart %q: no such policy", text)
}

func tmpfs(s project.Service) map[string]string {
	out := map[string]string{}
	for _, entry := range s.Tmpfs {
		path, options, _ := strings.Cut(entry, ":")
		out[path] = options
	}
	return out
}

func mounts(s project.Service) []mount.Mount {
	var out []mount.Mount
	for _, v := range s.Volumes {
		out = append(out, mount.Mount{Type: mount.Type(v.Type), Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly})
	}
	return out
}

func devices(s project.Service) []container.DeviceMapping {
	var out []container.DeviceMapping
	for _, d := range s.Devices {
		out = append(out, container.DeviceMapping{
			PathOnHost: d.Source, PathInContainer: d.Target, CgroupPermissions: d.Permissions,
		})
	}
	return out
}
