package delegation

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// crowd writes delegations of every kind among five people, of whom the fourth is disabled and the fifth was deleted, as only time
// could make them.
func (o *office) crowd() (people []directory.UserID, all []Delegation) {
	o.Helper()
	people = []directory.UserID{o.ada, o.grace, o.joan, o.person("Linus"), o.person("Barbara")}
	must(o.people.Disable(o.ctx, people[3], ""))(o)
	must(o.people.Delete(o.ctx, people[4], ""))(o)
	untils := []time.Time{{}, in(-1), in(0), in(1), in(2)}
	live := map[directory.UserID]bool{}
	for i, delegator := range people {
		for k := range 40 {
			d := Delegation{
				ID: ID(string(rune('a'+i)) + string(rune('a'+k/10)) + string(rune('0'+k%10))), Delegator: delegator,
				Delegate: people[(i+1+k%4)%5], From: in(k%5 - 3), Until: untils[(k*7+i)%5], Mode: Add, CreatedAt: noon, UpdatedAt: noon, Version: 1,
			}
			switch k % 6 {
			case 1:
				d.DeletedAt = in(-1)
			case 2:
				if d.ended(noon) {
					d.ClosedAt = d.Until
				}
			}
			if k%3 == i%3 && (!d.DeletedAt.IsZero() || !live[delegator]) {
				d.Mode = Reassign
				live[delegator] = live[delegator] || d.DeletedAt.IsZero()
			}
			all = append(all, d)
		}
	}
	err := o.DB.Write(o.ctx, func(tx *db.Tx) error {
		for _, deleted := range []bool{true, false} { // what takes a place comes after what left it
			for _, d := range all {
				if d.DeletedAt.IsZero() == deleted {
					continue
				}
				if err := insert(tx, d); err != nil {
					return err
				}
				if err := update(tx, &d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		o.Fatalf("%v (%s)", err, fault.Of(err).Cause())
	}
	return people, all
}

// What the database answers is what the rules say of the same delegations.
func TestTheDatabaseAgreesWithTheRules(t *testing.T) {
	each(t, func(o *office) {
		people, all := o.crowd()
		able := func(u directory.UserID) bool { return u != people[3] && u != people[4] }
		q := o.DB.Q(o.ctx)
		for hour := -4; hour < 4; hour++ {
			at := in(hour)
			answering := must(o.Answering(q, append(people, "nobody"), at))(o)
			shown := must(Delegates(q, people, at))(o)
			for _, p := range people {
				if want := Answering(p, all, able, at); !slices.Equal(answering[p], want) {
					t.Errorf("%s at %s: %+v, want %+v", p, at, answering[p], want)
				}
				var want []ID
				var delegate directory.UserID
				for _, d := range all {
					if d.Delegate == p && d.Covers(at) && able(p) && able(d.Delegator) {
						want = append(want, d.ID)
					}
					if d.Delegator == p && d.Mode == Reassign && d.Covers(at) {
						delegate = d.Delegate
					}
				}
				if got := ids(must(o.StandsInFor(q, p, at))(o)); !slices.Equal(got, want) {
					t.Errorf("%s stands in at %s by %v, want %v", p, at, got, want)
				}
				if shown[p] != delegate {
					t.Errorf("%s at %s: shown %q, want %q", p, at, shown[p], delegate)
				}
			}
			if len(answering["nobody"]) != 0 {
				t.Error("somebody answers for nobody")
			}
		}
	})
}

func TestAListHoldsWhatMatchesAndNothingElseOnPagesOfAnySize(t *testing.T) {
	each(t, func(o *office) {
		people, all := o.crowd()
		own := people[1]
		filters := []Filter{
			{},
			{Delegators: people[:1]},
			{Delegates: people[2:]},
			{Modes: []Mode{Reassign}},
			{States: []State{Open}},
			{States: []State{Scheduled}},
			{States: []State{Over}},
			{States: []State{Deleted}},
			{States: []State{Scheduled, Open, Over, Deleted}},
			{Own: own},
			{Own: own, States: []State{Open, Deleted}},
			{Own: own, Delegators: people[:2], Modes: []Mode{Add}},
			{Own: own, Delegates: people[3:]},
			{Delegators: []directory.UserID{"nobody"}},
			{Delegators: people, Delegates: people, Modes: []Mode{Reassign, Add}, States: []State{Open, Over}},
		}
		for n, f := range filters {
			var want []ID
			for _, d := range all {
				if f.matches(d, noon) {
					want = append(want, d.ID)
				}
			}
			for _, size := range []int{1, 7, 100} {
				if size == 1 && n > 9 {
					continue
				}
				if got := ids(o.pages(f, size)); !slices.Equal(got, want) {
					t.Errorf("%d by %d: %v, want %v", n, size, got, want)
				}
			}
		}
	})
}

func (f Filter) matches(d Delegation, now time.Time) bool {
	in := func(list []directory.UserID, u directory.UserID) bool {
		return len(list) == 0 || slices.Contains(list, u)
	}
	state := d.StateAt(now)
	return in(f.Delegators, d.Delegator) && in(f.Delegates, d.Delegate) && (len(f.Modes) == 0 || slices.Contains(f.Modes, d.Mode)) &&
		(len(f.States) == 0 && state != Deleted || slices.Contains(f.States, state)) &&
		(f.Own == "" || d.Delegator == f.Own || d.Delegate == f.Own)
}

func (o *office) pages(f Filter, size int) (all []Delegation) {
	o.Helper()
	r := page.Request{Size: size}
	for range 1000 {
		p := must(o.List(o.ctx, f, r))(o)
		if len(p.Items) > size {
			o.Fatalf("a page of %d, asked for %d", len(p.Items), size)
		}
		all = append(all, p.Items...)
		if r.After = p.Next; len(r.After) == 0 {
			return all
		}
	}
	o.Fatal("a list without an end")
	return nil
}

func ids(list []Delegation) []ID {
	var out []ID
	for _, d := range list {
		out = append(out, d.ID)
	}
	return out
}
