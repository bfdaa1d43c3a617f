package db_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
)

// A group without savepoints is run again where a member fails that has changed something, and only there.
func TestOnlyWhoFailsAfterAChangeHasTheGroupRunAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(tx *db.Tx) error
		again bool
	}{
		"a guard that says no":          {func(*db.Tx) error { return errMine }, false},
		"an update that finds nothing":  {changing(`update notes set n = 2 where id = 'none'`), false},
		"an insert that yields":         {returning(`insert into notes (id, n) values ('a', 1) on conflict do nothing returning n`), false},
		"a read":                        {returning(`select n from notes where id = 'a'`), false},
		"an update":                     {changing(`update notes set n = 2 where id = 'a'`), true},
		"an insert that returns":        {returning(`insert into notes (id, n) values ('b', 1) returning n`), true},
		"a table":                       {changing(`create table other (id text)`), true},
		"a change and then no change":   {func(tx *db.Tx) error { _ = add(tx, "b"); return changing(`delete from notes where n = 9`)(tx) }, true},
		"a statement that fails":        {func(tx *db.Tx) error { _ = add(tx, "a"); return nil }, true},
		"a statement nobody may send":   {func(tx *db.Tx) error { _, err := tx.Exec(`savepoint mine`); return err }, true},
		"a panic that comes first":      {func(*db.Tx) error { panic("gone") }, false},
		"a panic that comes afterwards": {func(tx *db.Tx) error { _ = add(tx, "b"); panic("gone") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *db.DB) {
				ran := 0
				errs := group(t, d, always(t.Context()), func(tx *db.Tx) error { ran++; return add(tx, "a") }, c.fails, adding("c"))
				if errs[0] != nil || errs[1] == nil || errs[2] != nil {
					t.Errorf("the outcomes are %v", errs)
				}
				if want := map[bool]int{false: 1, true: 2}[c.again]; ran != want {
					t.Errorf("the neighbour ran %d times, want %d", ran, want)
				}
				var n int
				if err := d.Q(t.Context()).Row(`select sum(n) from notes`).Scan(&n); err != nil || n != 2 {
					t.Errorf("the sum is %d, %v", n, err)
				}
				wantIDs(t, d, "a", "c")
			})
		})
	}
}

// The threat: somebody who fails on purpose has everybody's writes run twice.
func TestWhoFailsAgainAndAgainCostsTheirNeighboursNoSecondRunEachTime(t *testing.T) {
	bubble(t, func(t *testing.T, d *db.DB) {
		const rounds = 2*db.Wariness + 4
		ran := 0
		for i := range rounds {
			errs := group(t, d, always(t.Context()),
				func(tx *db.Tx) error { ran++; return add(tx, fmt.Sprintf("n%03d", i)) },
				func(tx *db.Tx) error { return errors.Join(add(tx, "bad"), errMine) },
			)
			if errs[0] != nil || !errors.Is(errs[1], errMine) {
				t.Errorf("round %d: %v", i, errs)
			}
		}
		if ran != rounds+3 { // once more in the first, and each time members were together again
			t.Errorf("%d runs in %d rounds", ran, rounds)
		}
		if n := len(ids(t, d)); n != rounds {
			t.Errorf("%d rows", n)
		}
	})
}

func changing(sql string) func(*db.Tx) error {
	return func(tx *db.Tx) error { _, err := tx.Exec(sql); return errors.Join(err, errMine) }
}

func returning(sql string) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := db.Collect(tx, func(r *db.Rows) (n int, err error) { return n, r.Scan(&n) }, sql)
		return errors.Join(err, errMine)
	}
}
