package db_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/pgtest"
)

const (
	// race fails as a transaction does that lost a race under SERIALIZABLE.
	race = `do $$ begin raise exception 'lost' using errcode = '40001'; end $$`
	// hangUp ends the connection it runs on.
	hangUp = `select pg_terminate_backend(pg_backend_pid())`
)

func TestAWriteThatLosesARaceIsRunAgain(t *testing.T) {
	for name, lose := range map[string]string{"lost race": race, "lost connection": hangUp} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Postgres(t)
			exec(t, d, notes)
			runs, told := 0, 0
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				runs++
				tx.OnCommit(func() { told++ })
				if err := add(tx, "a"); err != nil {
					return err
				}
				if runs < db.MaxAttempts {
					if _, err := tx.Exec(lose); err != nil {
						return fault.Wrap(fault.Internal, err, "a rule may say it in its own words")
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			if runs != db.MaxAttempts || told != 1 {
				t.Errorf("%d runs, told %d times", runs, told)
			}
			wantIDs(t, d, "a")
		})
	}
}

func TestAWriteThatLosesEveryRaceFailsInTheEnd(t *testing.T) {
	d := dbtest.Postgres(t)
	exec(t, d, notes)
	runs := 0
	if err := d.Write(t.Context(), func(tx *db.Tx) error {
		runs++
		tx.Queue(race)
		return nil
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v, want a conflict", err)
	}
	if runs != db.MaxAttempts {
		t.Errorf("%d runs", runs)
	}
}

func TestADeadlockIsResolvedAndBothWritesHappen(t *testing.T) {
	d := dbtest.Postgres(t)
	exec(t, d, notes, `insert into notes (id, n) values ('a', 0), ('b', 0)`)
	var met, all sync.WaitGroup
	met.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		var first sync.Once
		all.Go(func() {
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Queue(`select set_config('deadlock_timeout', '10ms', true) from pg_roles where rolname = current_user and rolsuper`)
				for _, id := range order {
					if _, err := tx.Exec(`update notes set n = n + 1 where id = $1`, id); err != nil {
						return err
					}
					first.Do(func() { met.Done(); met.Wait() }) // each holds its first row
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var least, most int
	if err := d.Q(t.Context()).Row(`select min(n), max(n) from notes`).Scan(&least, &most); err != nil || least != 2 || most != 2 {
		t.Errorf("rows counted %d and %d, %v", least, most, err)
	}
}

// Round trips are what a write costs on PostgreSQL.
func TestRoundTrips(t *testing.T) {
	address, trips := counted(t, pgtest.URL(t))
	d := open(t, db.Options{URL: address + "&pool_max_conns=1"})
	exec(t, d, notes, `insert into notes (id, n) values ('a', 1)`)
	insert := func(tx *db.Tx) { tx.Queue(`insert into notes (id, n) values ($1, $2) on conflict do nothing`, "a", 1) }
	read := func(tx *db.Tx) error { return tx.Row(`select n from notes where id = $1`, "a").Scan(new(int)) }
	update := func(tx *db.Tx) error {
		_, err := tx.Exec(`update notes set n = n + $1`, 1)
		return err
	}
	for name, c := range map[string]struct {
		fn   func(tx *db.Tx) error
		want int64
	}{
		"nothing":                  {func(*db.Tx) error { return nil }, 0},
		"queued statements only":   {func(tx *db.Tx) error { insert(tx); insert(tx); insert(tx); return nil }, 1},
		"one statement":            {update, 2},
		"one statement and queued": {func(tx *db.Tx) error { err := update(tx); insert(tx); insert(tx); return err }, 2},
		"locked, read, changed, noted": {func(tx *db.Tx) error {
			err := errors.Join(tx.Lock("x", "y"), read(tx), update(tx))
			insert(tx)
			return err
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var before int64
			for range 2 { // the second time the statements are prepared
				before = trips.Load()
				if err := d.Write(t.Context(), c.fn); err != nil {
					t.Fatal(err)
				}
			}
			if got := trips.Load() - before; got != c.want {
				t.Errorf("%d round trips, want %d", got, c.want)
			}
		})
	}
	t.Run("a read of two statements", func(t *testing.T) {
		var before int64
		for range 2 {
			before = trips.Load()
			if err := d.Read(t.Context(), func(q db.Q) error {
				return errors.Join(q.Row(`select n from notes where id = $1`, "a").Scan(new(int)), q.Row(`select max(n) from notes`).Scan(new(int)))
			}); err != nil {
				t.Fatal(err)
			}
		}
		if got := trips.Load() - before; got != 3 {
			t.Errorf("%d round trips, want 3", got)
		}
	})
}

// counted puts a proxy before a server that counts ReadyForQuery messages: the
// server sends one at the end of each round trip.
func counted(t *testing.T, address string) (through string, trips *atomic.Int64) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	trips = new(atomic.Int64)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() }()
			go func() { countTrips(client, upstream, trips); _ = client.Close() }()
		}
	}()
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return u.String(), trips
}

// countTrips copies the server's messages: a type, a length, a body.
func countTrips(client io.Writer, server io.Reader, trips *atomic.Int64) {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(server, head); err != nil {
			return
		}
		if head[0] == 'Z' {
			trips.Add(1)
		}
		if _, err := client.Write(head); err != nil {
			return
		}
		if _, err := io.CopyN(client, server, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			return
		}
	}
}

func TestADatabaseThatIsDownIsAFaultAndComesBack(t *testing.T) {
	server := pgtest.Server(t)
	d := open(t, db.Options{URL: server.URL("postgres")})
	exec(t, d, notes)
	resynced := make(chan string, 16)
	d.Subscribe("topic", func(payload string) { resynced <- payload })

	server.Stop()
	wantCode(t, d.Write(t.Context(), adding("a")), fault.Unavailable)
	wantCode(t, d.Q(t.Context()).Row(`select 1`).Scan(new(int)), fault.Unavailable)
	wantCode(t, d.Ping(t.Context()), fault.Unavailable)
	_, err := db.Open(t.Context(), db.Options{URL: server.URL("postgres")})
	wantCode(t, err, fault.Unavailable)

	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exec(t, d, `insert into notes (id, n) values ('b', 1)`)
	wantIDs(t, d, "b")
	if payload := <-resynced; payload != "" { // it may have missed something
		t.Errorf("the subscriber heard %q", payload)
	}
	other := open(t, db.Options{URL: server.URL("postgres")})
	if err := other.Write(t.Context(), func(tx *db.Tx) error { tx.Notify("topic", "again"); return nil }); err != nil {
		t.Fatal(err)
	}
	if payload := <-resynced; payload != "again" {
		t.Errorf("the subscriber heard %q", payload)
	}
}

func TestAnAddressThatLeadsNowhereIsAClearFault(t *testing.T) {
	good, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(u *url.URL)
		code   fault.Code
		says   string
	}{
		"no such database": {func(u *url.URL) { u.Path = "/none" }, fault.Unavailable, "the database does not exist on the server"},
		"nobody listens":   {func(u *url.URL) { u.Host = "127.0.0.1:1" }, fault.Unavailable, "the database cannot be reached"},
		"a wrong option":   {func(u *url.URL) { u.RawQuery = "pool_max_conns=many" }, fault.Invalid, "the database URL cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			u := *good
			c.change(&u)
			_, err := db.Open(t.Context(), db.Options{URL: u.String()})
			wantCode(t, err, c.code)
			if err == nil || err.Error() != c.says {
				t.Errorf("it says %v", err)
			}
		})
	}
}
