package story

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// stopLimit is how long a server may take to stop: the 5 s that it promises, and as much again for a machine that is busy with tests.
const stopLimit = 10 * time.Second

// patience is how long a story watches for something that must happen before it fails. It is no measure of speed.
const patience = 30 * time.Second

// server is one running binary with its data folder.
type server struct {
	t        *testing.T
	dir      string
	listen   string
	ops      string
	database string // empty for SQLite
	cmd      *exec.Cmd
	exited   chan struct{}
	output   *syncBuffer
	boot     bootstrap
	pool     *x509.CertPool
	ahead    time.Duration // how far the server's clock is ahead of the wall
	flags    []string      // further flags of serve
}

// bootstrap is what first start writes for the administrator; the story fails on any other member.
type bootstrap struct {
	URL          string `json:"url"`
	CAFile       string `json:"ca_file"`
	UserID       string `json:"user_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	OpalToken    string `json:"opal_token"`
}

// each runs a story on both engines, with a fresh server on an empty database each. Most of a story is waiting, so several run at a time.
func each(t *testing.T, story func(t *testing.T, s *server)) {
	t.Helper()
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) { t.Parallel(); story(t, start(t, database)) })
}

// onEngines runs a story with an empty database of each engine, which start takes.
func onEngines(t *testing.T, story func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { story(t, "") })
	t.Run("postgres", func(t *testing.T) { story(t, dbtest.URL(t)) })
}

func start(t *testing.T, database string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), listen: freeAddress(t), ops: freeAddress(t), database: database}
	s.up()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("server output:\n%s", s.output)
		}
	})
	s.readBootstrap()
	return s
}

// up starts the binary and waits until it says it is ready.
func (s *server) up() {
	s.t.Helper()
	if err := look(); err != nil {
		s.t.Fatal(err)
	}
	args := []string{"serve", "--data", s.dir, "--listen", s.listen, "--listen-ops", s.ops}
	if s.database != "" {
		args = append(args, "--database", s.database)
	}
	args = append(args, s.flags...)
	s.output = &syncBuffer{}
	s.cmd = exec.Command(binary, args...)
	s.cmd.Env = append(os.Environ(), "INTERIM_KEY="+strings.Repeat("42", 32))
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	s.await("the server is ready", func() bool {
		select {
		case <-s.exited:
			s.t.Fatalf("the server ended at start:\n%s", s.output)
		default:
		}
		res, err := http.Get("http://" + s.ops + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if s.ahead > 0 { // the wall clock of a new process starts at the wall again
		s.debugClock(s.ahead)
	}
}

// stop ends the server as an operator does, and fails the story unless it drains and exits 0.
func (s *server) stop() {
	if !s.running() {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			s.t.Errorf("the server exited %d on SIGTERM:\n%s", code, s.output)
		}
	case <-time.After(stopLimit):
		_ = s.cmd.Process.Kill()
		s.t.Errorf("the server did not stop on SIGTERM:\n%s", s.output)
	}
}

// kill ends the server as a power cut does.
func (s *server) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.exited
}

func (s *server) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *server) readBootstrap() {
	s.t.Helper()
	path := filepath.Join(s.dir, "bootstrap.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		s.t.Errorf("bootstrap.json has mode %o, want 0600", info.Mode().Perm())
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.boot); err != nil {
		s.t.Fatalf("bootstrap.json: %v", err)
	}
	pem, err := os.ReadFile(s.boot.CAFile)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pool = x509.NewCertPool()
	if !s.pool.AppendCertsFromPEM(pem) {
		s.t.Fatal("ca_file holds no certificate")
	}
}

// client returns an HTTP client that trusts the server's CA and nothing else.
func (s *server) client() *http.Client {
	return &http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.pool}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// now is the server's time as the story knows it.
func (s *server) now() time.Time { return time.Now().Add(s.ahead) }

// advance moves the server's clock forward.
func (s *server) advance(d time.Duration) {
	s.t.Helper()
	s.debugClock(d)
	s.ahead += d
}

func (s *server) debugClock(d time.Duration) {
	s.t.Helper()
	body := fmt.Sprintf(`{"advance":%q}`, d.String())
	res, err := http.Post("http://"+s.ops+"/debug/clock", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		s.t.Fatalf("moving the clock: %d %s", res.StatusCode, b)
	}
}

// metric returns the value of an unlabelled metric.
func (s *server) metric(name string) string {
	s.t.Helper()
	res, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// await watches until cond holds. Conditions are looked at often, because what they watch is another process.
func (s *server) await(what string, cond func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			s.t.Fatalf("never came true: %s", what)
		case <-tick.C:
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
