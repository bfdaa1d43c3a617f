// Command interim is an access-governance server: it decides who may have which access, for how long, and takes the access away in
// the real system at the minute it ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/interim-access/interim/internal/platform/fault"
)

// version is set by the linker, see the Makefile.
var version = "dev"

// cli is the command line; each command is a file of its own.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Admin   adminCommand   `cmd:"" help:"Administer a server from its data folder."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date without serving."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

const description = `Interim gives access that ends on time.

It speaks the APIs of ConductorOne and of Opal, so their command lines, SDKs and Terraform providers work with it. Interim is
compatible with these products and not affiliated to their vendors.`

// Exit codes. Usage is what kong, too, answers to a wrong flag.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run parses args and runs the command; it answers the exit code. What is wrong with args or a file of settings is one line.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("interim"), kong.Description(description), kong.Writers(out, errs),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)))
	if err != nil {
		return fail(errs, err, exitFailure)
	}
	command, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help was answered
		return exited
	case err != nil:
		return fail(errs, err, exitUsage)
	}
	if err := command.Run(); err != nil {
		if _, ok := errors.AsType[usage](err); ok || fault.Is(err, fault.Invalid) {
			return fail(errs, err, exitUsage)
		}
		return fail(errs, err, exitFailure)
	}
	return 0
}

// usage marks an error of how the program was called.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

func fail(errs io.Writer, err error, code int) int {
	text := err.Error()
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		text = f.Message
		if cause := errors.Unwrap(f); cause != nil {
			text += ": " + cause.Error() // the operator's own terminal, not a client
		}
	}
	_, _ = fmt.Fprintln(errs, "interim: "+oneLine(text))
	return code
}

// oneLine makes one line of what a library may have spread over several.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, " ")
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "interim "+version)
	return err
}
