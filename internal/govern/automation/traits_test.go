package automation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// any of these tags, written "key=value".
func tagged(list ...string) automation.Clause {
	c := automation.Clause{Tags: []automation.Trait{}}
	for _, s := range list {
		key, value, _ := strings.Cut(s, "=")
		c.Tags = append(c.Tags, automation.Trait{Key: key, Value: value})
	}
	return c
}

func status(list ...directory.Status) automation.Clause {
	return automation.Clause{Statuses: [][]directory.Status{list}}
}

func person(s directory.Status, tags ...string) automation.Person {
	p := automation.Person{Status: s}
	for _, t := range tagged(tags...).Tags {
		p.Tags = append(p.Tags, tag.Tag{Key: t.Key, Value: t.Value})
	}
	return p
}

func TestTraitsMatchWhomEveryClauseHoldsFor(t *testing.T) {
	type clauses = []automation.Clause
	data, ada := tagged("team=data"), person(directory.Enabled, "team=data", "site=oslo", "legacy=")
	for _, c := range []struct {
		name         string
		when, unless clauses
		who          automation.Person
		want         bool
	}{
		{"nothing said", nil, nil, ada, false},
		{"the tag", clauses{data}, nil, ada, true},
		{"another value", clauses{tagged("team=ops")}, nil, ada, false},
		{"the key only", clauses{tagged("team=")}, nil, ada, false},
		{"an empty value", clauses{tagged("legacy=")}, nil, ada, true},
		{"another case", clauses{tagged("Team=data")}, nil, ada, false},
		{"one of two", clauses{tagged("team=ops", "team=data")}, nil, ada, true},
		{"both of two", clauses{data, tagged("site=oslo")}, nil, ada, true},
		{"one of both", clauses{data, tagged("site=rome")}, nil, ada, false},
		{"nobody tagged", clauses{data}, nil, person(directory.Enabled), false},
		{"unless", clauses{data}, clauses{tagged("site=oslo")}, ada, false},
		{"unless something else", clauses{data}, clauses{tagged("site=rome")}, ada, true},
		{"unless all of it", clauses{data}, clauses{tagged("site=oslo"), tagged("site=rome")}, ada, true},
		{"unless of nothing", clauses{data}, clauses{}, ada, true},
		{"a status", clauses{status(directory.Enabled)}, nil, person(directory.Enabled), true},
		{"another status", clauses{status(directory.Disabled, "UNHEARD_OF")}, nil, ada, false},
		{"unless a status", clauses{data}, clauses{status(directory.Disabled)}, ada, true},
	} {
		if got := (automation.Traits{When: c.when, Unless: c.unless}).Match(c.who); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	either := automation.Clause{Tags: tagged("team=ops").Tags, Statuses: [][]directory.Status{{directory.Enabled}}}
	if !(automation.Traits{When: clauses{either}}).Match(ada) {
		t.Error("neither the tag nor the status of one clause counts")
	}
}

// put makes the rule of an entitlement, or changes it.
func (w *world) put(of app.EntitlementRef, t automation.Traits, paused bool) error {
	w.t.Helper()
	return w.DB.Write(w.Ctx, func(tx *db.Tx) error {
		return w.auto.Put(tx, audit.From(w.Ctx), automation.Rule{Of: of, Kind: automation.ByTraits, Traits: t, Paused: paused})
	})
}

func (w *world) tag(key, value string) tag.ID {
	w.t.Helper()
	made, err := w.tags.Create(w.Ctx, key, value)
	w.must(err)
	return made.ID
}

func TestWhoIsTaggedLaterGetsItAndKeepsItThroughAPause(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada, grace := w.user("Ada", ""), w.user("Grace", "")
		data, away := w.tag("team", "data"), w.tag("away", "")
		rule := automation.Traits{When: []automation.Clause{tagged("team=data")}, Unless: []automation.Clause{tagged("away=")}}
		w.must(w.put(w.a, rule, false))
		w.settle()
		w.wantHolders(w.a, "[]")
		w.must(w.tags.Put(w.Ctx, data, tag.User(ada)))
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		w.must(w.tags.Put(w.Ctx, data, tag.User(grace)))
		w.must(w.tags.Put(w.Ctx, away, tag.User(ada)))
		w.settle()
		w.wantHolders(w.a, "[Grace]")

		w.must(w.put(w.a, rule, true))
		w.must(w.tags.TakeOff(w.Ctx, away, tag.User(ada)))
		w.must(w.tags.TakeOff(w.Ctx, data, tag.User(grace)))
		w.settle()
		w.wantHolders(w.a, "[Grace]")
		w.must(w.put(w.a, rule, false))
		w.settle()
		w.wantHolders(w.a, "[Ada]")

		w.must(w.tags.Delete(w.Ctx, data))
		w.settle()
		w.wantHolders(w.a, "[]")
	})
}

func TestWhoIsDisabledLosesItAndGetsItBack(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "")
		data := w.tag("team", "data")
		w.must(w.put(w.a, automation.Traits{
			When: []automation.Clause{tagged("team=data"), status(directory.Enabled, directory.Disabled)},
		}, false))
		w.must(w.tags.Put(w.Ctx, data, tag.User(ada)))
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		_, err := w.Directory.Disable(w.Ctx, ada, "")
		w.must(err)
		w.wantHolders(w.a, "[]")
		w.settle()
		w.wantHolders(w.a, "[]")
		_, err = w.Directory.Enable(w.Ctx, ada, "")
		w.must(err)
		w.settle()
		w.wantHolders(w.a, "[Ada]")
	})
}

