// Command generate writes what comes with resinctl and is made from its
// commands: manual pages and bash's completion.
//
// Usage: generate DIR VERSION, with man1/ and bash-completion/completions/ made below DIR
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra/doc"

	"resinos.io/services/resinctl/internal/cli"
	"resinos.io/services/resinctl/internal/terminal"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: generate DIR VERSION")
	}
	app := &cli.App{Version: args[1], Out: &terminal.Output{Writer: io.Discard}, Err: io.Discard}
	command := app.Command()
	command.DisableAutoGenTag = true
	man := filepath.Join(args[0], "man", "man1")
	bash := filepath.Join(args[0], "bash-completion", "completions")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(bash, 0o755)); err != nil {
		return err
	}
	// The date is SOURCE_DATE_EPOCH's, where it is set: the same sources give the same bytes.
	header := doc.GenManHeader{Section: "1", Source: "resinOS " + args[1], Manual: "resinOS"}
	if err := doc.GenManTree(command, &header, man); err != nil {
		return fmt.Errorf("cannot write the manual: %w", err)
	}
	if err := command.GenBashCompletionFileV2(filepath.Join(bash, "resinctl"), true); err != nil {
		return fmt.Errorf("cannot write the completion: %w", err)
	}
	return nil
}
