// Command load measures the server under load and prints a table: what it does in a second beside what the same machine does, in
// the same run, with less in the way. It is the program behind `make bench`.
//
//	main.go      flags, and one engine after the other
//	machine.go   what it was measured on
//	result.go    the table, and page.md the page around it
//	contest.go   rounds in turn, and their medians
//	wrk.go       the load, from another process
//	world.go     a million live grants
//	binary.go    the server as people run it: starts, memory, size
//	house.go     the server inside this process, beside handlers that do less
//	check.go, identity.go, update.go, token.go, ends.go, lateness.go   the figures about access
//	office.go    people who ask and decide, and the services they do it with
//	replay.go    the server's own statements, heard once and run again
//	decide.go, expiry.go, work.go, hostile.go   the figures about tasks
//	items.go     the figures at the Opal door
//
// Everything listens on 127.0.0.1, lies in temporary folders, and ends by itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/interim-access/interim/internal/platform/memory"
)

// options are the flags.
type options struct {
	binary   string
	grants   int
	burst    int
	rounds   int
	round    time.Duration
	engines  []string
	database string
	only     *regexp.Regexp
	profiles string
	page     string
	args     []string
}

// limit is how long a run may take; a full one takes about ten minutes.
const limit = time.Hour

func parse(args []string) (options, error) {
	var o options
	var quick bool
	var engines, only string
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.StringVar(&o.binary, "binary", "bin/interim", "the server `file` to measure")
	f.IntVar(&o.grants, "grants", 1_000_000, "live grants in the database")
	f.IntVar(&o.burst, "burst", 10_000, "grants that end at once")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of each side of a figure")
	f.DurationVar(&o.round, "round", 3*time.Second, "length of a round")
	f.BoolVar(&quick, "quick", false, "10,000 grants, 1,000 ends, 2 rounds of a second: to see that it works")
	f.StringVar(&engines, "engines", "sqlite,postgres", "engines to measure")
	f.StringVar(&o.database, "database", "", "postgres://… `URL` of a server on which databases may be made; default: one of its own")
	f.StringVar(&only, "only", ".", "figures to measure, a regular `expression`")
	f.StringVar(&o.profiles, "profiles", "", "`folder` for a CPU profile of each side")
	f.StringVar(&o.page, "write", "", "`file` to write as docs/benchmarks.md is")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.args = args
	if quick {
		args = append([]string{"-grants=10000", "-burst=1000", "-rounds=2", "-round=1s"}, args...) // what was said is stronger
		if err := f.Parse(args); err != nil {
			return o, err
		}
	}
	o.engines = strings.Split(engines, ",")
	for _, e := range o.engines {
		if !slices.Contains([]string{"sqlite", "postgres"}, e) {
			return o, fmt.Errorf("-engines: %q is neither sqlite nor postgres", e)
		}
	}
	if o.grants < 1000 || o.burst < 1 || o.rounds < 1 || o.round < 100*time.Millisecond {
		return o, errors.New("at least 1000 grants, 1 end, 1 round of 100ms")
	}
	var err error
	o.only, err = regexp.Compile(only)
	return o, err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	err := run(ctx, os.Args[1:])
	cancel()
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run measures and prints. A target that is missed is a line of the table, not an error.
func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(wrk); err != nil {
		return errors.New("wrk makes the load and is not in PATH: install it (Debian: apt-get install wrk, macOS: brew install wrk)")
	}
	if _, err := os.Stat(o.binary); err != nil {
		return fmt.Errorf("%w: build the server first (make build)", err)
	}
	if o.profiles != "" {
		if err := os.MkdirAll(o.profiles, 0o755); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "interim-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Println(machine(ctx, o))
	memory.Spend() // as the server does
	var all report
	var tables []string
	for _, name := range o.engines {
		b, err := newBench(ctx, o, name, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		err = errors.Join(b.run(ctx), b.close())
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, b.results...)
		tables = append(tables, b.results.table(b.title))
		fmt.Println(tables[len(tables)-1])
		debug.FreeOSMemory()
	}
	fmt.Println(all.verdict())
	if o.page == "" {
		return nil
	}
	return os.WriteFile(o.page, page(machine(ctx, o), o.args, tables, all.verdict()), 0o644)
}
