package db_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestPlaceholdersAreBoundByNumberAndMayRepeat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var got string
		if err := d.Q(t.Context()).Row(`select cast($2 as text) || cast($1 as text) || cast($2 as text)`, "A", "B").Scan(&got); err != nil || got != "BAB" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestAnEmptyResultIsErrNoRows(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if err := d.Q(t.Context()).Row(`select id from notes`).Scan(new(string)); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("Row: %v", err)
		}
		if _, err := db.One(d.Q(t.Context()), text, `select id from notes`); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("One: %v", err)
		}
		if list, err := db.Collect(d.Q(t.Context()), text, `select id from notes`); err != nil || len(list) != 0 {
			t.Errorf("Collect: %v, %v", list, err)
		}
	})
}

func TestOneReturnsTheFirstRowOnly(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 1), ('b', 2)`)
		if id, err := db.One(d.Q(t.Context()), text, `select id from notes order by id desc`); err != nil || id != "b" {
			t.Errorf("got %q, %v", id, err)
		}
	})
}

func TestOutsideAWriteNothingIsWritten(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		const insert = `insert into notes (id, n) values ('a', 1)`
		_, err := d.Q(t.Context()).Exec(insert)
		wantCode(t, err, fault.Unavailable)
		wantCode(t, d.Q(t.Context()).Row(insert+` returning id`).Scan(new(string)), fault.Unavailable)
		wantCode(t, d.Read(t.Context(), func(q db.Q) error {
			_, err := q.Exec(insert)
			return err
		}), fault.Unavailable)
		wantIDs(t, d)
	})
}

func TestAReadSeesOneSnapshot(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		count := func(q db.Q) (n int) {
			t.Helper()
			if err := q.Row(`select count(*) from notes`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := d.Read(t.Context(), func(q db.Q) error {
			if n := count(q); n != 0 {
				t.Errorf("%d rows at first", n)
			}
			exec(t, d, `insert into notes (id, n) values ('a', 1)`)
			if n := count(q); n != 0 {
				t.Errorf("%d rows in the same snapshot", n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n := count(d.Q(t.Context())); n != 1 {
			t.Errorf("%d rows afterwards", n)
		}
	})
}

func TestAnErrorOfAReadComesBackAsItIs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		mine := errors.New("mine")
		if err := d.Read(t.Context(), func(db.Q) error { return mine }); !errors.Is(err, mine) {
			t.Errorf("got %v", err)
		}
	})
}

// A PostgreSQL connection does one thing at a time. Were SQLite to allow it,
// the mistake would show itself only in production.
func TestASecondStatementWhileRowsAreOpenFailsOnBoth(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 1), ('b', 1)`)
		twice := func(q db.Q) error {
			rows, err := q.Query(`select id from notes`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := q.Row(`select n from notes where id = 'b'`).Scan(new(int)); err == nil {
					t.Error("no error")
				}
			}
			return rows.Err()
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return twice(tx) }); err == nil {
			t.Error("the Write went well")
		}
		if err := d.Read(t.Context(), twice); err == nil {
			t.Error("the Read went well")
		}
		wantIDs(t, d, "a", "b")
	})
}

func TestRowsThatWereNotReadToTheEndGiveTheirConnectionBack(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 1), ('b', 1)`)
		for range 40 { // more than there are connections
			rows, err := d.Q(t.Context()).Query(`select id from notes`)
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() {
				t.Fatal(rows.Err())
			}
			rows.Close()
			rows.Close()
			if rows.Next() {
				t.Fatal("Next after Close")
			}
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Query(`select id from notes`) // left open
			return err
		}); err != nil {
			t.Error(err)
		}
		exec(t, d, `delete from notes`)
	})
}

func TestAStatementEndsWithItsRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const endless = `with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r`
		for range 8 { // more often than SQLite has readers
			ctx, cancel := context.WithCancel(t.Context())
			began := make(chan struct{})
			go func() { <-began; cancel() }()
			close(began)
			rows, err := d.Q(ctx).Query(endless)
			if err == nil {
				for rows.Next() {
					t.Error("the endless query ended")
				}
				err = rows.Err()
			}
			if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Timeout) {
				t.Errorf("got %v", err)
			}
			wantCode(t, d.Q(ctx).Row(`select 1`).Scan(new(int)), fault.Unavailable)
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// hostile are texts that languages sort differently from bytes.
var hostile = []string{"", " ", "!", "0", "10", "9", "A", "B", "Z", "_", "a", "a b", "ab", "aB", "á", "b", "z", "~", "ß", "ä", "Ä", "é", "ñ", "Ω", "я", "\u200b", "😀", "ﬁ"}

func TestPagesHaveOneOrderWhateverTheCollation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `create table list (at bigint not null, name {{text}} not null, primary key (at, name))`)
		type row struct {
			at   int64
			name string
		}
		var want []row
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			want = nil
			for _, at := range []int64{-5, 9, 10, 1_900_000_000_000_000} {
				for _, name := range hostile {
					want = append(want, row{at, name})
					tx.Queue(`insert into list (at, name) values ($1, $2)`, at, name)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, func(a, b row) int {
			if a.at != b.at {
				return int(min(1, max(-1, a.at-b.at)))
			}
			return slices.Compare([]byte(a.name), []byte(b.name))
		})
		walk := func(keyset func(*db.Where, []string), order string) (got []row) {
			var key []string
			for {
				var w db.Where
				keyset(&w, key)
				where, args := w.SQL()
				page, err := db.Collect(d.Q(t.Context()), func(r *db.Rows) (x row, err error) { return x, r.Scan(&x.at, &x.name) },
					`select at, name from list`+where+order+` limit 7`, args...)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					return got
				}
				got = append(got, page...)
				last := page[len(page)-1]
				key = []string{strconv.FormatInt(last.at, 10), last.name}
			}
		}
		columns := []string{"at", "name"}
		if got := walk(func(w *db.Where, key []string) { w.After(columns, key...) }, ` order by at, name`); !slices.Equal(got, want) {
			t.Errorf("ascending: %v", got)
		}
		slices.Reverse(want)
		if got := walk(func(w *db.Where, key []string) { w.Before(columns, key...) }, ` order by at desc, name desc`); !slices.Equal(got, want) {
			t.Errorf("descending: %v", got)
		}
	})
}
