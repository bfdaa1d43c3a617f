package sync_test

import (
	"context"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// runs are the runs of the connector, newest first, in the form "state: message".
func (o *office) runs() (list []string) {
	o.Helper()
	p := must(o.sync.Runs(o.ctx, o.connector.Ref(), page.Request{Size: 100}))(o)
	for _, r := range p.Items {
		s := string(r.State)
		if r.Message != "" {
			s += ": " + r.Message
		}
		list = append(list, s)
	}
	return list
}

func TestOneRunOfAConnectorAtATime(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		proceed, over := o.begin()
		o.same("shown meanwhile", o.runs(), []string{"running"})
		for name, other := range map[string]*office{"this process": o, "another process": o.replica()} {
			_, err := other.sync.Now(other.ctx, o.connector.Ref(), sync.Accept{})
			if !fault.Is(err, fault.Conflict) {
				t := o.TB
				t.Errorf("%s: %v", name, err)
			}
		}
		proceed()
		o.same("run", over().State, sync.Done)
		o.same("the next", o.taken().State, sync.Done)
		o.same("runs", o.runs(), []string{"done", "done"})
	})
}

func TestALeaseIsKeptForAsLongAsTheTargetTakesToAnswer(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		other := o.replica()
		proceed, over := o.begin()
		for range 5 * sync.Lease / sync.Renewal {
			before := o.row().SyncDueAt
			o.clock.AwaitWaiter(o.clock.Now().Add(sync.Renewal)) // else the wait would begin after the time has moved
			o.clock.Advance(sync.Renewal)
			for o.row().SyncDueAt.Equal(before) { // the renewal is under way
			}
			other.clock.Set(o.clock.Now())
			if other.plan() != 0 {
				o.Fatal("another process took over a run that is alive")
			}
		}
		proceed()
		o.same("run", over().State, sync.Done)
	})
}

func TestARunWhoseServerDiedIsMadeUpFor(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.SyncEvery = time.Hour }))(o)
		proceed, over := o.begin() // its clock stands still from now on, and so does its lease
		other := o.replica()
		other.clock.Advance(sync.Lease - time.Second)
		o.same("before the lease is over", other.plan(), 0)
		other.clock.Advance(time.Second)
		o.same("after", other.plan(), 1)
		o.same("runs", other.runs(), []string{"done", "failed: cut short: the server stopped"})
		o.same("active", o.active(), []string{"p1 r1"})

		// The dead one was only asleep. What it read is out of date, and it writes nothing more.
		o.site.take("p1", "r1")
		other.taken()
		o.unchanged(func() {
			proceed()
			run := over()
			o.same("run", []any{run.State, run.Message}, []any{sync.Failed, "cut short: the connector was deleted, or another run took over"})
		})
		o.same("connector", o.row().Status, app.ConnectorOK)
	})
}

func TestAnAskedForRunWhoseServerDiedIsNotRepeated(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		_, _ = o.begin()
		other := o.replica()
		other.clock.Advance(sync.Lease)
		o.same("handled", other.plan(), 1)
		o.same("runs", other.runs(), []string{"failed: cut short: the server stopped"})
		o.same("due", other.due(), "never")
		o.same("the next", other.read().State, sync.Done)
	})
}

func TestDeletingAConnectorCutsItsRunShort(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		_, over := o.begin() // it is never told to go on
		must(o.sync.Delete(o.ctx, o.connector.Ref()))(o)
		o.same("run", over().Message, "cut short: the connector was deleted, or another run took over")
		o.same("known", len(o.known().Accounts), 0)
		o.same("lives", len(o.lives()), 0)
		_, err := o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{})
		o.refused(err, fault.NotFound, "")
		o.same("due", o.due(), "never")
	})
}

func TestDeletingItsAppElsewhereCutsARunShort(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		proceed, over := o.begin()
		if err := o.replica().apps.DeleteApp(o.ctx, o.connector.AppID); err != nil {
			o.Fatal(err)
		}
		proceed()
		o.same("run", over().State, sync.Failed)
		o.same("lives", len(o.lives()), 0)
	})
}

func TestARunGoesOnWhenItsCallerHangsUp(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		ctx, cancel := context.WithCancel(o.ctx)
		answers := make(chan sync.Run)
		proceed := o.ahead(func() {
			go func() {
				r, err := o.sync.Now(ctx, o.connector.Ref(), sync.Accept{})
				if err != nil {
					r.Message = err.Error()
				}
				answers <- r
			}()
		})
		cancel()
		if r := <-answers; r.State != sync.Running || !r.FinishedAt.IsZero() || r.ID == "" {
			o.Errorf("the caller got %+v", r)
		}
		proceed()
		o.sync.Idle()
		o.same("runs", o.runs(), []string{"done"})
	})
}

func TestTheEndOfTheServerCutsRunsShortAndTheNextStartMakesUpForThem(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.SyncEvery = time.Hour }))(o)
		_, over := o.begin()
		o.sync.Close()
		o.same("run", over().Message, "cut short: the server stopped")
		_, err := o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{})
		o.refused(err, fault.Unavailable, "")

		next := o.replica()
		o.same("due", next.due(), "0s")
		o.same("made up for", next.plan(), 1)
		o.same("due", next.due(), "1h0m0s")
	})
}

func TestAfterACrashTheOneServerTakesUpWhatWasUnderWay(t *testing.T) {
	o := newOffice(t, sqlite(t))
	o.site.grow(2, 2)
	o.begin()
	asked := o.replica()
	if err := asked.sync.Recover(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.same("runs", asked.runs(), []string{"failed: cut short: the server stopped"})
	o.same("due", asked.due(), "never")

	must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.SyncEvery = time.Hour }))(o)
	asked.begin()
	planned := o.replica()
	if err := planned.sync.Recover(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.same("due", planned.due(), "0s")
	o.same("made up for", planned.plan(), 1)
	o.same("state", planned.runs()[0], "done")
}

func TestLeasesOfOtherServersAreLeftAlone(t *testing.T) {
	dbPostgres(t, func(o *office) {
		o.site.grow(2, 2)
		proceed, over := o.begin()
		if err := o.replica().sync.Recover(o.ctx); err != nil {
			o.Fatal(err)
		}
		proceed()
		o.same("run", over().State, sync.Done)
	})
}

func TestOldRunsAreForgotten(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		first := o.taken()
		err := o.db.Write(o.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < $3)
				insert into sync_run (id, app_id, connector_id, started_at, finished_at, state, accounts, resources, entitlements, grants,
					added, removed, message)
				select id || '-' || (10000 + i), app_id, connector_id, started_at, finished_at, state, 0, 0, 0, 0, 0, 0, ''
				from sync_run, n where sync_run.id = $1 and connector_id = $2`, string(first.ID), string(o.connector.ID), sync.KeptRuns)
			return err
		})
		if err != nil {
			o.Fatal(err)
		}
		last := o.taken()
		var n, gone int
		err = o.db.Q(o.ctx).Row(`select count(*), count(case when id = $1 then 1 end) from sync_run`, string(first.ID)).Scan(&n, &gone)
		if err != nil || n != sync.KeptRuns || gone != 0 {
			o.Errorf("%d runs are kept, the oldest among them: %v; %v", n, gone == 1, err)
		}
		newest := must(o.sync.LastRuns(o.ctx, []app.ConnectorID{o.connector.ID}))(o)
		o.same("newest", newest[o.connector.ID].ID, last.ID)
	})
}
