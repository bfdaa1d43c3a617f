package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/config"
)

// key seals what the measured servers keep.
var key = strings.Repeat("42", 32)

// bench measures one engine.
type bench struct {
	options

	engine   string
	title    string
	dir      string    // temporary, of this engine alone
	postgres *postgres // nil for SQLite
	home     config.Storage
	world    *world
	built    sample // checks of the built binary
	results  report
	began    time.Time
}

func newBench(ctx context.Context, o options, engine, parent string) (*bench, error) {
	b := &bench{options: o, engine: engine, title: "SQLite, synchronous=FULL", dir: filepath.Join(parent, engine), began: time.Now()}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if engine == "postgres" {
		if b.postgres, err = openPostgres(ctx, o.database); err != nil {
			return nil, err
		}
		b.title = "PostgreSQL " + b.postgres.version
	}
	if b.home, err = b.storage(ctx, "main"); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// storage is a new data folder and an empty database.
func (b *bench) storage(ctx context.Context, name string) (s config.Storage, err error) {
	s.Data = filepath.Join(b.dir, name)
	if b.postgres != nil {
		s.Database, err = b.postgres.create(ctx, name)
	}
	return s, err
}

// run measures all figures.
func (b *bench) run(ctx context.Context) error {
	b.say("%s", b.title)
	if err := b.firstStarts(ctx); err != nil {
		return err
	}
	if err := b.seed(ctx); err != nil {
		return err
	}
	if err := b.laterStarts(ctx); err != nil {
		return err
	}
	if err := b.answers(ctx); err != nil {
		return err
	}
	return b.endings(ctx)
}

// answers measures what clients wait for, on a server inside this process.
func (b *bench) answers(ctx context.Context) (err error) {
	h, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for _, figure := range []struct {
		name    string
		measure func(context.Context, *house) error
	}{
		{"check", b.check}, {"identity", b.identity}, {"update", b.update}, {"token", b.token},
		{"delegation", b.delegate}, {"parallel", b.parallel}, {"items", b.items},
	} {
		if !b.only.MatchString(figure.name) {
			continue
		}
		if err := figure.measure(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) add(r result) { b.results = append(b.results, r) }

// say tells whoever waits how far it is.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%4.0f s] %s: %s\n", time.Since(b.began).Seconds(), b.engine, fmt.Sprintf(format, args...))
}

func (b *bench) close() error {
	if b.postgres == nil {
		return nil
	}
	return b.postgres.close()
}
