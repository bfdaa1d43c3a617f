package grant_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// crowd gives n accounts of a connected app its entitlement until an hour from now.
func crowd(b *testing.B, h *granttest.House, n int) granttest.Connected {
	b.Helper()
	c := h.Connected(0)
	for from := 0; from < n; from += 500 {
		var seen []app.SeenAccount
		for i := range 500 {
			seen = append(seen, app.SeenAccount{ExternalID: fmt.Sprint(from + i), Username: fmt.Sprint("u", from+i)})
		}
		h.Write(func(tx *tx) error {
			ids, _, err := h.Apps.UpsertAccounts(tx, c.Connector.Ref(), seen)
			for _, s := range seen {
				c.Accounts = append(c.Accounts, ids[s.ExternalID])
			}
			return err
		})
	}
	for i := range n {
		granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), h.Clock.Now().Add(time.Hour)))(b)
	}
	return c
}

// Ten thousand grants end in the same second, and their memberships go from a target that costs nothing.
func BenchmarkTenThousandEndsAtOnce(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			const n = 10_000
			var ended, removed, given, busy time.Duration
			for range b.N {
				h := granttest.New(b, open(b))
				crowd(b, h, n)
				given += watch(func() { h.Settle() })
				h.Clock.Advance(time.Hour)
				before := cpu()
				ended += watch(h.End)
				busy += cpu() - before
				removed += watch(h.Settle)
				if h.Target.Size() != 0 {
					b.Fatal("not all are gone")
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(n*b.N)/ended.Seconds(), "ends/s")
			b.ReportMetric(busy.Seconds()*1e6/float64(n*b.N), "cpu-us/end")
			b.ReportMetric(float64(n*b.N)/removed.Seconds(), "removals/s")
			b.ReportMetric(float64(n*b.N)/given.Seconds(), "grants/s")
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			h := granttest.New(b, open(b))
			c := crowd(b, h, 500)
			h.Settle()
			q := grant.Question{App: c.Connector.AppID, Entitlement: c.Entitlement}
			i := 0
			for b.Loop() {
				q.Account = c.Accounts[i%500]
				i++
				if a, err := h.Grants.Check(b.Context(), q); err != nil || !a.Allowed {
					b.Fatal(a, err)
				}
			}
		})
	}
}

func BenchmarkSetEnd(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			h := granttest.New(b, open(b))
			c := crowd(b, h, 500)
			h.Settle()
			i := 0
			for b.Loop() {
				end := h.Clock.Now().Add(time.Hour + time.Duration(i)*time.Second)
				granttest.Must(h.Grants.SetEnd(h.Ctx, c.Key(i%500), end))(b)
				i++
			}
		})
	}
}

func watch(fn func()) time.Duration {
	start := time.Now() //nolint:forbidigo // a benchmark measures real time
	fn()
	return time.Since(start) //nolint:forbidigo // as above
}

// cpu is the processor time that this process has used: unlike the time on the wall it does not count the neighbours'.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
