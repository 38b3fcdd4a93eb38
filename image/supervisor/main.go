// Command supervisor is the reference management container of a resinOS device: an
// HTTP API for the device, and the applications of one compose file.
// See README.md beside this file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/image/supervisor/internal/api"
	"resinos.io/image/supervisor/internal/engine"
	"resinos.io/image/supervisor/internal/host"
	"resinos.io/image/supervisor/internal/key"
	"resinos.io/image/supervisor/internal/project"
	"resinos.io/shared/bus"
	"resinos.io/shared/journal"
	"resinos.io/shared/updatelock"
)

const (
	headerTime = 10 * time.Second // for a client to say what it wants
	endTime    = 10 * time.Second // for requests under way when we are told to end

	lockDir = "/run/resinos/update-locks" // mounted at the host's place
)

// errBusLost ends the supervisor: everything it tells comes from the bus.
var errBusLost = errors.New("the connection to the bus is lost")

func main() {
	listen := flag.String("listen", ":48484", "address of the API")
	dir := flag.String("data", "/data", "folder for the key, compose files and what is wanted")
	socket := flag.String("engine", "/run/docker.sock", "socket of the container engine")
	healthcheck := flag.Bool("healthcheck", false, "ask the supervisor that runs whether it is healthy, and exit")
	flag.Parse()
	log := journal.New(os.Stderr, new(slog.LevelVar))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	do := func() error { return serve(ctx, log, *listen, *dir, *socket) }
	if *healthcheck {
		do = func() error { return ask(ctx, *listen) }
	}
	if err := do(); err != nil {
		log.Error("ended", "error", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// serve runs the supervisor until ctx ends or the bus is lost.
func serve(ctx context.Context, log *slog.Logger, listen, dir, socket string) error {
	secret, err := key.Ensure(filepath.Join(dir, "api-key"))
	if err != nil {
		return err
	}
	conn, err := bus.Connect("", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	containers, err := engine.New(socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(conn.Context(), func() { cancel(errBusLost) })()
	held := func() (string, error) { return updatelock.Held(lockDir) }
	applications := project.New(containers, dir, held)
	server := &api.Server{
		Host: host.Host{Conn: conn, Held: held}, Project: applications, Key: secret, Log: log,
		Healthy: func(ctx context.Context) error { return answers(ctx, conn) },
	}
	go applications.Run(ctx, func(err error) { log.Warn("the applications do not all run as asked for", "error", err) })
	err = listenAndServe(ctx, log, &http.Server{Addr: listen, Handler: server.Handler(), ReadHeaderTimeout: headerTime})
	if errors.Is(context.Cause(ctx), errBusLost) {
		err = errors.Join(err, errBusLost)
	}
	return err
}

func listenAndServe(ctx context.Context, log *slog.Logger, server *http.Server) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return fmt.Errorf("cannot serve the API: %w", err)
	}
	log.Info("the API is served", "address", listener.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	return server.Shutdown(last)
}

// answers reports whether the bus does.
func answers(ctx context.Context, conn *dbus.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, headerTime)
	defer cancel()
	// Not Peer.Ping: the bus's own policy refuses that one.
	return conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetId", 0).Err
}

// ask is the container's health check: the image has no other program.
func ask(ctx context.Context, listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, headerTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/v1/healthy", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("not healthy: " + response.Status)
	}
	return nil
}
