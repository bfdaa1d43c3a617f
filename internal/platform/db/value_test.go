package db_test

import (
	"bytes"
	"database/sql"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

type (
	color string
	size  int32
	on    bool
)

const things = `create table things (id bigint primary key, t {{text}}, n bigint, b boolean, f double precision, raw {{blob}}, doc {{json}})`

func TestValuesComeBackAsTheyWereWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, things)
		text, n, yes := "ä€𝄞'\"%_\\\n", int64(math.MinInt64), true
		red := color("red")
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Queue(`insert into things (id, t, n, b, f, raw, doc) values ($1, $2, $3, $4, $5, $6, $7)`,
				1, text, n, yes, 0.1, []byte{0, 1, 255}, `{"k":"v"}`)
			tx.Queue(`insert into things (id, t, n, b, f, raw, doc) values ($1, $2, $3, $4, $5, $6, $7)`,
				2, (*string)(nil), (*int64)(nil), (*on)(nil), nil, []byte(nil), (*string)(nil))
			tx.Queue(`insert into things (id, t, n, b, f, raw, doc) values ($1, $2, $3, $4, $5, $6, $7)`,
				3, red, size(-7), on(true), float32(0.5), []byte{}, color(`"a named type is no JSON string"`))
			tx.Queue(`insert into things (id, t, n, b) values ($1, $2, $3, $4)`,
				4, &red, uint32(math.MaxUint32), sql.NullBool{Bool: true, Valid: true})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		get := func(id int, dest ...any) {
			t.Helper()
			if err := d.Q(t.Context()).Row(`select t, n, b, f, raw, doc from things where id = $1`, id).Scan(dest...); err != nil {
				t.Fatal(err)
			}
		}
		var (
			s, doc string
			i      int64
			b      bool
			f      float64
			raw    []byte
		)
		get(1, &s, &i, &b, &f, &raw, &doc)
		if s != text || i != n || !b || f != 0.1 || !bytes.Equal(raw, []byte{0, 1, 255}) || (doc != `{"k":"v"}` && doc != `{"k": "v"}`) {
			t.Errorf("row 1 is %q %d %t %v %v %s", s, i, b, f, raw, doc)
		}
		var (
			sp, docp *string
			ip       *int64
			bp       *on
			fp       sql.NullFloat64
		)
		sp, ip = &s, &i
		get(2, &sp, &ip, &bp, &fp, &raw, &docp)
		if sp != nil || ip != nil || bp != nil || fp.Valid || raw != nil || docp != nil {
			t.Error("row 2 is not all NULL")
		}
		var (
			c  *color
			sz size
			o  on
		)
		get(3, &c, &sz, &o, &f, &raw, &docp)
		if c == nil || *c != red || sz != -7 || !o || f != 0.5 || len(raw) != 0 || docp == nil || *docp != `"a named type is no JSON string"` {
			t.Errorf("row 3 is %v %d %t %v %v %v", c, sz, o, f, raw, docp)
		}
		var u uint32
		get(4, &c, &u, &b, new(any), new(any), new(any))
		if *c != red || u != math.MaxUint32 || !b {
			t.Errorf("row 4 is %v %d %t", *c, u, b)
		}
	})
}

func TestATextThatPostgreSQLCannotHoldIsRefusedOnBoth(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for _, bad := range []string{"a\x00b", "\xff", "a\xc3"} {
			wantCode(t, d.Write(t.Context(), func(tx *db.Tx) error { return add(tx, bad) }), fault.Invalid)
			wantCode(t, d.Q(t.Context()).Row(`select n from notes where id = $1`, bad).Scan(new(int)), fault.Invalid)
		}
	})
}

func TestValuesThatTheEnginesStoreDifferentlyAreRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for _, v := range []any{time.Unix(0, 0), &time.Time{}, struct{}{}, []string{"a"}, uint64(1), map[string]string{}} {
			if err := d.Q(t.Context()).Row(`select id from notes where n = $1`, v).Scan(new(string)); err == nil || errors.Is(err, db.ErrNoRows) {
				t.Errorf("%T was bound: %v", v, err)
			}
		}
	})
}

func TestAScanThatDoesNotFitFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, things, `insert into things (id, t, n) values (1, 'x', 1099511627776)`)
		for name, c := range map[string]struct {
			sql  string
			dest []any
		}{
			"NULL into a string":   {`select doc from things`, []any{new(string)}},
			"NULL into an int":     {`select b from things`, []any{new(bool)}},
			"too large":            {`select n from things`, []any{new(int32)}},
			"text into an int":     {`select t from things`, []any{new(int)}},
			"too few destinations": {`select t, n from things`, []any{new(string)}},
			"no pointer":           {`select t from things`, []any{"x"}},
		} {
			t.Run(name, func(t *testing.T) {
				if err := d.Q(t.Context()).Row(c.sql).Scan(c.dest...); err == nil {
					t.Error("no error")
				}
			})
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// fuzzed: what a client sends ends up in a bound value and nowhere else.
func FuzzABoundTextComesBack(f *testing.F) {
	for _, s := range []string{"", "'", "$1", "?", "\\", "a\u0301", "'); drop table notes; --", "\x00", "\xff"} {
		f.Add(s)
	}
	d := dbtest.SQLite(f)
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		err := d.Q(t.Context()).Row(`select cast($1 as text)`, s).Scan(&got)
		if fault.Is(err, fault.Invalid) {
			return
		}
		if err != nil || got != s {
			t.Errorf("%q came back as %q, %v", s, got, err)
		}
	})
}
