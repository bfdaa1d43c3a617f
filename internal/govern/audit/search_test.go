package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// fromIndex reports whether a plan neither reads a whole table nor sorts it.
func fromIndex(plan string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Seq Scan on event") || strings.Contains(line, "Sort") || strings.Contains(line, "TEMP B-TREE") {
			return false
		}
		if strings.Contains(line, "SCAN event") && !strings.Contains(line, "USING") {
			return false
		}
	}
	return true
}

// some fills a log with events of few kinds, actors, objects and moments.
func some(t *testing.T, d *db.DB, log *Log, start time.Time, n int) (all []Event) {
	t.Helper()
	for i := range n {
		e := Event{
			At: start.Add(time.Duration(i/3) * time.Minute), Kind: fmt.Sprint("kind.", i%5), ObjectType: fmt.Sprint("type", i%4),
			ObjectID: fmt.Sprint("o", i%7), Message: fmt.Sprint(i),
		}
		if i%2 == 0 {
			e.UserID = fmt.Sprint("o", i%3)
		}
		a := Actor{Kind: KindUser, UserID: fmt.Sprint("u", i%11), ClientKey: fmt.Sprint("c", i%6)}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return log.Record(tx, a, e) }); err != nil {
			t.Fatal(err)
		}
		e.Actor = a
		all = append(all, e)
	}
	return all
}

// matches is what a search means, said another way.
func (s Search) matches(e Event) bool {
	return (s.Since.IsZero() || !e.At.Before(s.Since)) && (s.Until.IsZero() || e.At.Before(s.Until)) &&
		(s.About == "" || e.ObjectID == s.About || e.UserID == s.About) && (s.ActorID == "" || e.Actor.UserID == s.ActorID) &&
		(len(s.Kinds) == 0 || slices.Contains(s.Kinds, e.Kind)) &&
		(len(s.Credentials) == 0 || slices.Contains(s.Credentials, e.Actor.ClientKey))
}

func TestASearchFindsWhatMatchesPageByPageAndNothingTwice(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		start := c.Now()
		all := some(t, d, log, start, 120)
		rapid.Check(t, func(r *rapid.T) {
			maybe := func(name string, values ...string) string {
				return rapid.SampledFrom(append([]string{"", ""}, values...)).Draw(r, name)
			}
			s := Search{About: maybe("about", "o1", "o2", "o9"), ActorID: maybe("actor", "u1", "u2", "nobody")}
			if k := maybe("kind", "kind.1", "kind.2"); k != "" {
				s.Kinds = []string{k, "kind.3"}
			}
			if k := maybe("credential", "c1"); k != "" {
				s.Credentials = []string{k}
			}
			if rapid.Bool().Draw(r, "since") {
				s.Since = start.Add(5 * time.Minute)
			}
			if rapid.Bool().Draw(r, "until") {
				s.Until = start.Add(30 * time.Minute)
			}
			log.look, log.most = rapid.IntRange(1, 40).Draw(r, "look"), rapid.IntRange(1, 90).Draw(r, "most")
			var got []string
			req, pages := page.Request{Size: rapid.IntRange(1, 30).Draw(r, "size")}, 0
			for ; pages < 300; pages++ {
				p, err := log.Find(t.Context(), s, req)
				if err != nil {
					r.Fatal(err)
				}
				if len(p.Items) > req.Size {
					r.Fatalf("%d events on a page of %d", len(p.Items), req.Size)
				}
				for _, e := range p.Items {
					got = append(got, e.Message)
				}
				if p.Next == nil {
					break
				}
				req.After = p.Next
			}
			var want []string
			for _, e := range slices.Backward(all) {
				if s.matches(e) {
					want = append(want, e.Message)
				}
			}
			if !slices.Equal(got, want) || pages == 300 {
				r.Fatalf("%+v: after %d pages\n got %v\nwant %v", s, pages, got, want)
			}
		})
	})
}

func TestASearchIsReadFromIndexesInOrder(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		some(t, d, log, c.Now(), 12)
		for name, s := range map[string]Search{
			"all": {}, "in a time": {Since: c.Now(), Until: c.Now().Add(time.Hour)}, "of an actor": {ActorID: "u1"},
			"of kinds by a token": {Kinds: []string{"kind.1", "kind.2"}, Credentials: []string{"c1"}},
		} {
			for _, after := range []page.Key{nil, {"5", "x"}} {
				look := 0
				if s.examined() {
					look = 100
				}
				sql, args, err := findSQL(s, []source{{}}, after, look, 10)
				if err != nil {
					t.Fatal(err)
				}
				if plan := dbtest.Plan(t, d, sql, args...); !fromIndex(plan) {
					t.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
		// About one object: each list comes from its index in order, and is short before they are merged.
		from, err := sources(d.Q(t.Context()), Search{About: "o1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range from {
			sql, args, err := findSQL(Search{About: "o1"}, []source{one}, page.Key{"5", "x"}, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if plan := dbtest.Plan(t, d, sql, args...); !fromIndex(plan) {
				t.Errorf("%s\n%s", sql, plan)
			}
		}
		if plan := dbtest.Plan(t, d, typesSQL, "o1"); strings.Contains(plan, "Seq Scan on event") || strings.Contains(plan, "SCAN event\n") {
			t.Errorf("the types:\n%s", plan)
		}
	})
}
