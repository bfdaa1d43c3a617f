package story

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/pgtest"
)

func TestARestartChangesNothingThatClientsHold(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		admin := s.admin()
		before := admin.get("/api/v1/auth/introspect")
		app := text(admin.post("/api/v1/apps", object{"displayName": "Warehouse"}), "app", "id")
		file, err := os.ReadFile(filepath.Join(s.dir, "bootstrap.json"))
		if err != nil {
			t.Fatal(err)
		}
		s.stop()
		s.up()
		// The token from before, the certificate authority, the tenant and what was written are all still good.
		after := admin.get("/api/v1/auth/introspect")
		if before["tenantId"] != after["tenantId"] || before["userId"] != after["userId"] {
			t.Errorf("before %v, after %v", before, after)
		}
		if got := text(admin.get("/api/v1/apps/"+app), "app", "displayName"); got != "Warehouse" {
			t.Errorf("the app is called %q", got)
		}
		again, err := os.ReadFile(filepath.Join(s.dir, "bootstrap.json"))
		if err != nil || !bytes.Equal(file, again) {
			t.Errorf("bootstrap.json changed: %v", err)
		}
	})
}

func TestAnAcknowledgedWriteSurvivesAKill(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		admin := s.admin()
		app := text(admin.post("/api/v1/apps", object{"displayName": "Warehouse"}), "app", "id")
		s.kill()
		s.up()
		if got := text(admin.get("/api/v1/apps/"+app), "app", "displayName"); got != "Warehouse" {
			t.Errorf("the app is called %q", got)
		}
	})
}

func TestTwoServersNeverShareADataFolder(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	code, out := interim(t, "serve", "--data", s.dir, "--listen", freeAddress(t), "--listen-ops", "0")
	if code == 0 || strings.Count(strings.TrimSpace(out), "\n") > 0 || !strings.Contains(out, "in use") {
		t.Errorf("exit %d: %s", code, out)
	}
	if got := text(s.admin().get("/api/v1/auth/introspect"), "userId"); got != s.boot.UserID {
		t.Errorf("the first server: %q", got)
	}
}

func TestAnotherFolderOnAnInitialisedDatabaseGetsNoCredentialUntilAsked(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.URL(t))
	other := t.TempDir()
	second := &server{t: t, dir: other, listen: freeAddress(t), ops: freeAddress(t), database: s.database}
	second.up()
	t.Cleanup(second.stop)
	if _, err := os.Stat(filepath.Join(other, "bootstrap.json")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a second folder got a credential: %v", err)
	}
	if out := second.output.String(); !strings.Contains(out, "interim admin bootstrap") {
		t.Errorf("it does not say what to do: %s", out)
	}
	code, out := interim(t, "admin", "bootstrap", "--data", other, "--database", s.database, "--listen", second.listen)
	if code != 0 {
		t.Fatalf("admin bootstrap: %d %s", code, out)
	}
	second.readBootstrap()
	if got := text(second.admin().get("/api/v1/auth/introspect"), "userId"); got != s.boot.UserID {
		t.Errorf("the new credential is %q's, want the first administrator's", got)
	}
}

func TestReplicasShareWhatIsSealedInTheirDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.URL(t))
	replica := &server{
		t: t, dir: t.TempDir(), listen: freeAddress(t), ops: freeAddress(t), database: s.database, pool: s.pool,
		flags: []string{"--public-host", s.listen},
	}
	replica.up()
	t.Cleanup(replica.stop)
	admin := s.admin()
	app := text(admin.post("/api/v1/apps", object{"displayName": "Warehouse"}), "app", "id")
	there := *admin // the same token, sent to the replica, whose certificate the same authority signed
	there.s, there.http = replica, replica.client()
	replica.boot = s.boot
	replica.boot.URL = "https://" + replica.listen
	if got := text(there.get("/api/v1/apps/"+app), "app", "displayName"); got != "Warehouse" {
		t.Errorf("at the replica the app is called %q", got)
	}
	// A credential deleted at one is dead at the other within seconds; the change is told, so at once.
	made := admin.post("/api/v1/iam/personal_clients", object{"displayName": "Short-lived"})
	short := s.person(text(made, "client", "clientId"), text(made, "clientSecret"))
	short.get("/api/v1/auth/introspect")
	gone := *short
	gone.s, gone.http = replica, replica.client()
	gone.get("/api/v1/auth/introspect")
	admin.do(http.MethodDelete, "/api/v1/iam/personal_clients/"+text(made, "client", "id"), object{})
	replica.await("the deleted credential is refused at the replica", func() bool {
		status, _ := gone.try(http.MethodGet, "/api/v1/auth/introspect", nil)
		return status == http.StatusUnauthorized
	})
}

func TestAWrongFlagIsOneLineAndExitTwo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := filepath.Join(dir, "interim.conf")
	if err := os.WriteFile(settings, []byte("listen = 127.0.0.1:8443\nlisten-tls = yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"an unknown flag":       {"serve", "--listne", "x"},
		"an address":            {"serve", "--data", dir, "--listen", "nowhere"},
		"every interface":       {"serve", "--data", dir, "--listen", ":8443"},
		"a proxy":               {"serve", "--data", dir, "--trusted-proxy", "10.0.0.0/99"},
		"a level":               {"serve", "--data", dir, "--log-level", "loud"},
		"an unknown setting":    {"serve", "--data", dir, "--config", settings},
		"a file that is absent": {"serve", "--data", dir, "--config", filepath.Join(dir, "none")},
		"no command":            {},
		"a body":                {"admin", "call", "POST", "/api/v1/apps", "{", "--data", dir},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := interim(t, args...)
			if code != 2 || strings.Count(strings.TrimSpace(out), "\n") != 0 || !strings.HasPrefix(out, "interim: ") {
				t.Errorf("exit %d:\n%s", code, out)
			}
		})
	}
}

func TestTheCommandLineWorksWithAndWithoutAServer(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	made := func() string {
		code, out := interim(t, "admin", "call", "POST", "/api/interim/v1/users", `{"displayName":"Grace"}`, "--get", "user.id", "--data", s.dir)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, out)
		}
		return strings.TrimSpace(out)
	}
	online := made()
	s.stop()
	offline := made()
	code, out := interim(t, "admin", "login-link", offline, "--data", s.dir)
	if code != 0 || !strings.HasPrefix(out, s.boot.URL+"/auth/v1/login?") {
		t.Errorf("login-link: exit %d: %s", code, out)
	}
	s.up()
	for _, user := range []string{online, offline} {
		if got := text(s.admin().get("/api/v1/users/"+user), "userView", "user", "displayName"); got != "Grace" {
			t.Errorf("user %s is called %q", user, got)
		}
	}
}

func TestADamagedDatabaseIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "interim.db"), bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := interim(t, "serve", "--data", dir, "--listen", freeAddress(t), "--listen-ops", "0")
	if code != 1 || strings.Count(strings.TrimSpace(out), "\n") != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestADatabaseThatIsNotThereIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	code, out := interim(t, "serve", "--data", t.TempDir(), "--listen", freeAddress(t), "--listen-ops", "0",
		"--database", "postgres://nobody:secret@"+freeAddress(t)+"/nothing")
	if code != 1 || strings.Count(strings.TrimSpace(out), "\n") != 0 || strings.Contains(out, "secret") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// interim runs the binary until it ends, and answers its exit code and all it printed.
func interim(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "INTERIM_KEY="+strings.Repeat("42", 32))
	cmd.WaitDelay = patience
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}
