package main

import (
	"context"
	"io"
	"os"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/server"
)

type serveCommand struct{ config.Serve }

// Run serves until the process is told to stop.
func (c *serveCommand) Run(ctx context.Context, out io.Writer) error {
	return server.Run(ctx, server.Options{
		Config: c.Serve, Version: version, Key: os.Getenv("INTERIM_KEY"), Out: out, Log: c.Logger(os.Stderr),
	})
}
