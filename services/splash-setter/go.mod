module resinos.io/services/splash-setter

go 1.26.0

require (
	github.com/godbus/dbus/v5 v5.2.2
	golang.org/x/image v0.47.0
	golang.org/x/sys v0.49.0
	resinos.io/proto v0.0.0
	resinos.io/shared v0.0.0
)

require (
	github.com/coreos/go-systemd/v22 v22.7.0 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
)

replace (
	resinos.io/proto => ../../proto
	resinos.io/shared => ../../shared
)
