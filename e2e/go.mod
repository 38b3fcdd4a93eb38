module resinos.io/e2e

go 1.26.0

require resinos.io/image v0.0.0

require (
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

require resinos.io/proto v0.0.0

replace (
	resinos.io/image => ../image
	resinos.io/proto => ../proto
	resinos.io/shared => ../shared
)
