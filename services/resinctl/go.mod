module resinos.io/services/resinctl

go 1.26.0

require (
	github.com/godbus/dbus/v5 v5.2.2
	github.com/spf13/cobra v1.10.2
	golang.org/x/sys v0.49.0
	resinos.io/proto v0.0.0
	resinos.io/shared v0.0.0
)

require (
	github.com/cpuguy83/go-md2man/v2 v2.0.6 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
)

replace (
	resinos.io/proto => ../../proto
	resinos.io/shared => ../../shared
)
