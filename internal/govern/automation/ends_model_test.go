package automation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Whoever binds, unbinds, joins and leaves, for a time or without end, in whatever order: who has access at any moment is who has a way
// to it then. What somebody does counts once its pass is made; that time passes counts at once, whether or not anything due is done.
func TestWhoHasAccessIsWhoHasAWayToIt(t *testing.T) {
	for name, c := range map[string]struct {
		open         func(testing.TB) *db.DB
		walks, steps int
	}{"sqlite": {dbtest.SQLite, 20, 30}, "postgres": {dbtest.Postgres, 3, 20}} {
		t.Run(name, func(t *testing.T) {
			walks, failed := 0, false
			rapid.Check(t, func(r *rapid.T) {
				if walks++; walks > c.walks && !failed {
					return
				}
				passed := false
				defer func() { failed = failed || !passed }()
				wander(t, r, c.open(t), c.steps)
				passed = true
			})
		})
	}
}

// ways is the slow model: what was given to whom, and what is bound to what, each with its end; the zero end is none.
type ways struct {
	*world
	r      *rapid.T
	things []app.EntitlementRef
	people []directory.UserID
	direct map[grant.Key]time.Time
	bound  map[automation.Binding]time.Time
}

// has reports whether there is a way from a person to a thing now.
func (w *ways) has(person int, thing app.EntitlementRef) bool {
	now := w.Clock.Now()
	if end, ok := w.direct[w.key(person, thing)]; ok && !past(end, now) {
		return true
	}
	for b, end := range w.bound {
		if b.Destination == thing && !past(end, now) && w.has(person, b.Source) {
			return true
		}
	}
	return false
}

func past(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

func (w *ways) key(person int, of app.EntitlementRef) grant.Key {
	w.Helper()
	account := granttest.Must(w.Grants.AccountFor(w.Ctx, of.AppID, w.people[person]))(w)
	return grant.Key{App: of.AppID, Entitlement: of.ID, Account: account}
}

func wander(t *testing.T, r *rapid.T, d *db.DB, steps int) {
	t.Helper()
	w := &ways{world: newWorld(t, d), r: r, direct: map[grant.Key]time.Time{}, bound: map[automation.Binding]time.Time{}}
	defer w.auto.Close()
	w.things = []app.EntitlementRef{w.a, w.b, w.c, w.thing(w.app("Shop"), "Seller")}
	for _, name := range []string{"Ada", "Grace"} {
		w.people = append(w.people, w.user(name, ""))
	}
	for range steps {
		w.step(rapid.SampledFrom([]string{"join", "join", "leave", "bind", "bind", "unbind", "move", "wait", "wait", "settle"}).Draw(r, "what"))
	}
}

// end is some minutes from now, or none.
func (w *ways) end() time.Time {
	if n := rapid.IntRange(0, 6).Draw(w.r, "end"); n > 0 {
		return w.Clock.Now().Add(time.Duration(n) * 10 * time.Minute)
	}
	return time.Time{}
}

func (w *ways) step(what string) {
	w.Helper()
	person, thing := rapid.IntRange(0, len(w.people)-1).Draw(w.r, "who"), rapid.SampledFrom(w.things).Draw(w.r, "thing")
	b := automation.Binding{Source: thing, Destination: rapid.SampledFrom(w.things).Draw(w.r, "to")}
	k, end, now := w.key(person, thing), w.end(), w.Clock.Now()
	switch what {
	case "wait": // nothing that is due by then is done
		w.Clock.Advance(time.Duration(rapid.IntRange(1, 30).Draw(w.r, "minutes")) * time.Minute)
		w.compare("time passed")
		return
	case "join":
		if _, err := w.Grants.Create(w.Ctx, k, end); w.could(err) {
			if old, ok := w.direct[k]; ok && !past(old, now) && (old.IsZero() || !end.IsZero() && old.After(end)) {
				end = old
			}
			w.direct[k] = end
		}
	case "leave":
		if _, err := w.Grants.Revoke(w.Ctx, k, ""); w.could(err) {
			delete(w.direct, k)
		}
	case "bind":
		if _, err := w.auto.Bind(w.Ctx, b, end); w.could(err) {
			w.bound[b] = end
		}
	case "unbind":
		if err := w.auto.Unbind(w.Ctx, b); w.could(err) {
			delete(w.bound, b)
		}
	case "move":
		if old, ok := w.bound[b]; ok {
			if _, err := w.auto.SetEnd(w.Ctx, b, end); w.could(err) == past(old, now) {
				w.r.Fatalf("moved what ends at %v to %v: %v", old, end, err)
			}
			if !past(old, now) {
				w.bound[b] = end
			}
		}
	}
	w.settle()
	w.compare("after " + what)
}

func (w *ways) could(err error) bool {
	w.Helper()
	if err != nil && fault.Of(err).Code == fault.Internal {
		w.r.Fatal(err)
	}
	return err == nil
}

func (w *ways) compare(when string) {
	w.Helper()
	for _, thing := range w.things {
		var want []string
		for n, name := range []string{"Ada", "Grace"} {
			if w.has(n, thing) {
				want = append(want, name)
			}
			got := w.Check(w.key(n, thing))
			if got.Allowed != slices.Contains(want, name) {
				w.r.Fatalf("%s, at %v: %s is told %+v; ways: %v %v", when, w.Clock.Now(), name, got, w.direct, w.bound)
			}
			if got.Allowed && !got.Until.IsZero() && !got.Until.After(w.Clock.Now()) {
				w.r.Fatalf("%s: access until %v, which is past", when, got.Until)
			}
		}
		if got := w.holders(thing); got != "["+strings.Join(want, " ")+"]" {
			w.r.Fatalf("%s, at %v: %s hold it, want %v; ways: %v %v", when, w.Clock.Now(), got, fmt.Sprint(want), w.direct, w.bound)
		}
	}
}
