package read

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// table is a step of a plan that reads a whole table: all have one-letter names in these statements.
var table = regexp.MustCompile(`Seq Scan|SCAN [a-z]\n|SCAN [a-z]$`)

// A page of grants costs what is on it, however many grants there are: those that are asked all the time are read from an index in
// order, the others at least from an index.
func TestListsOfGrantsAreReadFromAnIndex(t *testing.T) {
	one := GrantFilter{Refs: []app.EntitlementRef{{AppID: "a", ID: "e"}}}
	two := GrantFilter{Refs: []app.EntitlementRef{{AppID: "a", ID: "e"}, {AppID: "a", ID: "f"}}}
	of := GrantFilter{UserIDs: []directory.UserID{"u"}}
	narrow := GrantFilter{
		AppIDs: []app.ID{"a"}, AccountIDs: []app.AccountID{"c"}, Own: "u", Slugs: []string{"s"}, Purposes: []app.Purpose{"P"},
		ResourceIDs: []app.ResourceID{"r"}, TypeIDs: []app.ResourceTypeID{"t"}, Accounts: []app.AccountRef{{AppID: "a", ID: "c"}},
	}
	type list func(r page.Request) (string, []any, error)
	live := func(f GrantFilter) list {
		return func(r page.Request) (string, []any, error) {
			if r.After != nil {
				r.After = page.Key{"a", "e", "c"}
			}
			sql, args := grantsSQL(f, r, start)
			return sql, args, nil
		}
	}
	asOf := func(f GrantFilter) list {
		return func(r page.Request) (string, []any, error) { return asOfSQL(start, f, r) }
	}
	past := func(f GrantFilter) list { return func(r page.Request) (string, []any, error) { return pastSQL(f, r) } }
	feed := func(f GrantFilter) list {
		return func(r page.Request) (string, []any, error) {
			if r.After != nil {
				r.After = page.Key{"1", "g", "ADDED"}
			}
			return feedSQL(f, start, start.Add(time.Hour), r)
		}
	}
	lists := []struct {
		name  string
		list  list
		sorts bool
	}{
		{"all live grants", live(GrantFilter{}), false},
		{"live grants of an app", live(GrantFilter{AppIDs: []app.ID{"a"}}), false},
		{"holders of an entitlement", live(one), false},
		{"a person's live grants", live(of), true},
		{"live grants, narrowed", live(narrow), true},
		{"all as of a moment", asOf(GrantFilter{}), false},
		{"an entitlement as of a moment", asOf(one), false},
		{"two entitlements as of a moment", asOf(two), true},
		{"a person as of a moment", asOf(of), true},
		{"all past grants", past(GrantFilter{}), false},
		{"past grants of an entitlement", past(one), true},
		{"a person's past grants", past(of), true},
		{"my past grants", past(GrantFilter{Own: "u"}), true},
		{"my part of an entitlement's history", func(r page.Request) (string, []any, error) { return historySQL(one.Refs[0], "u", r) }, true},
		{"an entitlement's history", func(r page.Request) (string, []any, error) { return historySQL(one.Refs[0], "", r) }, false},
		{"the feed", feed(GrantFilter{}), true},
		{"the feed of a person", feed(of), true},
		{"what is overdue", func(r page.Request) (string, []any, error) { return overdueSQL(nil, start, r) }, true},
	}
	onWorlds(t, func(w *world) {
		for _, l := range lists {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"1", "g"}}} {
				sql, args, err := l.list(r)
				if err != nil {
					w.Fatal(err)
				}
				if plan := w.plan(sql, args); table.MatchString(plan) || !l.sorts && sorts(plan) {
					w.Errorf("%s:\n%s\n%s", l.name, sql, plan)
				}
			}
		}
	})
}

// What an account holds and held is little of what an app has. (PostgreSQL knows so by its statistics.)
func TestGrantsOfAccountsAreFoundByTheAccounts(t *testing.T) {
	f := GrantFilter{Accounts: []app.AccountRef{{AppID: "a", ID: "c"}, {AppID: "a", ID: "d"}}}
	onWorlds(t, func(w *world) {
		if w.db.Engine() == db.Postgres {
			return
		}
		past, pastArgs, err := pastSQL(f, page.Request{Size: 25})
		if err != nil {
			w.Fatal(err)
		}
		feed, feedArgs, err := feedSQL(f, time.Time{}, time.Time{}, page.Request{Size: 25})
		if err != nil {
			w.Fatal(err)
		}
		for sql, args := range map[string][]any{past: pastArgs, feed: feedArgs} {
			if plan := w.plan(sql, args); !strings.Contains(plan, "grants_account (account_id=?)") {
				w.Errorf("%s\n%s", sql, plan)
			}
		}
	})
}

// What a person ever held is looked up by the person, then by the accounts; it is never all that others hold.
func TestAPersonsPastIsFoundByWhatTheyHeld(t *testing.T) {
	for name, f := range map[string]GrantFilter{"of": {UserIDs: []directory.UserID{"u"}}, "own": {Own: "u"}} {
		onWorlds(t, func(w *world) {
			feed := func(f GrantFilter, r page.Request) (string, []any, error) {
				return feedSQL(f, time.Time{}, time.Time{}, r)
			}
			asOf := func(f GrantFilter, r page.Request) (string, []any, error) { return asOfSQL(start, f, r) }
			for what, list := range map[string]func(GrantFilter, page.Request) (string, []any, error){"past": pastSQL, "feed": feed, "as of": asOf} {
				sql, args, err := list(f, page.Request{Size: 25})
				if err != nil {
					w.Fatal(err)
				}
				plan := w.plan(sql, args)
				if !strings.Contains(plan, "account_holder_user") {
					w.Errorf("%s %s:\n%s\n%s", what, name, sql, plan)
				}
			}
		})
	}
}

// Who held the accounts of a page is looked up grant by grant.
func TestHoldersOfAPageAreReadFromAnIndex(t *testing.T) {
	ids := make([]grant.ID, 100)
	for i := range ids {
		ids[i] = grant.ID(strconv.Itoa(i))
	}
	onWorlds(t, func(w *world) {
		for name, l := range map[string]lookBack{
			"then": {then: moment(start)}, "at the end": {then: ended}, "last": {then: before(start)}, "mine": {then: during, own: "u"},
		} {
			sql, args := l.sql(ids)
			plan := w.plan(sql, args)
			if table.MatchString(plan) {
				w.Errorf("%s:\n%s\n%s", name, sql, plan)
			}
		}
	})
}
