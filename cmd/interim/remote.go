package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/server"
)

// remote is what every command needs that talks to a server: the data folder with its bootstrap.json.
type remote struct{ config.Storage }

// callLimit is how long one call of the API may take; a sync reads a whole target.
const callLimit = 6 * time.Minute

// with calls fn with the API of the running server that bootstrap.json names. Where none is running, the data folder is opened in this
// process, and the API is that.
func (r *remote) with(ctx context.Context, fn func(*api) error) error {
	b, err := server.ReadBootstrap(r.Data)
	if err != nil {
		return missing(err)
	}
	ca, err := os.ReadFile(b.CAFile)
	if err != nil {
		return fmt.Errorf("the CA certificate that bootstrap.json names: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return fmt.Errorf("%s holds no certificate", b.CAFile)
	}
	a := &api{boot: b, http: &http.Client{
		Timeout:   callLimit,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
	}}
	_, err = a.token(ctx)
	if refused, ok := errors.AsType[*net.OpError](err); ok && refused.Op == "dial" {
		return r.offline(ctx, a, fn)
	}
	if err != nil {
		return err
	}
	return fn(a)
}

func (r *remote) offline(ctx context.Context, a *api, fn func(*api) error) error {
	call, closing, err := server.Offline(ctx, server.Options{
		Config: config.Serve{Storage: r.Storage}, Version: version, Key: os.Getenv("INTERIM_KEY"), Log: server.StderrLog(os.Stderr),
	})
	if err != nil {
		return fmt.Errorf("no server answers at %s, and the data cannot be opened: %w", a.boot.URL, err)
	}
	a.http.Transport, a.access = call, ""
	return errors.Join(fn(a), closing())
}
