module resinos.io/shared

go 1.26.0

require (
	github.com/fsnotify/fsnotify v1.10.1
	github.com/go-json-experiment/json v1.27.2
	golang.org/x/sys v0.49.0
)
