// Command genschema writes the JSON Schema of config.json to the file it is given.
package main

import (
	"log/slog"
	"os"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
)

func main() {
	if len(os.Args) != 2 {
		slog.Error("usage: genschema FILE")
		os.Exit(2)
	}
	text, err := config.Schema()
	if err == nil {
		err = atomicfile.Write(os.Args[1], text, 0o644)
	}
	if err != nil {
		slog.Error("cannot write the schema", "error", err)
		os.Exit(1)
	}
}
