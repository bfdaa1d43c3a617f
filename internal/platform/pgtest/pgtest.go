package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// host is where the databases of this test process are made.
type host struct {
	admin string // the address of a database in which others can be created
	// own is our server, if it is ours. It must stay reachable: were it
	// collected, its standard input would be closed, and that stops it.
	own *Instance
}

// shared is the host, made when first asked for. Our own server is stopped by
// the end of the process.
var shared = sync.OnceValues(func() (host, error) {
	if u := os.Getenv("INTERIM_TEST_POSTGRES_URL"); u != "" {
		return host{admin: u}, nil
	}
	s, err := create()
	if err != nil {
		return host{}, err
	}
	s.settings = append(s.settings, "autovacuum=off") // whose statistics would come in the middle of a test of plans
	if err := s.Start(); err != nil {
		s.remove()
		return host{}, err
	}
	return host{admin: s.URL("postgres"), own: s}, nil
})

// URL returns the address of an empty database of the test's own, dropped at
// its end.
func URL(t testing.TB) string {
	t.Helper()
	admin, name := server(t).admin, "test_"+unique()
	if err := run(admin, "create database "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run(admin, drop(name)); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return in(admin, name)
}

// templates are the databases that Clone copies: *template by name.
var templates sync.Map

// Clone returns the address of a database of the test's own that is as prepare
// leaves an empty one; prepare keeps no connection open. It runs once in a
// process for each name, in a template that is copied; on a server that is not
// ours, which no template must be left behind on, it runs for each test.
func Clone(t testing.TB, name string, prepare func(url string) error) string {
	t.Helper()
	if server(t).own == nil {
		address := URL(t)
		if err := prepare(address); err != nil {
			t.Fatalf("prepare the database: %v", err)
		}
		return address
	}
	admin := server(t).admin
	known, _ := templates.LoadOrStore(name, &template{make: sync.OnceValues(func() (string, error) {
		database := "template_" + unique()
		if err := run(admin, "create database "+database); err != nil {
			return "", err
		}
		if err := prepare(in(admin, database)); err != nil {
			return "", err
		}
		return database, run(in(admin, database), remember)
	})})
	m := known.(*template) //nolint:forcetypeassert // nothing else is stored
	original, err := m.make()
	if err != nil {
		t.Fatalf("prepare the template database %s: %v", name, err)
	}
	database := m.take()
	if database == "" {
		database = "test_" + unique()
		if err := run(admin, "create database "+database+" template "+original); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := m.give(admin, database); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return in(admin, database)
}

// Server starts a server of the test's own, which it may stop and start. It
// goes with the test. It needs the programs, whatever
// INTERIM_TEST_POSTGRES_URL says.
func Server(t testing.TB) *Instance {
	t.Helper()
	s, err := create()
	if err != nil {
		leaveOut(t, err)
	}
	t.Cleanup(s.remove)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func server(t testing.TB) host {
	t.Helper()
	h, err := shared()
	if err != nil {
		leaveOut(t, err)
	}
	return h
}

// leaveOut skips a test for want of PostgreSQL, or fails it where none may be
// left out.
func leaveOut(t testing.TB, err error) {
	t.Helper()
	required := os.Getenv("CI") == "true" || os.Getenv("INTERIM_TEST_REQUIRE_POSTGRES") == "1"
	if required || !errors.Is(err, errNone) {
		t.Fatalf("PostgreSQL is required: %v", err)
		return
	}
	t.Skipf("left out on PostgreSQL: %s (%v)", t.Name(), err)
}

// run executes one statement on a connection of its own.
func run(address, sql string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}

// in is the address with another database.
func in(address, database string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(fmt.Sprintf("pgtest: INTERIM_TEST_POSTGRES_URL is not a URL: %v", err))
	}
	u.Path = "/" + database
	return u.String()
}

func unique() string { return strings.ToLower(rand.Text()) }
