package sync_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Whatever happens in the target, and here, and in whatever order: after a reading that was believed, Interim says who has what
// exactly as the target does, but for what it is itself just changing there; and no reading takes more than a fifth of much.
func TestAfterABelievedReadingInterimSaysWhatTheTargetSays(t *testing.T) {
	for name, c := range map[string]struct {
		open         func(testing.TB) *db.DB
		walks, steps int
	}{"sqlite": {dbtest.SQLite, 50, 25}, "postgres": {dbtest.Postgres, 10, 15}} {
		t.Run(name, func(t *testing.T) {
			d, walks, failed := c.open(t), 0, false // one database for all walks, with an app for each
			rapid.Check(t, func(r *rapid.T) {
				if walks++; walks > c.walks && !failed { // a walk that failed is made again to find a shorter one
					return
				}
				passed := false
				defer func() { failed = failed || !passed }()
				walk(t, r, d, c.steps)
				passed = true
			})
		})
	}
}

// walker is an office whose site has many people in one role, so that a fifth of them is much.
type walker struct {
	*office
	r *rapid.T
	n int // people that there were
}

const (
	crowd = 120 // people that the site begins with
	roles = 3
)

func walk(t *testing.T, r *rapid.T, d *db.DB, steps int) {
	t.Helper()
	w := &walker{office: newOffice(t, d), r: r, n: crowd}
	w.site.grow(crowd, roles)
	for i := range crowd {
		w.site.give(fmt.Sprint("p", i+1), "r1")
	}
	w.taken()
	w.agrees()
	for range steps {
		w.step(rapid.SampledFrom([]string{
			"give", "give", "take", "take many", "join", "leave", "role goes", "role comes", "grant", "revoke", "settle", "down",
			"read", "read", "accept", "blank",
		}).Draw(r, "step"))
	}
	w.sync.Close()
}

func (w *walker) person() string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.site.people))).Draw(w.r, "person")
}

func (w *walker) role() string {
	if len(w.site.roles) == 0 {
		return ""
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.site.roles))).Draw(w.r, "role")
}

func (w *walker) step(what string) {
	w.Helper()
	w.clock.Advance(time.Minute)
	switch what {
	case "give":
		if role := w.role(); role != "" {
			w.site.give(w.person(), role)
		}
	case "take":
		if list := w.site.memberships(); len(list) > 0 {
			m := rapid.SampledFrom(list).Draw(w.r, "membership")
			w.site.take(m.AccountID, m.EntitlementID)
		}
	case "take many":
		list := w.site.memberships()
		for _, m := range list[:min(len(list), rapid.IntRange(0, 40).Draw(w.r, "how many"))] {
			w.site.take(m.AccountID, m.EntitlementID)
		}
	case "join":
		w.n++
		w.site.do(func() { w.site.people[fmt.Sprint("p", w.n)] = "Newcomer" })
	case "leave":
		if len(w.site.people) > 1 {
			w.site.drop(w.person())
		}
	case "role goes":
		if len(w.site.roles) > 1 {
			w.site.drop(w.role())
		}
	case "role comes":
		w.site.grow(0, roles)
	case "grant", "revoke":
		w.decide(what == "grant")
	case "settle":
		w.clock.Advance(time.Hour) // past every wait of a failed call
		w.settle()
	case "down":
		w.failing()
	case "blank":
		w.site.do(func() { w.site.blank = true })
		if run := w.reading(false); run.State != sync.Refused {
			w.r.Fatalf("a blank target was %s", run.State)
		}
		w.site.do(func() { w.site.blank = false })
	case "read":
		w.reading(false)
	case "accept":
		w.reading(true)
	}
}

// decide gives or takes something here. That it is not possible is fine.
func (w *walker) decide(give bool) {
	w.Helper()
	person, role := w.person(), w.role()
	k := w.known()
	if k.Accounts[person] == "" || k.Entitlements[role] == "" {
		return
	}
	var err error
	if give {
		_, err = w.grants.Create(w.ctx, w.key(person, role), time.Time{})
	} else {
		_, err = w.grants.Revoke(w.ctx, w.key(person, role), "")
	}
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
		w.r.Fatal(err)
	}
}

func (w *walker) failing() {
	w.Helper()
	w.site.do(func() { w.site.down = fault.New(fault.Unavailable, "the site is closed") })
	w.unchanged(func() {
		if run := w.read(); run.State != sync.Failed {
			w.r.Fatalf("a target that is down was %s", run.State)
		}
	})
	w.site.do(func() { w.site.down = nil })
}

// reading reads the target and compares: what must be believed is, what must not be is not.
func (w *walker) reading(accept bool) sync.Run {
	w.Helper()
	w.clock.Advance(time.Minute)
	before, state := w.active(), w.everything()
	run := must(w.sync.Now(w.ctx, w.connector.Ref(), sync.Accept{Losses: accept}))(w)
	switch run.State {
	case sync.Done:
		w.agrees()
		if lost := len(before) - len(common(before, w.active())); !accept && len(before) >= sync.MaxDoubts && lost*5 > len(before) {
			w.r.Fatalf("one reading took %d of %d grants", lost, len(before))
		}
	case sync.Refused:
		if !slices.Equal(state, w.everything()) {
			w.r.Fatal("a reading that was refused changed something")
		}
	default:
		w.r.Fatalf("the run is %s: %s", run.State, run.Message)
	}
	return run
}

// agrees compares what Interim says with what the target holds. Of what Interim is changing there, either may say what it likes.
func (w *walker) agrees() {
	w.Helper()
	moving := must(db.Collect(w.db.Q(w.ctx), func(r *db.Rows) (string, error) {
		var person, role string
		err := r.Scan(&person, &role)
		return person + " " + role, err
	}, `select a.external_id, e.external_id from operation o
		join account a on a.app_id = o.app_id and a.id = o.account_id
		join entitlement e on e.app_id = o.app_id and e.id = o.entitlement_id
		where o.state = 'open' and o.app_id = $1`, string(w.connector.AppID)))(w)
	var there []string
	for _, m := range w.site.memberships() {
		there = append(there, m.AccountID+" "+m.EntitlementID)
	}
	still := func(list []string) []string {
		return slices.DeleteFunc(slices.Sorted(slices.Values(list)), func(s string) bool { return slices.Contains(moving, s) })
	}
	if here, there := still(w.active()), still(there); !slices.Equal(here, there) {
		w.r.Fatalf("Interim says %v\nthe target %v", less(here, there), less(there, here))
	}
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

func less(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
