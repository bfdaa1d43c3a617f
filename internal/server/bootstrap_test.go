package server

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/config"
)

// start does what a start of a server on a data folder does before it serves, with do in the place of its bootstrap if that is given.
func start(t *testing.T, dir string, do func(p *parts) error) (said string) {
	t.Helper()
	out := &bytes.Buffer{}
	o := Options{Config: config.Serve{Storage: config.Storage{Data: dir}}, Out: out, Log: slog.New(slog.DiscardHandler)}
	p, closing, err := openParts(t.Context(), o, "127.0.0.1:8443")
	if err != nil {
		t.Fatal(err)
	}
	if do == nil {
		do = func(p *parts) error { return p.bootstrap(t.Context(), o, filepath.Join(dir, caFileName)) }
	}
	if err := do(p); err != nil {
		t.Fatal(err)
	}
	if err := closing(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A process that dies on its first start has told nobody the credential it may have made.
func TestAFirstStartThatWasCutShortIsMadeUpForOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, BootstrapFile)
	start(t, dir, func(p *parts) error {
		if _, err := p.settings.Ensure(t.Context(), marker, func() ([]byte, error) { return []byte(begun + "x"), nil }); err != nil {
			return err
		}
		_, err := p.credential(t.Context(), path, "ca")
		return err
	})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if said := start(t, dir, nil); !strings.Contains(said, path) {
		t.Errorf("said %q", said)
	}
	b, err := ReadBootstrap(dir)
	if err != nil || b.ClientSecret == "" {
		t.Fatalf("%+v, %v", b, err)
	}
	start(t, dir, nil)
	if again, err := ReadBootstrap(dir); err != nil || again != b {
		t.Errorf("the next start made another: %v", err)
	}
	if err := os.Remove(path); err != nil { // as one should who has taken the credential elsewhere
		t.Fatal(err)
	}
	if said := start(t, dir, nil); !strings.Contains(said, "interim admin bootstrap") {
		t.Errorf("said %q", said)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a start wrote a credential that nobody asked for")
	}
}

func TestTheFirstStartWritesAnAPITokenOfTheAdministrator(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, nil)
	b, err := ReadBootstrap(dir)
	if err != nil {
		t.Fatal(err)
	}
	start(t, dir, func(p *parts) error {
		who, err := p.iam.AuthenticateBearer(t.Context(), b.OpalToken, netip.MustParseAddr("127.0.0.1"))
		if err == nil && (!who.Unscoped() || shownID(who.UserID) != b.UserID) {
			t.Errorf("it acts as %+v", who)
		}
		return err
	})
}

func TestAFirstStartThatDiedAfterItsFileWasWrittenKeepsThat(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, BootstrapFile)
	start(t, dir, func(p *parts) error {
		if _, err := p.settings.Ensure(t.Context(), marker, func() ([]byte, error) { return []byte(begun + "x"), nil }); err != nil {
			return err
		}
		_, err := p.credential(t.Context(), path, "ca")
		return err
	})
	b, err := ReadBootstrap(dir)
	if err != nil {
		t.Fatal(err)
	}
	start(t, dir, nil)
	if again, err := ReadBootstrap(dir); err != nil || again != b {
		t.Errorf("written anew: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	start(t, dir, nil)
	if _, err := os.Stat(path); err == nil {
		t.Error("a start wrote a credential that nobody asked for")
	}
}
