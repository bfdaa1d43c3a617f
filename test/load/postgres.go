package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/platform/pgtest"
)

// settings of a PostgreSQL of our own; all else is as it comes: fsync and synchronous_commit are on.
var settings = []string{"shared_buffers=256MB", "max_wal_size=4GB"}

// postgres is a server on which databases are made.
type postgres struct {
	address string
	version string
	made    []string
	remove  func()
}

// openPostgres uses the server at address, or starts one where that is empty.
func openPostgres(ctx context.Context, address string) (*postgres, error) {
	p := &postgres{address: address, remove: func() {}}
	if address == "" {
		own, remove, err := pgtest.Launch(settings...)
		if err != nil {
			return nil, err
		}
		p.address, p.remove = own.URL("postgres"), remove
	}
	err := on(ctx, p.address, func(c *pgx.Conn) error { return c.QueryRow(ctx, "show server_version").Scan(&p.version) })
	if err != nil {
		p.remove()
		return nil, err
	}
	p.version, _, _ = strings.Cut(p.version, " ")
	return p, nil
}

// create makes an empty database and returns its address.
func (p *postgres) create(ctx context.Context, name string) (string, error) {
	name = fmt.Sprintf("interim_load_%d_%s", os.Getpid(), name)
	u, err := url.Parse(p.address)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	p.made = append(p.made, name)
	return u.String(), on(ctx, p.address, func(c *pgx.Conn) error { _, err := c.Exec(ctx, "create database "+name); return err })
}

// tidy does now what the server would do by itself some time after so many rows were written, in the middle of a round.
func (p *postgres) tidy(ctx context.Context, address string) error {
	return on(ctx, address, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "vacuum analyze")
		if err == nil {
			_, err = c.Exec(ctx, "checkpoint")
		}
		return err
	})
}

func (p *postgres) close() error {
	ctx := context.Background()
	var errs []error
	for _, name := range p.made {
		errs = append(errs, on(ctx, p.address, func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, "drop database if exists "+name+" with (force)")
			return err
		}))
	}
	p.remove()
	return errors.Join(errs...)
}

// on runs fn on a connection of its own.
func on(ctx context.Context, address string, fn func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close(ctx))
}
