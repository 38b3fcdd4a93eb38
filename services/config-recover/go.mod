module resinos.io/services/config-recover

go 1.26.0

require resinos.io/shared v0.0.0

require (
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace resinos.io/shared => ../../shared
