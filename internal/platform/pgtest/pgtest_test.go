package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// connect opens a connection for the test.
func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// query returns one value as text; the connection is closed again.
func query(t *testing.T, address, sql string) (s string) {
	t.Helper()
	c := connect(t, address)
	defer c.Close(t.Context())
	if err := c.QueryRow(t.Context(), sql).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachURLIsAnEmptyDatabaseOfItsOwn(t *testing.T) {
	a, b := URL(t), URL(t)
	if a == b {
		t.Fatal("two tests share a database")
	}
	if err := run(a, "create table x (n int)"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{a: "1", b: "0"} {
		if n := query(t, address, "select count(*)::text from pg_tables where schemaname = 'public'"); n != want {
			t.Errorf("%s tables, want %s", n, want)
		}
	}
}

// ownServer leaves a test out where the server is not ours: nothing is copied or
// reused there.
func ownServer(t *testing.T) {
	t.Helper()
	if server(t).own == nil {
		t.Skip("INTERIM_TEST_POSTGRES_URL is set")
	}
}

// A test that leaves something behind must not be seen by the next.
func TestACopyIsAsTheTemplateWasWhateverTheTestBeforeDid(t *testing.T) {
	ownServer(t)
	prepare := func(address string) error {
		return errors.Join(
			run(address, "create table seeded (n int primary key)"), run(address, "insert into seeded values (1)"),
			run(address, "create table filled (id bigint generated always as identity primary key, n int references seeded)"))
	}
	mischief := [][]string{
		{"insert into filled (n) values (1), (1)", "create table extra (n int references seeded)"},
		{"insert into seeded values (2)"},
		{"delete from seeded"},
		{"alter table filled add column more int"},
		{"create index filled_n on filled (n)"},
		{"create function f() returns int language sql as 'select 1'"},
		{"alter table filled drop constraint filled_n_fkey"},
		{},
	}
	for _, statements := range mischief {
		t.Run(strings.Join(statements, ";"), func(t *testing.T) {
			address := Clone(t, "mischief", prepare)
			got := query(t, address, `select format('%s %s %s %s', (select count(*) from pg_tables where schemaname = 'public'),
				(select string_agg(n::text, '') from seeded), (select count(*) from filled), (select pgtest.shape() = shape from pgtest.looked))`)
			if got != "2 1 0 t" {
				t.Errorf("the copy is %s", got)
			}
			for _, s := range append(statements, "insert into filled (n) select n from seeded limit 1") {
				if err := run(address, s); err != nil {
					t.Fatal(err)
				}
			}
			if n := query(t, address, "select coalesce(min(id), 1)::text from filled"); n != "1" {
				t.Errorf("the identity began at %s", n)
			}
		})
	}
}

func TestADatabaseSomebodyIsStillConnectedToIsNotReused(t *testing.T) {
	ownServer(t)
	var first string
	var left *pgx.Conn
	t.Run("first", func(t *testing.T) {
		first = Clone(t, "left", func(string) error { return nil })
		left = connect(t, first)
	})
	defer left.Close(t.Context())
	t.Run("second", func(t *testing.T) {
		if second := Clone(t, "left", func(string) error { return nil }); second == first {
			t.Error("the database was reused")
		}
	})
}

func TestAClusterIsMadeOnceAndCopiedFromThenOn(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	made := Server(t)
	kept := made.kept()
	if _, err := os.Stat(filepath.Join(kept, "PG_VERSION")); err != nil || !strings.HasPrefix(kept, cache) {
		t.Fatalf("%s: %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(kept, "copied"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	copied := Server(t)
	if _, err := os.Stat(filepath.Join(copied.dir, "data", "copied")); err != nil {
		t.Errorf("the second was made too: %v", err)
	}
	const about = "select current_user || (select datcollate || datlocprovider::text from pg_database where datname = 'template1')"
	if a, b := query(t, made.URL("postgres"), about), query(t, copied.URL("postgres"), about); a != b {
		t.Errorf("%s was made, %s copied", a, b)
	}
}

func TestAServerComesBackOnItsPortWithItsData(t *testing.T) {
	s := Server(t)
	address := s.URL("postgres")
	if err := run(address, "create table kept (n int)"); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Stop()
	if err := run(address, "select 1"); err == nil {
		t.Error("the server answers after Stop")
	}
	for range 2 {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if s.URL("postgres") != address {
		t.Errorf("it came back at %s", s.URL("postgres"))
	}
	if n := query(t, address, "select count(*)::text from kept"); n != "0" {
		t.Errorf("kept is %s", n)
	}
	s.remove()
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// abandoned is set in the child of the next test.
const abandoned = "INTERIM_TEST_ABANDONED"

func TestAServerDoesNotOutliveAKilledTestBinary(t *testing.T) {
	if os.Getenv(abandoned) != "" {
		s := Server(t)
		fmt.Printf("\nserver %s %s\n", s.dir, s.URL("postgres"))
		select {} // until killed
	}
	if _, err := programs(); err != nil {
		leaveOut(t, err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), abandoned+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var dir, address string
	for in := bufio.NewScanner(out); dir == "" && in.Scan(); {
		_, _ = fmt.Sscanf(in.Text(), "server %s %s", &dir, &address)
	}
	if dir == "" {
		t.Fatal("the child started no server")
	}
	c := connect(t, address)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if _, err := c.Exec(t.Context(), "select pg_sleep(60)"); err == nil {
		t.Fatal("the server went on")
	}
	for { // until the shell has tidied up
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		runtime.Gosched()
	}
}

// recorder notes how a test would have ended.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Name() string              { return "TestX" }
func (r *recorder) Fatalf(f string, a ...any) { r.ended = "failed: " + fmt.Sprintf(f, a...) }
func (r *recorder) Skipf(f string, a ...any)  { r.ended = "skipped: " + fmt.Sprintf(f, a...) }

func TestWithoutPostgreSQLATestIsLeftOutButNotInCI(t *testing.T) {
	for _, c := range []struct {
		ci, require string
		err         error
		want        string
	}{
		{"", "", errNone, "skipped: left out on PostgreSQL: TestX"},
		{"true", "", errNone, "failed: PostgreSQL is required"},
		{"", "1", errNone, "failed: PostgreSQL is required"},
		{"", "", errors.New("initdb broke"), "failed: PostgreSQL is required: initdb broke"},
	} {
		t.Setenv("CI", c.ci)
		t.Setenv("INTERIM_TEST_REQUIRE_POSTGRES", c.require)
		r := &recorder{}
		leaveOut(r, c.err)
		if !strings.HasPrefix(r.ended, c.want) {
			t.Errorf("CI=%q REQUIRE=%q: %q, want %q", c.ci, c.require, r.ended, c.want)
		}
	}
}

func TestTheNewestInstalledVersionIsTaken(t *testing.T) {
	dirs := []string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	if filepath.Dir(dirs[0]) != "/usr/lib/postgresql/17" {
		t.Errorf("the order is %v", dirs)
	}
}

// A server that runs as somebody else could not tidy up in a folder of ours.
func TestAServerLiesWhereWhoRunsItMayRemoveIt(t *testing.T) {
	for mode, want := range map[os.FileMode]bool{0o755: false, 0o777 | os.ModeSticky: true} {
		dir, err := os.MkdirTemp("/tmp", "interim-mode-") //nolint:usetesting // a folder that everybody may enter
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Remove(dir) })
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if got := passable(dir); got != want {
			t.Errorf("mode %v: %v", mode, got)
		}
	}
}
