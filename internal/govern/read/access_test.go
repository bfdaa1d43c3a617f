package read

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// given is what Access says of one person, as plain loops find it.
type given struct {
	entitlement app.EntitlementRef
	user        directory.UserID
}

// plainly are the grants that are open, of people and of entitlements that are still there.
func (w *world) plainly(keep func(given) bool) []given {
	var out []given
	for _, g := range w.grants {
		e := slices.IndexFunc(w.entitlements, func(e app.Entitlement) bool { return e.ID == g.entitlement })
		a := slices.IndexFunc(w.accounts, func(a app.Account) bool { return a.ID == g.account })
		p := slices.IndexFunc(w.apps, func(p app.App) bool { return p.ID == g.app })
		v := given{app.EntitlementRef{AppID: g.app, ID: g.entitlement}, w.accounts[a].UserID}
		gone := !w.entitlements[e].DeletedAt.IsZero() || !w.apps[p].DeletedAt.IsZero() || !w.accounts[a].DeletedAt.IsZero()
		if g.open() && v.user != "" && !gone && keep(v) {
			out = append(out, v)
		}
	}
	return out
}

func TestAccessIsWhatWasGivenAndIsNotOver(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada, first := w.users[0].ID, w.grants[0]
		ref := app.EntitlementRef{AppID: first.app, ID: first.entitlement}
		other := app.EntitlementRef{AppID: first.app, ID: w.grants[len(w.grants)/4].entitlement}
		for name, c := range map[string]struct {
			f    AccessFilter
			keep func(given) bool
		}{
			"of an entitlement":     {AccessFilter{Refs: []app.EntitlementRef{ref}}, func(g given) bool { return g.entitlement == ref }},
			"of a person":           {AccessFilter{User: ada}, func(g given) bool { return g.user == ada }},
			"of both":               {AccessFilter{User: ada, Refs: []app.EntitlementRef{ref}}, func(g given) bool { return g == given{ref, ada} }},
			"my own":                {AccessFilter{Refs: []app.EntitlementRef{ref, other}, Own: ada}, func(g given) bool { return g.user == ada && (g.entitlement == ref || g.entitlement == other) }},
			"my own, and one whole": {AccessFilter{Refs: []app.EntitlementRef{ref, other}, Own: ada, Whole: []app.EntitlementRef{ref}}, func(g given) bool { return g.entitlement == ref || g.user == ada && g.entitlement == other }},
		} {
			want := map[given]bool{}
			for _, g := range w.plainly(c.keep) {
				want[g] = true
			}
			for _, size := range []int{1, 100} {
				got := pages(w, size, func(r page.Request) (page.Page[Access], error) { return w.read.Access(w.ctx, c.f, r) })
				for _, a := range got {
					if !want[given{a.Entitlement, a.User}] || len(a.Grants) == 0 {
						w.Errorf("%s: %+v is too much", name, a)
					}
				}
				if len(got) != len(want) {
					w.Errorf("%s, %d a page: %d, want %d", name, size, len(got), len(want))
				}
			}
		}
	})
}

// Whoever holds something through two accounts is in the list once, at the place of the first, with both.
func TestSomebodyWithTwoAccountsHasAccessOnce(t *testing.T) {
	onWorlds(t, func(w *world) {
		g := w.grants[0]
		one := AccessFilter{Refs: []app.EntitlementRef{{AppID: g.app, ID: g.entitlement}}}
		err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(`delete from grants where entitlement_id = $1`, string(g.entitlement)); err != nil {
				return err
			}
			for _, a := range w.accounts {
				if a.AppID != g.app || a.UserID == "" {
					continue
				}
				if _, err := tx.Exec(`update account set user_id = $1 where id = $2`, string(w.users[0].ID), string(a.ID)); err != nil {
					return err
				}
				if err := insertGrant(tx, held1{g.app, g.entitlement, a.ID, "pending", true}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
		got := pages(w, 1, func(r page.Request) (page.Page[Access], error) { return w.read.Access(w.ctx, one, r) })
		if len(got) != 1 || len(got[0].Grants) != 2 {
			w.Errorf("%+v", got)
		}
		w.read.clock = clock.NewFake(start.Add(time.Hour))
		if got := pages(w, 1, func(r page.Request) (page.Page[Access], error) { return w.read.Access(w.ctx, one, r) }); len(got) != 0 {
			w.Errorf("at its end: %+v", got)
		}
	})
}

// A page of who has access costs what is on it; what a person has is found by the person.
func TestListsOfAccessAreReadFromAnIndex(t *testing.T) {
	groups := true
	one := []app.EntitlementRef{{AppID: "a", ID: "e"}}
	onWorlds(t, func(w *world) {
		for _, after := range []page.Key{nil, {"a", "e", "c"}} {
			for name, c := range map[string]struct {
				f     AccessFilter
				sorts bool
				by    string
			}{
				"of an entitlement": {AccessFilter{Refs: one}, false, "grants_live"},
				"of two":            {AccessFilter{Refs: append(one, app.EntitlementRef{AppID: "a", ID: "f"})}, true, ""},
				"of a person":       {AccessFilter{User: "u", Groups: &groups}, true, "account_user"},
				"of services":       {AccessFilter{Refs: one, Nonhuman: true}, false, "grants_live"},
				"own, one whole":    {AccessFilter{Refs: one, Own: "u", Whole: one}, false, "grants_live"},
			} {
				sql, args := accessSQL(c.f, page.Request{Size: 25, After: after}, start)
				plan := w.plan(sql, args)
				if table.MatchString(plan) || !c.sorts && sorts(plan) || !strings.Contains(plan, c.by) {
					w.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
		sql, args := givenSQL([]placed{{entitlement: one[0], user: "u"}, {entitlement: one[0], user: "v"}}, start)
		if plan := w.plan(sql, args); table.MatchString(plan) || !strings.Contains(plan, "account_user") {
			w.Errorf("%s\n%s", sql, plan)
		}
	})
}
