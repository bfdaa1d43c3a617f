package tlsca

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// open opens a Bundle that logs nothing.
func open(t *testing.T, s Store, c clock.Clock, public string) *Bundle {
	t.Helper()
	b, err := Open(t.Context(), Options{Store: s, Hosts: Hosts(public), Clock: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shake connects to the server as a client that trusts the bundle's authority.
func shake(b *Bundle, at time.Time, change func(*tls.Config)) (tls.ConnectionState, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.CAPEM())
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"h2"}, Time: func() time.Time { return at }}
	if change != nil {
		change(config)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = listener.Close() }()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = tls.Server(conn, b.Config()).Handshake()
			_ = conn.Close()
		}
	}()
	client, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = client.Close() }()
	return client.ConnectionState(), nil
}

func TestAClientThatTrustsTheAuthorityConnects(t *testing.T) {
	b := open(t, Files(t.TempDir()), clock.NewFake(now), "access.example.com:8443")
	for _, host := range Hosts("access.example.com") {
		state, err := shake(b, now, func(c *tls.Config) { c.ServerName = host })
		if err != nil || state.NegotiatedProtocol != "h2" || state.Version != tls.VersionTLS13 {
			t.Errorf("%s: %v, protocol %q", host, err, state.NegotiatedProtocol)
		}
	}
	if state, err := shake(b, now, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }); err != nil || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("HTTP/1.1: %v, %q", err, state.NegotiatedProtocol)
	}
	if _, err := shake(b, now, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	}
	if _, err := shake(b, now, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 }); err == nil {
		t.Error("TLS 1.1 is served")
	}
	if _, err := shake(b, now, func(c *tls.Config) { c.ServerName = "other.example.com" }); err == nil {
		t.Error("a name that was never asked for is certified")
	}
}

func TestARestartChangesNothing(t *testing.T) {
	store, fake := Files(t.TempDir()), clock.NewFake(now)
	first := open(t, store, fake, "access.example.com")
	fake.Advance(300 * 24 * time.Hour)
	second := open(t, store, fake, "access.example.com")
	if !bytes.Equal(first.CAPEM(), second.CAPEM()) || !first.leaf.Load().Leaf.Equal(second.leaf.Load().Leaf) {
		t.Error("a restart made new certificates")
	}
}

func TestANewPublicHostGetsANewCertificateOfTheSameAuthority(t *testing.T) {
	store, fake := Files(t.TempDir()), clock.NewFake(now)
	first := open(t, store, fake, "access.example.com")
	second := open(t, store, fake, "access.example.org")
	if !bytes.Equal(first.CAPEM(), second.CAPEM()) {
		t.Error("the authority changed")
	}
	if _, err := shake(second, now, func(c *tls.Config) { c.ServerName = "access.example.org" }); err != nil {
		t.Error(err)
	}
}

func TestADamagedServerCertificateIsReplacedButAnAuthorityNever(t *testing.T) {
	dir, fake := t.TempDir(), clock.NewFake(now)
	before := open(t, Files(dir), fake, "").CAPEM()
	if err := os.WriteFile(filepath.Join(dir, "server.pem"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := open(t, Files(dir), fake, ""); !bytes.Equal(b.CAPEM(), before) {
		t.Error("the authority changed")
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Store: Files(dir), Clock: fake, Hosts: Hosts("")}); err == nil {
		t.Error("an authority that clients trust was silently replaced")
	}
}

func TestReplicasThatStartAtOnceShareOneAuthority(t *testing.T) {
	store := Files(t.TempDir())
	bundles := make([]*Bundle, 6)
	var wg sync.WaitGroup
	for i := range bundles {
		wg.Go(func() { bundles[i] = open(t, store, clock.NewFake(now), "") })
	}
	wg.Wait()
	for _, b := range bundles {
		if !bytes.Equal(b.CAPEM(), bundles[0].CAPEM()) {
			t.Fatal("two authorities")
		}
		if _, err := shake(b, now, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestTheCertificateIsRenewedUnderARunningServer(t *testing.T) {
	fake := clock.NewFake(now)
	b := open(t, Files(t.TempDir()), fake, "")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	config, first := b.Config(), b.leaf.Load()

	fake.AwaitWaiter(fake.Now().Add(check))
	fake.Advance(leafLife - renewal - time.Second)
	fake.AwaitWaiter(fake.Now().Add(check))
	if !b.leaf.Load().Leaf.Equal(first.Leaf) {
		t.Error("renewed with 30 days left")
	}
	fake.Advance(check)
	fake.AwaitWaiter(fake.Now().Add(check))
	served, err := config.GetCertificate(nil)
	if err != nil || served.Leaf.Equal(first.Leaf) || !served.Leaf.NotAfter.Equal(fake.Now().Add(leafLife)) {
		t.Errorf("served one that ends %v, %v", served.Leaf.NotAfter, err)
	}
	if _, err := shake(b, fake.Now(), nil); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAStoreThatFailsLeavesTheServerWithWhatItHas(t *testing.T) {
	fake, store := clock.NewFake(now), Files(t.TempDir())
	var broken error
	failing := store
	var mu sync.Mutex
	failing.Load = func(ctx context.Context, name string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if broken != nil {
			return nil, broken
		}
		return store.Load(ctx, name)
	}
	b := open(t, failing, fake, "")
	first := b.leaf.Load()
	set := func(err error) { mu.Lock(); broken = err; mu.Unlock() }
	set(errors.New("out of reach"))

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	fake.AwaitWaiter(fake.Now().Add(check))
	fake.Advance(leafLife - renewal)
	fake.AwaitWaiter(fake.Now().Add(retry))
	if b.leaf.Load() != first {
		t.Error("the certificate is gone")
	}
	set(nil)
	fake.Advance(retry)
	fake.AwaitWaiter(fake.Now().Add(check))
	if b.leaf.Load().Leaf.Equal(first.Leaf) {
		t.Error("not renewed once the store was back")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAuthorityAboutToEndIsSucceeded(t *testing.T) {
	fake, store := clock.NewFake(now), Files(t.TempDir())
	first := open(t, store, fake, "")
	fake.Set(now.AddDate(10, 0, -29))
	second := open(t, store, fake, "")
	if bytes.Equal(first.CAPEM(), second.CAPEM()) {
		t.Fatal("the authority ends in 29 days and has no successor")
	}
	if _, err := shake(second, fake.Now(), nil); err != nil {
		t.Error(err)
	}
}

func TestKeysAreForTheOwnerOnlyAndNothingIsLeftBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	open(t, Files(dir), clock.NewFake(now), "")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}
