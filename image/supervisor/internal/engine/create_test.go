package engine

import (
	"encoding/json"
	"testing"

	"resinos.io/image/supervisor/internal/project"
)

// TestCreate holds what the engine is asked for against the compose file.
func TestCreate(t *testing.T) {
	services, err := project.Parse(t.Context(), []byte(`
services:
  web:
    image: web:1
    command: ["serve", "--fast"]
    environment: {MODE: field}
    ports: ["127.0.0.1:8080:80/tcp", "53:53/udp"]
    volumes: ["kept:/data", "/run/dbus:/run/dbus:ro"]
    restart: unless-stopped
    labels: {owner: me}
    cap_add: [NET_ADMIN]
volumes: {kept: {}}
`))
	if err != nil {
		t.Fatal(err)
	}
	options, err := create(services[0])
	if err != nil {
		t.Fatal(err)
	}
	if options.Name != "resin-web" || options.Config.Image != "web:1" || options.HostConfig.RestartPolicy.Name != "unless-stopped" {
		t.Errorf("%+v", options)
	}
	for what, c := range map[string]struct {
		got  any
		want string
	}{
		"command":     {options.Config.Cmd, `["serve","--fast"]`},
		"environment": {options.Config.Env, `["MODE=field"]`},
		"ports": {
			options.HostConfig.PortBindings,
			`{"53/udp":[{"HostIp":"","HostPort":"53"}],"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}`,
		},
		"capabilities": {options.HostConfig.CapAdd, `["NET_ADMIN"]`},
		"mounts": {options.HostConfig.Mounts, `[{"Type":"volume","Source":"resin_kept","Target":"/data"},` +
			`{"Type":"bind","Source":"/run/dbus","Target":"/run/dbus","ReadOnly":true}]`},
		"network": {options.HostConfig.NetworkMode, `"resin_default"`},
		"labels": {options.Config.Labels, `{"com.docker.compose.project":"resin","io.resinos.supervisor.hash":"` + services[0].Hash +
			`","io.resinos.supervisor.service":"web","owner":"me"}`},
	} {
		got, err := json.Marshal(c.got)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, want %s (%v)", what, got, c.want, err)
		}
	}
}
