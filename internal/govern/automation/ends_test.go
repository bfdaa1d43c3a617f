package automation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func (w *world) bindUntil(b automation.Binding, end time.Time) automation.Proxy {
	w.t.Helper()
	return granttest.Must(w.auto.Bind(w.Ctx, b, end))(w.t)
}

func TestFromItsEndOnABindingGivesNothingAndSoonItIsGone(t *testing.T) {
	onWorlds(t, func(w *world) {
		b := automation.Binding{Source: w.a, Destination: w.b}
		k := in(w.give(w.a, w.user("Ada", "")), w.b)
		end := w.Clock.Now().Add(time.Hour)
		w.bindUntil(b, end)
		w.must(w.bind(w.b, w.c))
		w.settle()
		w.Clock.Advance(end.Sub(w.Clock.Now()) - time.Microsecond)
		w.wantHolders(w.b, "[Ada]")
		w.wantHolders(w.c, "[Ada]")
		w.Clock.Advance(time.Microsecond)
		w.wantHolders(w.b, "[]")
		w.wantHolders(w.c, "[]") // nor what is passed on from there, without an end of its own
		if got := w.Check(k); got.Allowed || got.Reason != "ended" || got.State != grant.Ending {
			t.Errorf("%+v", got)
		}
		if _, err := w.auto.GetProxy(w.Ctx, b); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		w.Clock.Advance(time.Hour)
		w.settle()
		g := w.Last(k)
		if g.State != grant.Ended || g.EndReason != grant.Expired || !g.EndingAt.Equal(end) {
			t.Errorf("%+v", g)
		}
		if got := w.kinds(w.b); got["proxy.created"] != 1 || got["proxy.ended"] != 1 {
			t.Error(got)
		}
		w.must(w.bind(w.b, w.a)) // no cycle any more
	})
}

func TestTheEndOfABindingIsMovedAndClearedAndNeverBroughtBack(t *testing.T) {
	onWorlds(t, func(w *world) {
		b := automation.Binding{Source: w.a, Destination: w.b}
		w.give(w.a, w.user("Ada", ""))
		start := w.Clock.Now()
		w.bindUntil(b, start.Add(time.Hour))
		w.settle()
		move := func(end time.Time) {
			t.Helper()
			if p := granttest.Must(w.auto.SetEnd(w.Ctx, b, end))(t); !p.Until.Equal(end) {
				t.Errorf("%+v", p)
			}
			w.settle()
		}
		move(time.Time{})
		w.Clock.Advance(2 * time.Hour)
		w.wantHolders(w.b, "[Ada]")
		move(start.Add(10 * time.Hour))
		move(start.Add(4 * time.Hour))
		move(start.Add(4 * time.Hour)) // no change, no event
		w.Clock.Advance(start.Add(4 * time.Hour).Sub(w.Clock.Now()))
		w.wantHolders(w.b, "[]")
		for name, end := range map[string]time.Time{"later": start.Add(20 * time.Hour), "never": {}} {
			if _, err := w.auto.SetEnd(w.Ctx, b, end); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.settle()
		if got := w.kinds(w.b); got["proxy.end_moved"] != 2 || got["proxy.end_cleared"] != 1 {
			t.Error(got)
		}
		for _, end := range []time.Time{w.Clock.Now(), start} {
			if _, err := w.auto.Bind(w.Ctx, b, end); !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		}
		w.bindUntil(b, w.Clock.Now().Add(time.Hour)) // another, with another grant
		w.settle()
		w.wantHolders(w.b, "[Ada]")
		if _, err := w.auto.SetEnd(w.Ctx, b, w.Clock.Now()); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

// What was found past its end is a row that ended, and no comparison.
func TestAClockThatIsSetBackBringsNoBindingBack(t *testing.T) {
	onWorlds(t, func(w *world) {
		b := automation.Binding{Source: w.a, Destination: w.b}
		w.give(w.a, w.user("Ada", ""))
		w.bindUntil(b, w.Clock.Now().Add(time.Hour))
		w.settle()
		w.Clock.Advance(time.Hour)
		w.settle()
		w.Clock.Advance(-30 * time.Minute)
		w.give(w.a, w.user("Grace", ""))
		w.settle()
		w.wantHolders(w.b, "[]")
	})
}

// A pass takes what a binding gave in transactions of so many grants, and is made again where it was cut short.
func TestTheEndOfABindingTakesManyInSteps(t *testing.T) {
	onWorlds(t, func(w *world) {
		for n := range 60 {
			w.give(w.a, w.user(fmt.Sprintf("Person%d", n), ""))
		}
		w.bindUntil(automation.Binding{Source: w.a, Destination: w.b}, w.Clock.Now().Add(time.Hour))
		w.settle()
		w.Clock.Advance(time.Hour)
		w.wantHolders(w.b, "[]")
		taken := map[*db.Tx]int{}
		stop := w.DB.Record(func(s db.Statement) {
			if strings.HasPrefix(s.SQL, "update grant_source set ended_at") {
				taken[s.Tx]++
			}
		})
		w.settle()
		stop()
		all := 0
		for _, n := range taken {
			if all += n; n > 2*50 { // of a grant its source, and then whatever is left of it
				t.Errorf("%d at once", n)
			}
		}
		if len(taken) < 2 || all < 60 {
			t.Errorf("%d in %d transactions", all, len(taken))
		}
	})
}

// What somebody holds directly, too, is theirs beyond the end of a binding, and the other way round.
func TestTheEndOfABindingAndOfWhatWasGivenAreTwoThings(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada, grace := w.user("Ada", ""), w.user("Grace", "")
		now := w.Clock.Now()
		w.give(w.a, ada)
		w.give(w.a, grace)
		w.bindUntil(automation.Binding{Source: w.a, Destination: w.b}, now.Add(2*time.Hour))
		w.settle()
		for u, end := range map[string]time.Duration{"Ada": time.Hour, "Grace": 3 * time.Hour} {
			k := w.give(w.b, map[string]directory.UserID{"Ada": ada, "Grace": grace}[u])
			granttest.Must(w.Grants.SetEnd(w.Ctx, k, now.Add(end)))(t)
		}
		for _, want := range []string{"[Ada Grace]", "[Grace]", "[]"} {
			w.Clock.Advance(time.Hour)
			w.wantHolders(w.b, want)
			w.settle()
			w.wantHolders(w.b, want)
		}
	})
}

func TestTheEndOfASourceIsThatOfWhatItPassesOnWhereverItIsMovedTo(t *testing.T) {
	onWorlds(t, func(w *world) {
		far := w.thing(w.app("Shop"), "Seller")
		ada := w.user("Ada", "")
		granttest.Must(w.Grants.AccountFor(w.Ctx, far.AppID, ada))(t)
		w.must(w.bind(w.a, w.b))
		w.must(w.bind(w.b, far))
		k := w.give(w.a, ada)
		w.settle()
		now := w.Clock.Now()
		for _, end := range []time.Duration{time.Hour, 3 * time.Hour, 2 * time.Hour} {
			granttest.Must(w.Grants.SetEnd(w.Ctx, k, now.Add(end)))(t)
		}
		w.Clock.Advance(2*time.Hour - time.Microsecond)
		w.wantHolders(far, "[Ada]")
		w.Clock.Advance(time.Microsecond)
		for _, of := range []string{w.holders(w.a), w.holders(w.b), w.holders(far)} {
			if of != "[]" {
				t.Error(of)
			}
		}
	})
}