func TestARuleOfTraitsOutlivesTheProcessThatMadeIt(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "")
		data := w.tag("team", "data")
		w.must(w.put(w.a, automation.Traits{When: []automation.Clause{tagged("team=data")}}, false))
		w.settle()
		w.must(w.tags.Put(w.Ctx, data, tag.User(ada)))
		next := &world{House: w.Replica(), t: w.t, auto: automation.New(w.auto.Deps)}
		t.Cleanup(next.auto.Close)
		next.settle()
		next.wantHolders(w.a, "[Ada]")
	})
}

func TestTraitsKeepTheirLimitsAndSayWhichTheyBreak(t *testing.T) {
	onWorlds(t, func(w *world) {
		ok := tagged("team=data")
		for name, r := range map[string]automation.Traits{
			"when":    {},
			"key":     {When: []automation.Clause{tagged("=data")}},
			"value":   {When: []automation.Clause{tagged("team=" + strings.Repeat("x", tag.MaxValue+1))}},
			"unless":  {When: []automation.Clause{ok}, Unless: []automation.Clause{{}}},
			"clause":  {When: []automation.Clause{ok, {Tags: slices.Repeat(ok.Tags, automation.MaxSelectors+1)}}},
			"at most": {When: slices.Repeat([]automation.Clause{ok}, automation.MaxClauses+1)},
		} {
			if err := w.put(w.a, r, false); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.must(w.put(w.a, automation.Traits{When: []automation.Clause{ok}}, false))
		w.must(w.put(w.a, automation.Traits{When: []automation.Clause{ok}}, false)) // nothing changes
		w.must(w.auto.Delete(w.Ctx, w.a))
		if got := fmt.Sprint(w.kinds(w.a)); got != "map[automation.created:1 automation.deleted:1 entitlement.created:1]" {
			t.Error(got)
		}
	})
}

// Whatever happens to people, tags and the rule: once everything settled, those hold it who match.
func TestRulesOfTraitsFollowWhateverHappens(t *testing.T) {
	onWorlds(t, func(w *world) {
		people := []directory.UserID{w.user("Ada", ""), w.user("Grace", ""), w.user("Linus", "")}
		kinds := []string{"team=data", "team=ops", "away="}
		rapid.Check(t, func(r *rapid.T) {
			of := w.thing(w.wiki, "Thing")
			ids := map[string]tag.ID{}
			has := map[directory.UserID]map[string]bool{}
			for _, p := range people {
				has[p] = map[string]bool{}
			}
			disabled := map[directory.UserID]bool{}
			var rule automation.Traits
			clause := rapid.Custom(func(r *rapid.T) automation.Clause {
				c := tagged(rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 1, 2, rapid.ID).Draw(r, "tags")...)
				if rapid.IntRange(0, 3).Draw(r, "by status") == 0 {
					c.Statuses = [][]directory.Status{{directory.Enabled}}
				}
				return c
			})
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				p, k := rapid.SampledFrom(people).Draw(r, "person"), rapid.SampledFrom(kinds).Draw(r, "tag")
				key, value, _ := strings.Cut(k, "=")
				if ids[k] == "" {
					ids[k] = w.tag(key, value)
				}
				switch rapid.IntRange(0, 7).Draw(r, "act") {
				case 0, 1, 2:
					w.must(w.tags.Put(w.Ctx, ids[k], tag.User(p)))
					has[p][k] = true
				case 3:
					if w.tags.TakeOff(w.Ctx, ids[k], tag.User(p)) == nil {
						delete(has[p], k)
					}
				case 4:
					w.must(w.tags.Delete(w.Ctx, ids[k]))
					delete(ids, k)
					for _, p := range people {
						delete(has[p], k)
					}
				case 5:
					act := w.Directory.Disable
					if disabled[p] {
						act = w.Directory.Enable
					}
					_, err := act(w.Ctx, p, "")
					w.must(err)
					disabled[p] = !disabled[p]
				default:
					rule = automation.Traits{
						When: rapid.SliceOfN(clause, 1, 2).Draw(r, "when"), Unless: rapid.SliceOfN(clause, 0, 1).Draw(r, "unless"),
					}
					w.must(w.put(of, rule, false))
					w.must(w.put(of, rule, false))
				}
				if rapid.Bool().Draw(r, "settle") {
					w.settle()
				}
			}
			w.settle()
			if len(rule.When) > 0 { // a pass that doubts waits to be told twice
				w.must(w.put(of, rule, false))
				w.settle()
			}
			want := []string{}
			for n, p := range people {
				s := directory.Enabled
				if disabled[p] {
					s = directory.Disabled
				}
				var tags []string
				for k := range has[p] {
					tags = append(tags, k)
				}
				if rule.Match(person(s, tags...)) && !disabled[p] {
					want = append(want, []string{"Ada", "Grace", "Linus"}[n])
				}
			}
			if got := w.holders(of); got != fmt.Sprint(want) {
				r.Fatalf("%s hold it, want %v", got, want)
			}
			for _, id := range ids {
				w.must(w.tags.Delete(w.Ctx, id))
			}
			for p, off := range disabled {
				if off {
					_, err := w.Directory.Enable(w.Ctx, p, "")
					w.must(err)
				}
			}
			_ = w.auto.Delete(w.Ctx, of)
			w.settle()
		})
	})
}
