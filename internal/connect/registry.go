// Package connect reaches the target systems of connectors. Each kind of connector is a package below it; the [Registry] knows them
// all, and is what the rules read and change targets through.
package connect

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	gosync "sync"
	"time"

	"github.com/interim-access/interim/internal/connect/postgres"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Target is an open target system. It is safe for concurrent use, and connects when it is first needed.
type Target interface {
	sync.Source
	provision.Target

	// Check connects and says in one sentence what the connection may do; ok means that it may change the target. known is what the
	// target was when it was read; another one is an error.
	Check(ctx context.Context, known string) (ok bool, said string, err error)
	// Close lets go of all connections, once what is under way is over.
	Close()
}

// Kind is a kind of connector.
type Kind struct {
	Validate func(secret string) error // Invalid, without connecting
	Open     func(ctx context.Context, secret string) (Target, error)
}

// kinds are the kinds that there are.
var kinds = map[string]Kind{
	"postgres": {
		Validate: func(secret string) error { _, err := postgres.ParseConfig(secret); return err },
		Open:     func(ctx context.Context, secret string) (Target, error) { return postgres.Open(ctx, secret) },
	},
}

// maxOpen bounds how many targets are kept open; the one that was not used for longest goes.
const maxOpen = 256

// Registry keeps the targets of connectors open, each for as long as its connector's secret stays the same. It implements
// sync.Sources and provision.Targets, and is safe for concurrent use.
type Registry struct {
	secret func(app.Connector) (string, error)
	kinds  map[string]Kind

	mu      gosync.Mutex
	open    map[app.ConnectorID]*entry
	used    uint64 // counts uses, so that the oldest is known
	closed  bool
	closing gosync.WaitGroup
}

// The interfaces that the server wires.
var (
	_ sync.Sources      = (*Registry)(nil)
	_ provision.Targets = (*Registry)(nil)
)

type entry struct {
	config []byte // sealed, as the connector had it
	target Target
	used   uint64
}

// NewRegistry returns a registry that opens the secrets of connectors with secret. Close it.
func NewRegistry(secret func(app.Connector) (string, error)) *Registry {
	return &Registry{secret: secret, kinds: kinds, open: map[app.ConnectorID]*entry{}}
}

// farewell bounds how long Close waits for a target that hangs.
const farewell = time.Second

// Close closes all targets and waits for what is under way in them, as long as farewell.
func (r *Registry) Close() {
	r.mu.Lock()
	r.closed = true
	for c := range r.open {
		r.drop(c)
	}
	r.mu.Unlock()
	patience, over := context.WithTimeout(context.Background(), farewell)
	defer over()
	go func() {
		r.closing.Wait()
		over()
	}()
	<-patience.Done()
}

// Validate implements sync.Sources.
func (r *Registry) Validate(kind, secret string) error {
	k, ok := r.kinds[kind]
	if !ok {
		return fault.InvalidField("kind", "must be one of %s", strings.Join(slices.Sorted(maps.Keys(r.kinds)), ", "))
	}
	return k.Validate(secret)
}

// Source implements sync.Sources.
func (r *Registry) Source(ctx context.Context, c app.Connector) (sync.Source, error) {
	return r.target(ctx, c)
}

// Target implements provision.Targets.
func (r *Registry) Target(ctx context.Context, c app.Connector) (provision.Target, error) {
	return r.target(ctx, c)
}

// Check implements sync.Sources.
func (r *Registry) Check(ctx context.Context, c app.Connector) (ok bool, said string, err error) {
	t, err := r.target(ctx, c)
	if err != nil {
		return false, "", err
	}
	return t.Check(ctx, c.Target)
}

// target answers the open target of a connector, opened anew if its secret changed.
func (r *Registry) target(ctx context.Context, c app.Connector) (Target, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fault.New(fault.Unavailable, "the server is stopping")
	}
	r.used++
	if e := r.open[c.ID]; e != nil && bytes.Equal(e.config, c.Config) {
		e.used = r.used
		return e.target, nil
	}
	k, ok := r.kinds[c.Kind]
	if !ok {
		return nil, fault.New(fault.Unavailable, "this server knows no connectors of kind %s", c.Kind)
	}
	secret, err := r.secret(c)
	if err != nil {
		return nil, err
	}
	t, err := k.Open(context.WithoutCancel(ctx), secret)
	if err != nil {
		return nil, err
	}
	r.drop(c.ID)
	if len(r.open) >= maxOpen {
		r.drop(r.oldest())
	}
	r.open[c.ID] = &entry{config: bytes.Clone(c.Config), target: t, used: r.used}
	return t, nil
}

// drop closes the target of a connector, if it is open, without waiting for what is under way in it.
func (r *Registry) drop(c app.ConnectorID) {
	e := r.open[c]
	if e == nil {
		return
	}
	delete(r.open, c)
	r.closing.Go(e.target.Close)
}

func (r *Registry) oldest() (oldest app.ConnectorID) {
	least := ^uint64(0)
	for c, e := range r.open {
		if e.used < least {
			oldest, least = c, e.used
		}
	}
	return oldest
}
