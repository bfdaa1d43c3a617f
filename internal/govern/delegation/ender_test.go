package delegation

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestTheNextEndIsTheEarliestThatWasNotNoticed(t *testing.T) {
	each(t, func(o *office) {
		next := func(want time.Time) {
			t.Helper()
			at, ok, err := o.Ender().Next(o.ctx)
			if err != nil || ok == want.IsZero() || ok && !at.Equal(want) {
				t.Errorf("%s %v %v, want %s", at, ok, err, want)
			}
		}
		next(time.Time{})
		o.beside(o.grace, time.Time{}, time.Time{})
		o.beside(o.grace, in(-2), in(-1))
		next(time.Time{})
		later := o.beside(o.grace, time.Time{}, in(5))
		o.instead(o.joan, time.Time{}, in(2))
		next(in(2))
		o.clock.Set(in(2))
		o.end()
		next(in(5))
		must(o.Delete(o.ctx, later.ID))(o)
		next(time.Time{})
	})
}

// The loop is woken by a window whose end is earlier than what it waits for.
func TestTheLoopClosesAWindowAtItsEnd(t *testing.T) {
	each(t, func(o *office) {
		over := make(chan Delegation, 1)
		o.Service.Tell(heard(over))
		loop := due.New(due.Options{Clock: o.clock, DB: o.DB, Sources: []due.Source{o.Ender()}})
		ctx, stop := context.WithCancel(o.ctx)
		ended := make(chan error, 1)
		go func() { ended <- loop.Run(ctx) }()
		d := o.instead(o.grace, time.Time{}, noon.Add(30*time.Second))
		o.clock.AwaitWaiter(d.Until)
		o.clock.Set(d.Until)
		if got := <-over; got.ID != d.ID || !got.ClosedAt.Equal(d.Until) {
			t.Errorf("%+v", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

type heard chan Delegation

func (h heard) DelegationOver(tx *db.Tx, d Delegation, _ time.Time) error {
	tx.OnCommit(func() { h <- d })
	return nil
}

// Several replicas share the ends: each is noticed by one of them, and told once.
func TestManyWhoCloseWindowsAtOnceCloseEachOnce(t *testing.T) {
	each(t, func(o *office) {
		o.quiet()
		told := make(chan Delegation, 1000)
		o.Service.Tell(heard(told))
		const people = 250
		var want []ID
		for range people {
			d := must(o.SetReassign(o.ctx, o.person("Somebody"), o.grace, time.Time{}, in(1), ""))(o)
			want = append(want, d.ID)
		}
		o.clock.Set(in(1))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { o.end() })
		}
		all.Wait()
		o.end()
		close(told)
		var got []ID
		for d := range told {
			got = append(got, d.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d were told of %d", len(got), len(want))
		}
		n := 0
		for r := (page.Request{Size: 100}); ; {
			events := must(o.Audit.List(o.ctx, audit.Filter{}, r))(o)
			for _, e := range events.Items {
				if e.Kind == "delegation.ended" {
					n++
				}
			}
			if r.After = events.Next; len(r.After) == 0 {
				break
			}
		}
		if n != people {
			t.Errorf("%d events", n)
		}
	})
}

// A clock that is behind after a restart revives nothing that was closed or removed.
func TestAClockThatIsSetBackRevivesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "interim.db")
	open := func() *db.DB { return must(db.Open(t.Context(), db.Options{Path: path}))(t) }
	d := open()
	o := newOffice(t, d, noon)
	o.beside(o.joan, time.Time{}, in(1))
	ended := o.instead(o.grace, time.Time{}, in(1))
	o.clock.Set(in(2))
	o.end()
	removed := must(o.SetReassign(o.ctx, o.joan, o.grace, in(-1), time.Time{}, ""))(o)
	must(o.RemoveReassign(o.ctx, o.joan))(o)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	d = open()
	c := clock.NewFake(noon.Add(time.Minute)) // both windows would be open
	back := New(Deps{DB: d, Clock: c, Audit: audit.New(d, c)})
	for _, id := range []ID{ended.ID, removed.ID} {
		if d := must(back.Get(o.ctx, id))(t); d.Covers(c.Now()) {
			t.Errorf("%+v is open again", d)
		}
	}
	answering := must(back.Answering(d.Q(o.ctx), []directory.UserID{o.ada, o.joan}, c.Now()))(t)
	if len(answering[o.ada]) != 1 || answering[o.ada][0].User != o.ada || answering[o.joan][0].User != o.joan {
		t.Errorf("%+v", answering)
	}
	if list := must(back.StandsInFor(d.Q(o.ctx), o.grace, c.Now()))(t); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// A window that closes while nobody is there is noticed when somebody is again.
func TestAnEndDuringARestartIsNoticedAfterIt(t *testing.T) {
	d := dbtest.SQLite(t)
	before := newOffice(t, d, noon)
	before.instead(before.grace, time.Time{}, in(1))
	after := newOffice(t, d, in(3))
	if n := after.end(); n != 1 || len(after.over) != 1 || !after.over[0].ClosedAt.Equal(in(3)) {
		t.Errorf("%d closed, told %+v", n, after.over)
	}
}

func TestNoStatementReadsAWholeTable(t *testing.T) {
	people := []directory.UserID{"a", "b"}
	statements := map[string]func() (string, []any){
		"one's reassign": func() (string, []any) { return reassignSQL, []any{"a"} },
		"those beside":   func() (string, []any) { return addedSQL, []any{"a", int64(1)} },
		"a user's end":   func() (string, []any) { return userEndedSQL, []any{int64(1), "a"} },
		"the next end":   func() (string, []any) { return nextSQL, nil },
		"what is due":    func() (string, []any) { return dueSQL, []any{int64(1), 100} },
		"who answers":    func() (string, []any) { return answeringSQL(people, noon) },
		"for whom":       func() (string, []any) { return standsInSQL("a", noon) },
		"delegates":      func() (string, []any) { return delegatesSQL(people, noon) },
	}
	for name, f := range map[string]Filter{
		"all": {}, "of some": {Delegators: people}, "to some": {Delegates: people}, "own": {Own: "a"}, "open": {States: []State{Open}},
		"own, deleted": {Own: "a", States: []State{Deleted}}, "of one": {Delegators: people[:1]}, "to one": {Delegates: people[:1]},
	} {
		statements["first page, "+name] = func() (string, []any) { return listSQL(f, noon, page.Request{Size: 25}) }
		statements["next page, "+name] = func() (string, []any) { return listSQL(f, noon, page.Request{Size: 25, After: page.Key{"x"}}) }
	}
	each(t, func(o *office) {
		for name, statement := range statements {
			sql, args := statement()
			plan := o.plan(sql, args)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN") && !strings.Contains(plan, "USING INDEX") &&
				!strings.Contains(plan, "USING COVERING INDEX") {
				t.Errorf("%s:\n%s\n%s", name, sql, plan)
			}
		}
	})
}

func (o *office) plan(sql string, args []any) string {
	o.Helper()
	var lines []string
	err := o.DB.Write(o.ctx, func(tx *db.Tx) (err error) {
		explain, scan := "explain query plan ", func(r *db.Rows) (line string, err error) {
			var a, b, c int
			return line, r.Scan(&a, &b, &c, &line)
		}
		if o.DB.Engine() == db.Postgres {
			if _, err := tx.Exec("set local enable_seqscan = off"); err != nil {
				return err
			}
			explain, scan = "explain (costs off) ", func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) }
		}
		lines, err = db.Collect(tx, scan, explain+sql, args...)
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestNobodyIsToldTwiceThatADelegationIsOver(t *testing.T) {
	each(t, func(o *office) {
		first := o.instead(o.grace, time.Time{}, in(1))
		o.clock.Set(in(1))
		o.end()
		second := o.instead(o.joan, time.Time{}, in(2)) // replaces what has closed
		o.clock.Set(in(2))
		o.end()
		must(o.RemoveReassign(o.ctx, o.ada))(o)
		past := o.instead(o.joan, in(-2), in(-1))
		must(o.people.Delete(o.ctx, o.joan, ""))(o)
		o.told(first.ID, second.ID)
		if d := o.now(past); d.StateAt(in(2)) != Over {
			t.Errorf("%+v", d)
		}
	})
}

func TestAChangeOverAStaleRowIsAConflict(t *testing.T) {
	each(t, func(o *office) {
		seen := o.instead(o.grace, time.Time{}, in(1))
		must(o.SetReassign(o.ctx, o.ada, o.grace, time.Time{}, in(2), ""))(o)
		err := o.DB.Write(o.ctx, func(tx *db.Tx) error { return update(tx, &seen) })
		o.refused(err, fault.Conflict, "")
	})
}
