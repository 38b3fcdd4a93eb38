// Package engine runs the services of a project on the container engine, through
// its API. Containers of the project carry labels; others are never touched.
package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"resinos.io/image/supervisor/internal/project"
)

// Labels of our containers, and the one by which docker compose knows its project.
const (
	labelService = "io.resinos.supervisor.service"
	labelHash    = "io.resinos.supervisor.hash"
	labelProject = "com.docker.compose.project"
)

// An Engine is the device's container engine.
type Engine struct{ api *client.Client }

// New returns the engine whose socket is at path.
func New(path string) (*Engine, error) {
	api, err := client.New(client.WithHost("unix://" + path))
	if err != nil {
		return nil, fmt.Errorf("cannot use the engine: %w", err)
	}
	return &Engine{api}, nil
}

// List returns the project's containers, running or not.
func (e *Engine) List(ctx context.Context) ([]project.Container, error) {
	found, err := e.api.ContainerList(ctx, client.ContainerListOptions{
		All: true, Filters: client.Filters{}.Add("label", labelService),
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list containers: %w", err)
	}
	var out []project.Container
	for _, c := range found.Items {
		out = append(out, project.Container{
			ID: c.ID, Service: c.Labels[labelService], Hash: c.Labels[labelHash], State: string(c.State),
		})
	}
	return out, nil
}

// Pull fetches image, unless the engine has it.
func (e *Engine) Pull(ctx context.Context, image string) error {
	_, err := e.api.ImageInspect(ctx, image)
	if err == nil {
		return nil
	}
	if !errdefs.IsNotFound(err) {
		return fmt.Errorf("cannot look for %s: %w", image, err)
	}
	pull, err := e.api.ImagePull(ctx, image, client.ImagePullOptions{})
	if err != nil {
		return fmt.Errorf("cannot pull %s: %w", image, err)
	}
	if err := pull.Wait(ctx); err != nil {
		return fmt.Errorf("cannot pull %s: %w", image, err)
	}
	return nil
}

// Start makes a container of service and starts it. One that cannot be started is
// removed again.
func (e *Engine) Start(ctx context.Context, service project.Service) error {
	if err := e.network(ctx); err != nil {
		return err
	}
	options, err := create(service)
	if err != nil {
		return err
	}
	made, err := e.api.ContainerCreate(ctx, options)
	if err != nil {
		return err
	}
	if _, err := e.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		_ = e.Remove(context.WithoutCancel(ctx), made.ID) // the start's error is the one that tells
		return err
	}
	return nil
}

// network makes the project's network, in which services find each other by name.
func (e *Engine) network(ctx context.Context) error {
	_, err := e.api.NetworkInspect(ctx, networkName, client.NetworkInspectOptions{})
	if !errdefs.IsNotFound(err) {
		return err
	}
	_, err = e.api.NetworkCreate(ctx, networkName, client.NetworkCreateOptions{
		Driver: "bridge", Labels: map[string]string{labelProject: project.Name},
	})
	return err
}

// Remove stops a container, which has its usual time for that, and removes it.
func (e *Engine) Remove(ctx context.Context, id string) error {
	if _, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return err
	}
	_, err := e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// Logs writes the last lines of a container's log, output and errors as they came.
func (e *Engine) Logs(ctx context.Context, id string, lines int, to io.Writer) error {
	log, err := e.api.ContainerLogs(ctx, id, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines),
	})
	if err != nil {
		return fmt.Errorf("cannot read the log: %w", err)
	}
	defer log.Close()
	_, err = stdcopy.StdCopy(to, to, log)
	return err
}
