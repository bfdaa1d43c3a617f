package automation_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Whoever gives, takes, joins, leaves, binds, or changes the target itself, in whatever order: once all that is due was done, the target
// holds a membership exactly where there is a reason for one, and nobody holds anything twice.
func TestTheTargetHoldsAMembershipWhereThereIsAReason(t *testing.T) {
	for name, c := range map[string]struct {
		open         func(testing.TB) *db.DB
		walks, steps int
	}{"sqlite": {dbtest.SQLite, 12, 40}, "postgres": {dbtest.Postgres, 3, 25}} {
		t.Run(name, func(t *testing.T) {
			walks, failed := 0, false
			rapid.Check(t, func(r *rapid.T) {
				if walks++; walks > c.walks && !failed { // a walk that failed is made again to find a shorter one
					return
				}
				passed := false
				defer func() { failed = failed || !passed }()
				walk(t, r, c.open(t), c.steps)
				passed = true
			})
		})
	}
}

// reasons are why an account should be in the target.
type reasons struct{ direct, rule, bound bool }

type walker struct {
	*world
	r       *rapid.T
	site    site
	names   []string // of the accounts, in the target
	reasons []reasons
}

const walkers = 3

func walk(t *testing.T, r *rapid.T, d *db.DB, steps int) {
	t.Helper()
	w := &walker{world: newWorld(t, d), r: r, reasons: make([]reasons, walkers)}
	defer w.auto.Close()
	w.site = w.world.site(walkers)
	for _, a := range w.site.Accounts {
		found := granttest.Must(app.ManyAccounts(d.Q(w.Ctx), []app.AccountRef{{AppID: w.site.of.AppID, ID: a}}))(t)
		w.names = append(w.names, found[0].ExternalID)
	}
	w.rule(w.site.of, engineers)
	w.must(w.bind(w.a, w.site.of))
	for range steps {
		i := rapid.IntRange(0, walkers-1).Draw(r, "who")
		w.step(i, rapid.SampledFrom([]string{
			"give", "give", "give until soon", "revoke", "join", "leave", "source", "no source", "second", "a reading", "taken there", "given there", "look",
		}).Draw(r, "what"))
	}
	w.look()
}

func (w *walker) step(i int, what string) {
	w.Helper()
	k, u, why := w.site.Key(i), w.site.Users[i], &w.reasons[i]
	switch what {
	case "give", "give until soon":
		end := time.Time{}
		if what != "give" {
			end = w.Clock.Now().Add(30 * time.Second)
		}
		if _, err := w.Grants.Create(w.Ctx, k, end); w.could(err) && (end.IsZero() || !why.direct) {
			why.direct = end.IsZero()
		}
		if !end.IsZero() { // its end comes, with all that happens meanwhile
			w.settle()
			w.Clock.Advance(time.Minute)
			w.settle()
		}
	case "revoke":
		if _, err := w.Grants.Revoke(w.Ctx, k, ""); w.could(err) {
			why.direct = false
		}
	case "join":
		w.move(u, "Engineering")
		why.rule = true
	case "leave":
		w.move(u, "Sales")
		why.rule = false
	case "source":
		account := granttest.Must(w.Grants.AccountFor(w.Ctx, w.a.AppID, u))(w)
		if _, err := w.Grants.Create(w.Ctx, grant.Key{App: w.a.AppID, Entitlement: w.a.ID, Account: account}, time.Time{}); w.could(err) {
			why.bound = true
		}
	case "no source":
		account := granttest.Must(w.Grants.AccountFor(w.Ctx, w.a.AppID, u))(w)
		if _, err := w.Grants.Revoke(w.Ctx, grant.Key{App: w.a.AppID, Entitlement: w.a.ID, Account: account}, ""); w.could(err) {
			why.bound = false
		}
	case "second":
		w.settle()
	case "a reading":
		w.look()
		w.reads()
	case "taken there":
		w.look()
		w.Target.Put(w.names[i], "e", false)
		why.direct = false // whoever takes it there has taken what was given; what is kept is put back
		w.reads()
		w.look()
		w.reads()
	case "given there":
		w.look()
		if !slices.Contains(w.Target.Holders(), w.names[i]) {
			w.Target.Put(w.names[i], "e", true)
			why.direct = true
			w.reads()
		}
	case "look":
		w.look()
	}
}

// could reports whether a change went through; that it is not possible is fine.
func (w *walker) could(err error) bool {
	w.Helper()
	if err != nil && fault.Of(err).Code == fault.Internal {
		w.r.Fatal(err)
	}
	return err == nil
}

// reads is a reading of what the target holds.
func (w *walker) reads() {
	w.Helper()
	var there []int
	for i, name := range w.names {
		if slices.Contains(w.Target.Holders(), name) {
			there = append(there, i)
		}
	}
	w.read(w.site, there...)
}

// look does all that is due, and compares.
func (w *walker) look() {
	w.Helper()
	w.Clock.Advance(time.Minute)
	w.done()
	for i, why := range w.reasons {
		held := slices.Contains(w.Target.Holders(), w.names[i])
		if want := why != (reasons{}); held != want {
			w.r.Fatalf("number %d: in the target %v, for %+v", i, held, why)
		}
		live := 0
		for _, g := range w.Lives(w.site.Key(i)) {
			if g.State == grant.Ended {
				continue
			}
			live++
			kept := 0
			for _, is := range []bool{why.rule, why.bound} {
				if is {
					kept++
				}
			}
			if g.State != grant.Active || (g.Direct != grant.None) != why.direct || g.Derived != kept || g.Kept != kept {
				w.r.Fatalf("number %d: %+v, for %+v", i, g, why)
			}
		}
		if live > 1 || (live == 1) != held {
			w.r.Fatalf("number %d: %d live grants, in the target %v", i, live, held)
		}
	}
}
