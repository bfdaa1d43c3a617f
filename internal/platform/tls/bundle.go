package tlsca

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// Store keeps certificates with their keys, by name: in files of the data
// folder (see Files), or sealed in the database, where replicas share them.
type Store struct {
	// Load returns what is kept under name, nil when nothing is.
	Load func(ctx context.Context, name string) ([]byte, error)

	// Swap keeps text under name if what is kept there is still old (nil:
	// nothing). It returns what is kept now: text, or what somebody else was
	// faster to put there.
	Swap func(ctx context.Context, name string, old, text []byte) ([]byte, error)
}

// The names under which a Store keeps things.
const (
	nameCA   = "ca"
	nameLeaf = "server"
)

// check is how often Run looks whether the certificate has to be renewed, and
// retry how soon it looks again after a failure.
const (
	check = 12 * time.Hour
	retry = 10 * time.Minute
)

// Options are what a Bundle is made of.
type Options struct {
	Store Store
	Hosts []string // see Hosts

	// Clock is the machine's, never one that a story shifts: clients judge
	// certificates by their own clocks.
	Clock clock.Clock
	Log   *slog.Logger // nil: slog.Default
}

// Bundle is the authority and the certificate the server presents. It is safe
// for concurrent use.
type Bundle struct {
	o    Options
	mu   sync.Mutex // one Renew at a time
	ca   atomic.Pointer[CA]
	leaf atomic.Pointer[tls.Certificate]
}

// Open loads the authority and the server certificate, and makes what is
// missing, unreadable or about to end. An authority that is there but cannot
// be read is an error, not replaced: clients rely on it.
func Open(ctx context.Context, o Options) (*Bundle, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	b := &Bundle{o: o}
	if err := b.Renew(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// CAPEM returns the authority's certificate, which clients are given.
func (b *Bundle) CAPEM() []byte { return b.ca.Load().CertPEM() }

// Config returns the TLS settings of a server: HTTP/2 and HTTP/1.1, TLS 1.2 or
// later, and always the newest certificate. The caller may change it.
func (b *Bundle) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return b.leaf.Load(), nil
		},
	}
}

// Run renews the certificate when its time comes, until ctx ends. A failure is
// logged and tried again; the server goes on with the certificate it has.
func (b *Bundle) Run(ctx context.Context) error {
	wait := check
	for {
		c, stop := b.o.Clock.After(b.o.Clock.Now().Add(wait))
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-c:
		}
		wait = check
		if err := b.Renew(ctx); err != nil {
			wait = retry
			b.o.Log.ErrorContext(ctx, "cannot renew the server certificate", slog.Any("error", err), slog.Time("ends", b.leaf.Load().Leaf.NotAfter))
		}
	}
}

// Renew makes a new server certificate if the one at hand names other hosts,
// is another authority's, or has less than 30 days left; new connections get
// it at once.
func (b *Bundle) Renew(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	ca, err := b.authority(ctx)
	if err != nil {
		return err
	}
	old, err := b.o.Store.Load(ctx, nameLeaf)
	if err != nil {
		return fmt.Errorf("load the server certificate: %w", err)
	}
	now := b.o.Clock.Now()
	leaf, err := parseLeaf(old)
	if err != nil || !fits(leaf, ca, b.o.Hosts, now) {
		cert, key, err := ca.Issue(b.o.Hosts, now)
		if err != nil {
			return err
		}
		text := slices.Concat(cert, key)
		if leaf, err = parseLeaf(text); err != nil {
			return err
		}
		// Another replica may have been faster; either certificate serves.
		if _, err = b.o.Store.Swap(ctx, nameLeaf, old, text); err != nil {
			return fmt.Errorf("keep the server certificate: %w", err)
		}
		b.o.Log.InfoContext(ctx, "made a server certificate",
			slog.String("hosts", strings.Join(b.o.Hosts, " ")), slog.Time("ends", leaf.Leaf.NotAfter))
	}
	b.ca.Store(&ca)
	b.leaf.Store(leaf)
	return nil
}

// authority loads the CA, and makes one when there is none or its end is near.
func (b *Bundle) authority(ctx context.Context) (CA, error) {
	text, err := b.o.Store.Load(ctx, nameCA)
	if err != nil {
		return CA{}, fmt.Errorf("load the CA: %w", err)
	}
	now := b.o.Clock.Now()
	if text != nil {
		ca, err := ParseCA(text)
		if err != nil || now.Add(renewal).Before(ca.Cert.NotAfter) {
			return ca, err
		}
		b.o.Log.WarnContext(ctx, "the CA ends, a new one is made: clients need its certificate", slog.Time("ends", ca.Cert.NotAfter))
	}
	made, err := NewCA(now)
	if err != nil {
		return CA{}, err
	}
	mine, err := made.PEM()
	if err != nil {
		return CA{}, err
	}
	kept, err := b.o.Store.Swap(ctx, nameCA, text, mine)
	if err != nil {
		return CA{}, fmt.Errorf("keep the CA: %w", err)
	}
	return ParseCA(kept)
}

// parseLeaf reads a server certificate with its key.
func parseLeaf(text []byte) (*tls.Certificate, error) {
	cert, key, err := parsePair(text)
	if err != nil {
		return nil, fmt.Errorf("read the server certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// fits reports whether a certificate still serves.
func fits(leaf *tls.Certificate, ca CA, hosts []string, now time.Time) bool {
	cert := leaf.Leaf
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	want := slices.Clone(hosts)
	slices.Sort(names)
	slices.Sort(want)
	return slices.Equal(names, want) && cert.CheckSignatureFrom(ca.Cert) == nil &&
		bytes.Equal(cert.RawIssuer, ca.Cert.RawSubject) &&
		!now.Before(cert.NotBefore) && now.Add(renewal).Before(cert.NotAfter)
}
