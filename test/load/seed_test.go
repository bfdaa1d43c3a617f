package main

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestRowsAreNumberedThroughAStatement(t *testing.T) {
	got := rows("insert into t (a, b, c)", "(?,'x',?)", 3)
	if want := "insert into t (a, b, c) values ($1,'x',$2),($3,'x',$4),($5,'x',$6)"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// The measured database must be one that the server could have written.
func TestTheWorldIsFullOfLiveGrants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := indexes(t, d)
		now := clock.System(time.Time{})
		s := &seeder{ctx: iam.AsSystem(t.Context()), DB: d, now: now.Now().Add(-time.Hour), clock: now}
		w, err := s.world(2000, 3)
		if err != nil {
			t.Fatal(err)
		}
		if after := indexes(t, d); after != before || before == 0 {
			t.Errorf("%d indexes, %d before", after, before)
		}
		var n int
		if err := d.Q(t.Context()).Row(`select count(*) from grants where ended_at is null`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if want := 2000 + 3*(4*endRounds+1) + singles; n != want {
			t.Errorf("%d live grants, want %d", n, want)
		}
		if err := d.Q(t.Context()).Row(`select count(*) from account a left join account_holder h on h.app_id = a.app_id
			and h.account_id = a.id and h.user_id = a.user_id and h.from_at = a.created_at and h.until_at is null
			where h.from_at is null`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d accounts without their holder, %v", n, err)
		}
		for i := range w.grants() {
			h := w.holding(i)
			g, err := check(d.Q(t.Context()), string(h.app), string(h.entitlement), h.user)
			if err != nil || !g.Allowed {
				t.Fatalf("grant %d: %+v, %v", i, g, err)
			}
		}
	})
}

func indexes(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	sql := `select count(*) from sqlite_master where type = 'index' and tbl_name in ('users', 'account', 'account_holder', 'grants')`
	if d.Engine() == db.Postgres {
		sql = `select count(*) from pg_indexes where tablename in ('users', 'account', 'account_holder', 'grants')`
	}
	if err := d.Q(t.Context()).Row(sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
