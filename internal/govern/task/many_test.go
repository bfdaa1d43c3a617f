package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
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
