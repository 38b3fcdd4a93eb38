module resinos.io/e2e

go 1.26.0

require resinos.io/image v0.0.0

require (
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
)

require (
	github.com/godbus/dbus/v5 v5.2.2
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0
	resinos.io/proto v0.0.0
	resinos.io/shared v0.0.0
)

replace (
	resinos.io/image => ../image
	resinos.io/proto => ../proto
	resinos.io/shared => ../shared
)
