package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/server"
)

type migrateCommand struct{ config.Storage }

// Run opens the database, which brings its schema up to date, and closes it.
func (c *migrateCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := server.OpenDatabase(ctx, c.Storage, server.StderrLog(os.Stderr))
	if err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "the database is up to date")
	return err
}
