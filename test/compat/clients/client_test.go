package clients

import (
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/server"
)

var update = flag.Bool("update", false, "write the answers under testdata anew")

// The files hold what official clients send, in our words, and what they need to see: the TypeScript SDK refuses a whole answer
// for one null in a place where it knows none, Terraform wants a second plan to be empty.
func TestOfficialClientsAreAnsweredAsTheyExpect(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".golden"), func(t *testing.T) {
			t.Run("sqlite", func(t *testing.T) { playFile(t, file, newPlayer(t, "")) })
			t.Run("postgres", func(t *testing.T) { playFile(t, file, newPlayer(t, dbtest.URL(t))) })
		})
	}
}

func playFile(t *testing.T, file string, p *player) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	about, steps, err := parseSteps(string(text))
	if err != nil {
		t.Fatal(err)
	}
	played := about
	for _, s := range steps {
		got := p.play(s)
		played += "\n\n" + got.format()
		if got.answer != s.answer && !*update {
			t.Fatalf("%s: %s: (go test -update writes it anew) got\n%s\nwant\n%s", file, s.title, got.answer, s.answer)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(played+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// newPlayer makes a fresh server inside this process, with all its doors and rules, and signs its administrator in.
func newPlayer(t *testing.T, database string) *player {
	t.Helper()
	o := server.Options{
		Config: config.Serve{Storage: config.Storage{Data: t.TempDir(), Database: database}, Listen: "127.0.0.1:8443"},
		Key:    strings.Repeat("42", 32), Out: io.Discard, Log: slog.New(slog.DiscardHandler),
	}
	if _, err := server.NewCredential(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	boot, err := server.ReadBootstrap(o.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	transport, closing, err := server.Offline(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	p := &player{T: t, client: &http.Client{Transport: transport}, base: boot.URL, names: map[string]string{"admin": boot.UserID}}
	p.token = p.signIn(boot.ClientID, boot.ClientSecret)
	return p
}

// signIn gets a token the plain way; assertions have tests of their own.
func (p *player) signIn(id, secret string) string {
	p.Helper()
	res, err := p.client.PostForm(p.base+"/auth/v1/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
	})
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusOK {
		p.Fatalf("token: %d %v", res.StatusCode, err)
	}
	return token.AccessToken
}
