package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// Offline opens the data that o names without serving it to anybody, and returns a way to call the API on it inside this process:
// the same requests, the same rules. It fails when a server holds the data. Close it.
func Offline(ctx context.Context, o Options) (call http.RoundTripper, closing func() error, err error) {
	b, err := ReadBootstrap(o.Config.Data)
	if err != nil {
		return nil, nil, err
	}
	p, closing, err := openParts(ctx, o, strings.TrimPrefix(b.URL, "https://"))
	if err != nil {
		return nil, nil, err
	}
	handler, err := p.doors(nil, 0)
	if err != nil {
		return nil, nil, errors.Join(err, closing())
	}
	return inProcess{handler}, closing, nil
}

// NewCredential opens the data that o names, makes a new personal client and API token for its first Super Administrator, and writes
// bootstrap.json. On SQLite it fails while a server holds the data. It returns the file's path.
func NewCredential(ctx context.Context, o Options) (path string, err error) {
	public := o.Config.PublicHost
	if public == "" {
		public = o.Config.Listen
	}
	if was, err := ReadBootstrap(o.Config.Data); err == nil && o.Config.PublicHost == "" {
		public = strings.TrimPrefix(was.URL, "https://")
	}
	p, closing, err := openParts(ctx, o, public)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, closing()) }()
	bundle, err := tlsca.Open(ctx, tlsca.Options{
		Store: p.certificates(o), Hosts: tlsca.Hosts(public), Clock: clock.System(time.Time{}), Log: o.Log,
	})
	if err != nil {
		return "", err
	}
	caFile := filepath.Join(o.Config.Data, caFileName)
	if err := os.WriteFile(caFile, bundle.CAPEM(), 0o644); err != nil { //nolint:gosec // a certificate, which clients are given
		return "", err
	}
	path = filepath.Join(o.Config.Data, BootstrapFile)
	if _, err := p.settings.Ensure(ctx, marker, func() ([]byte, error) { return []byte("operator"), nil }); err != nil {
		return "", err
	}
	_, err = p.credential(ctx, path, caFile)
	return path, err
}

func openParts(ctx context.Context, o Options, public string) (*parts, func() error, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	p, err := build(ctx, d, o, public)
	if err != nil {
		return nil, nil, errors.Join(err, d.db.Close())
	}
	return p, func() error {
		p.close()
		return d.db.Close()
	}, nil
}

// inProcess is a transport that asks a handler instead of a network.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r = r.Clone(r.Context())
	r.RemoteAddr, r.RequestURI = "127.0.0.1:0", r.URL.RequestURI()
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
