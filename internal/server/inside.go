package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// Inside is a server without listeners, for a program that measures what it adds to the work it does: the same process can answer
// the same questions of the same database with less.
type Inside struct {
	Handler http.Handler // what the TLS port answers
	DB      *db.DB

	parts *parts
	tls   *tls.Config
}

// Inner opens the data that o names, which a server must have been started on before, and builds a server on it. On SQLite it
// fails while another process holds the data.
func Inner(ctx context.Context, o Options) (*Inside, error) {
	b, err := ReadBootstrap(o.Config.Data)
	if err != nil {
		return nil, err
	}
	public := strings.TrimPrefix(b.URL, "https://")
	p, closing, err := openParts(ctx, o, public)
	if err != nil {
		return nil, err
	}
	in := &Inside{DB: p.db, parts: p}
	bundle, err := tlsca.Open(ctx, tlsca.Options{
		Store: p.certificates(o), Hosts: tlsca.Hosts(public), Clock: clock.System(time.Time{}), Log: o.Log,
	})
	if err == nil {
		in.tls = bundle.Config()
		in.Handler, err = p.doors(nil, o.Config.PerSecond())
	}
	if err != nil {
		return nil, errors.Join(err, closing())
	}
	return in, nil
}

// Server returns a server of h that is set up as the one on the TLS port.
func (in *Inside) Server(h http.Handler) *http.Server {
	s := httpServer(h, in.parts.log)
	s.TLSConfig = in.tls
	return s
}

// Run does what a server does beside answering, until ctx ends.
func (in *Inside) Run(ctx context.Context) error {
	var background errgroup.Group
	background.Go(func() error { return in.parts.due.Run(ctx) })
	background.Go(func() error { return in.parts.iam.Run(ctx) })
	return background.Wait()
}

// Close closes the data; Run has returned before.
func (in *Inside) Close() error {
	in.parts.close()
	return in.DB.Close()
}
