module resinos.io/shared

go 1.26.0

require (
	github.com/coreos/go-systemd/v22 v22.7.0
	github.com/fsnotify/fsnotify v1.10.1
	github.com/go-json-experiment/json v1.27.2
	github.com/godbus/dbus/v5 v5.2.2
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	golang.org/x/sys v0.49.0
)

require github.com/klauspost/compress v1.20.3

require (
	golang.org/x/text v0.14.0 // indirect
	resinos.io/proto v0.0.0
)

replace resinos.io/proto => ../proto
