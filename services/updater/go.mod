module resinos.io/services/updater

go 1.26.0

require (
	github.com/godbus/dbus/v5 v5.2.2
	resinos.io/proto v0.0.0
	resinos.io/shared v0.0.0
)

require (
	github.com/coreos/go-systemd/v22 v22.7.0 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	resinos.io/proto => ../../proto
	resinos.io/shared => ../../shared
)
