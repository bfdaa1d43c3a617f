package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// keys are what n people may be given in an app whose target has to confirm it.
func (o *office) keys(n int) []grant.Key {
	c := o.Connected(n)
	keys := make([]grant.Key, n)
	for i := range keys {
		keys[i] = c.Key(i)
	}
	return keys
}

// BenchmarkManyEnds measures a second in which 10,000 grants end: each gets the task that takes it.
func BenchmarkManyEnds(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			o := open(b, open1(b))
			var keys []grant.Key
			for range 20 {
				keys = append(keys, o.keys(500)...)
			}
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				for _, k := range keys {
					_, err := o.Grants.Create(o.Ctx, k, o.Clock.Now().Add(time.Hour))
					o.ok(err)
				}
				o.Clock.Advance(time.Hour)
				b.StartTimer()
				o.pass(o.Grants.Ender())
				b.StopTimer()
				o.run()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkRequest measures requests of many people at once, with the policy's steps, history, audit and approvers.
func BenchmarkRequest(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			o := open(b, open1(b))
			people := make(chan directory.UserID, b.N)
			for range b.N {
				u := o.User().ID
				o.Account(o.App.ID, u)
				people <- u
			}
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					u := <-people
					a := o.asks()
					a.Subject = u
					if _, err := o.Tasks.RequestGrant(o.as(u), a); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

// BenchmarkFlow measures request, approval and grant.
func BenchmarkFlow(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			o := open(b, open1(b))
			people := make(chan directory.UserID, b.N)
			for range b.N {
				u := o.User().ID
				o.Account(o.App.ID, u)
				people <- u
			}
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					u := <-people
					a := o.asks()
					a.Subject = u
					t, err := o.Tasks.RequestGrant(o.as(u), a)
					if err == nil {
						_, err = o.Tasks.Approve(o.as(o.Grace), string(t.ID), t.Step(), "fine")
					}
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flows/s")
		})
	}
}

func TestEachOfManyEndsHasItsTask(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		keys := append(o.keys(300), o.keys(300)...) // more than one batch
		n := len(keys)
		for _, k := range keys {
			_, err := o.Grants.Create(o.Ctx, k, o.Clock.Now().Add(time.Hour))
			o.ok(err)
		}
		o.Clock.Advance(time.Minute)
		o.run()
		o.Clock.Advance(time.Hour)
		o.pass(o.Grants.Enders()...)
		count := func(state task.State) (n int) {
			o.ok(o.DB.Q(t.Context()).Row(`select count(*) from task where origin = 'TIME_REVOKE' and state = $1`, string(state)).Scan(&n))
			return n
		}
		if got := count(task.Open); got != n {
			t.Fatalf("%d tasks", got)
		}
		o.Clock.Advance(time.Minute)
		o.run()
		if got := count(task.Closed); got != n {
			t.Fatalf("%d tasks are closed", got)
		}
		if _, err := o.Grants.Get(t.Context(), keys[0]); err == nil {
			t.Error("one is held")
		}
	})
}

// crowd adds n open tasks, each waiting for one of a hundred people, and for the owners of one of a hundred apps.
func (o *office) crowd(n int) {
	o.Helper()
	o.ok(o.DB.Write(o.Context(), func(tx *db.Tx) error {
		const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < $1) `
		_, err := tx.Exec(numbers+`insert into task (id, kind, target, origin, app_id, entitlement_id, resource_id, resource_type_id, account_id,
				subject_id, opener_id, display_name, description, search, account_sort, resource_sort, subject_sort, duration_micros, extension,
				parent_id, review_id, created_at, doc, version, state, processing, outcome, emergency, policy_id, generation_id, grant_id, step_id,
				step, step_kind, tier, delegates, self, distinct_people, approval_reason, denial_reason, comments, updated_at)
			select 'crowd' || i, 'GRANT', 'crowd' || i, 'API', 'crowd', 'e', '', '', '', 'subject' || i, 'opener', '', '', '', '', '', '', 0, false, '',
				'', 0, '{"plan":null}', 1, 'OPEN', 'WAITING', '', false, '', '', '', 's', 'APPROVAL', 'users', 'named', true, false, 0 = 1, false, 0 = 1,
				0, 0 from n`, n)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into task_slot (task_id, kind, user_id, of_kind, app_id, object_id, number)
			select id, 'user', 'person' || (number % 1000), '', '', '', number from task where app_id = 'crowd'
			union all select id, 'owners', '', 'app', 'app' || (number % 1000), 'app' || (number % 1000), number from task where app_id = 'crowd'`)
		if err != nil {
			return err
		}
		return tx.Analyze("task_slot")
	}))
}

// BenchmarkWork measures the first page of what waits for somebody, among 100,000 open tasks.
func BenchmarkWork(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			o := open(b, open1(b))
			o.crowd(100_000)
			o.ok(o.DB.Write(b.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`update task_slot set user_id = $1 where kind = 'user' and user_id = 'person7'`, string(o.Grace))
				return err
			}))
			b.ResetTimer()
			for range b.N {
				p, err := o.Tasks.Work(b.Context(), o.Grace, page.Request{Size: 25})
				if err != nil || len(p.Items) != 25 {
					b.Fatal(len(p.Items), err)
				}
			}
		})
	}
}
