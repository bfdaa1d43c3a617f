package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/platform/memory"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// How long a server takes to stop once it was told to.
const (
	drain    = 3 * time.Second         // for requests under way to finish
	farewell = 4500 * time.Millisecond // for everything
)

// Options are what a server is run with.
type Options struct {
	Config  config.Serve
	Version string
	Key     string // the value of INTERIM_KEY
	Out     io.Writer
	Log     *slog.Logger
}

// Run serves until ctx ends, then drains and returns nil. An error says what kept it from serving.
//
// What has not come to its end within farewell, because a target or a database hangs, is left behind: nothing that was acknowledged
// hangs on it, and the next start takes it up as after a crash. The process must end when Run has returned.
func Run(ctx context.Context, o Options) error {
	memory.Spend()
	over := make(chan error, 1)
	go func() { over <- run(ctx, o) }()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	select {
	case err := <-over:
		return err
	case <-end.Done():
		o.Log.WarnContext(ctx, "stopped without waiting any longer for what hangs")
		return nil
	}
}

func run(ctx context.Context, o Options) (err error) {
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.db.Close()) }()

	main, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Config.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	public := o.Config.Public(main.Addr())
	bundle, err := tlsca.Open(ctx, tlsca.Options{
		Store: d.certificates(o), Hosts: tlsca.Hosts(public), Clock: clock.System(time.Time{}), Log: o.Log,
	})
	if err != nil {
		_ = main.Close()
		return err
	}
	caFile := filepath.Join(o.Config.Data, caFileName)
	if err := os.WriteFile(caFile, bundle.CAPEM(), 0o644); err != nil { //nolint:gosec // a certificate, which clients are given
		_ = main.Close()
		return fmt.Errorf("write the CA certificate for clients: %w", err)
	}
	p, err := build(ctx, d, o, public)
	if err != nil {
		_ = main.Close()
		return err
	}
	defer p.close()
	if err = p.bootstrap(ctx, o, caFile); err == nil {
		err = p.seed(ctx)
	}
	if err != nil {
		_ = main.Close()
		return err
	}
	return p.serve(ctx, o, main, bundle)
}

// serve runs listeners and loops until ctx ends or one of them fails.
func (p *parts) serve(ctx context.Context, o Options, main net.Listener, bundle *tlsca.Bundle) error {
	var draining atomic.Bool
	web, err := p.doors(o.Config.TrustedProxies(), o.Config.PerSecond())
	if err != nil {
		_ = main.Close()
		return err
	}
	doors := []*door{{listener: main, server: httpServer(web, o.Log), tls: bundle.Config()}}
	if addr, on := o.Config.HTTP(); on {
		doors = append(doors, &door{addr: addr, name: "--listen-http", server: httpServer(web, o.Log)})
	}
	if addr, on := o.Config.Ops(); on {
		doors = append(doors, &door{addr: addr, name: "--listen-ops", server: p.opsServer(o.Log, &draining)})
	}
	for _, d := range doors {
		if err := d.open(ctx); err != nil {
			closeAll(doors)
			return err
		}
	}
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, failed := errgroup.WithContext(ctx)
	for _, d := range doors {
		g.Go(d.serve)
	}
	var background errgroup.Group
	background.Go(func() error { return p.due.Run(loops) })
	background.Go(func() error { return bundle.Run(loops) })
	background.Go(func() error { return p.iam.Run(loops) })
	g.Go(func() error {
		<-failed.Done()
		draining.Store(true)
		o.Log.InfoContext(ctx, "stopping: no new requests are taken")
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		for _, d := range doors {
			d.stop(end)
		}
		return nil
	})
	o.Log.InfoContext(ctx, "serving", slog.String("url", p.url), slog.String("version", o.Version), slog.Any("engine", p.db.Engine()))
	debug.FreeOSMemory() // of what only the start needed
	err = g.Wait()
	stop()
	return errors.Join(err, background.Wait())
}

// door is one listener and what answers on it.
type door struct {
	addr, name string
	listener   net.Listener
	server     *http.Server
	tls        *tlsConfig
}

func (d *door) open(ctx context.Context) (err error) {
	if d.listener == nil {
		if d.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", d.addr); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

func (d *door) serve() error {
	var err error
	if d.tls != nil {
		d.server.TLSConfig = d.tls
		err = d.server.ServeTLS(d.listener, "", "")
	} else {
		err = d.server.Serve(d.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop lets requests finish until ctx ends, then cuts them off.
func (d *door) stop(ctx context.Context) {
	if d.server.Shutdown(ctx) != nil {
		_ = d.server.Close()
	}
}

func closeAll(doors []*door) {
	for _, d := range doors {
		if d.listener != nil {
			_ = d.listener.Close()
		}
	}
}
