package read

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// TestOffersAreWhatCanBeAskedFor compares the list with the question about each entitlement, and its filters with their meaning.
func TestOffersAreWhatCanBeAskedFor(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := clock.NewFake(start)
		log := audit.New(w.db, c)
		catalogs := catalog.New(catalog.Deps{DB: w.db, Clock: c, Audit: log, Apps: app.New(w.db, c, log)})
		err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update grants set active_at = created_at where state = 'active'`)
			return err
		})
		need(w, 0, err)
		for n, everyone := range []bool{true, false, false} {
			made, err := catalogs.Create(w.ctx, catalog.Catalog{DisplayName: fmt.Sprint("catalog ", n), Published: true, Everyone: everyone})
			made = need(w, made, err)
			for i, e := range w.entitlements {
				one := []app.EntitlementRef{e.Ref()}
				if i%4 == n && e.DeletedAt.IsZero() {
					_ = catalogs.Add(w.ctx, made.ID, one) // refused where the app is deleted
				}
				if i%5 == n && !everyone && e.DeletedAt.IsZero() {
					_ = catalogs.AddAudience(w.ctx, made.ID, one)
				}
			}
		}
		items := item.New(item.Deps{DB: w.db, Clock: c, Audit: log, Apps: app.New(w.db, c, log)})
		for i, e := range w.entitlements {
			_, _ = items.Update(w.ctx, []item.Change{{ID: e.ResourceID, Become: func(v *item.Item) error { // refused where there is none
				v.Offered, v.Limited = i%3 == 0, i%2 == 0
				v.Audience = []app.EntitlementRef{w.entitlements[(i+7)%len(w.entitlements)].Ref()}
				return nil
			}}})
		}
		s, q := New(w.db, c), w.db.Q(w.ctx)
		listed := 0
		for _, a := range w.accounts {
			if a.UserID == "" {
				continue
			}
			refs := make([]app.EntitlementRef, len(w.entitlements))
			for i, e := range w.entitlements {
				refs[i] = e.Ref()
			}
			can, err := item.Offers{Service: catalogs}.RequestableOf(q, a.UserID, refs, start)
			can = need(w, can, err)
			list := func(f OfferFilter) map[app.EntitlementRef]Offer {
				f.User = a.UserID
				out := map[app.EntitlementRef]Offer{}
				var ways [2][]Offer // gathered, and gone through
				for n, few := range []int{fewOffers, 0} {
					s.few = few
					ways[n] = pages(w.TB, 3, func(r page.Request) (page.Page[Offer], error) { return s.Offers(w.ctx, f, r) })
				}
				if !reflect.DeepEqual(ways[0], ways[1]) {
					w.Errorf("%+v: %d where they are gathered, %d where they are not", f, len(ways[0]), len(ways[1]))
				}
				for _, o := range ways[0] {
					if _, twice := out[o.Ref()]; twice {
						w.Errorf("%v is there twice", o.Ref())
					}
					out[o.Ref()] = o
				}
				return out
			}
			all := list(OfferFilter{})
			list(OfferFilter{Query: "e", IncludeDeleted: true})
			list(OfferFilter{Alias: w.entitlements[0].Alias, AppName: "x"})
			if len(all) != len(can) {
				w.Errorf("%s: %d listed, %d can be asked for", a.UserID, len(all), len(can))
			}
			listed += len(all)
			yes, no := true, false
			granted, rest := list(OfferFilter{Granted: &yes}), list(OfferFilter{Granted: &no})
			if len(granted)+len(rest) != len(all) {
				w.Errorf("%s: %d granted and %d not, of %d", a.UserID, len(granted), len(rest), len(all))
			}
			for ref, o := range all {
				if _, has := granted[ref]; !can[ref] || has != (len(o.Grants) > 0) {
					w.Errorf("%v: can %t, granted %t, grants %v", ref, can[ref], has, o.Grants)
				}
			}
		}
		if listed < 10 {
			w.Errorf("only %d offers: the test says little", listed)
		}
	})
}

// gathered are the steps that read what the statement itself has gathered.
var gathered = regexp.MustCompile(`(?m)^\s*SCAN [hsf]$`)

// What a user holds is little, so that a list of it may be sorted.
func TestOffersAreReadFromAnIndexInOrder(t *testing.T) {
	yes := true
	onWorlds(t, func(w *world) {
		for name, f := range map[string]OfferFilter{
			"all": {}, "by text": {Query: "x"}, "granted": {Granted: &yes}, "with the deleted": {IncludeDeleted: true},
		} {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"a", "b", "c"}}} {
				f.User = "u"
				for _, few := range []bool{false, true} {
					sql, args := offersSQL(f, r, time.Time{}, few)
					plan := w.plan(sql, args)
					if full(gathered.ReplaceAllString(plan, "")) {
						w.Errorf("%s, few %t, reads a whole table:\n%s\n%s", name, few, sql, plan)
					}
					if f.Granted == nil && !few && !strings.Contains(plan, "entitlement_name") {
						w.Errorf("%s is not read in order:\n%s\n%s", name, sql, plan)
					}
				}
			}
		}
		if plan := w.plan(countOffersSQL, []any{"u", int64(0), 10}); full(gathered.ReplaceAllString(plan, "")) {
			w.Errorf("%s\n%s", countOffersSQL, plan)
		}
		sql, args := offerGrantsSQL("u", time.Time{}, []Offer{{Entitlement: app.Entitlement{AppID: "a", ID: "e"}}})
		if plan := w.plan(sql, args); full(plan) {
			w.Errorf("%s\n%s", sql, plan)
		}
	})
}
