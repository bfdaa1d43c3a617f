package read

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// world is a small organisation, kept twice: in the database, and here for plain loops to compare with.
type world struct {
	testing.TB
	ctx          context.Context
	db           *db.DB
	read         *Service
	apps         []app.App
	types        []app.ResourceType
	resources    []app.Resource
	entitlements []app.Entitlement
	accounts     []app.Account
	users        []directory.User
	grants       []held1
}

// held1 is one row of grants.
type held1 struct {
	app         app.ID
	entitlement app.EntitlementID
	account     app.AccountID
	state       string
	expires     bool
}

func (g held1) open() bool { return g.state == "pending" || g.state == "active" }

var start = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// names collide, differ in case only, and hold what LIKE treats as special.
var displayNames = []string{"Wiki", "wiki", "WIKI", "Ünï", "100%", "a_b", `back\slash`, "zebra", "Zulu", "日本"}

// onWorlds runs test with the same world on both engines.
func onWorlds(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{TB: t, ctx: audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "ada"}), db: d}
		c := clock.NewFake(start)
		log := audit.New(d, c)
		w.read = New(d, c)
		w.read.width = 3 // so that a page takes several spans
		w.fill(directory.New(d, c, log), app.New(d, c, log))
		test(w)
	})
}

func need[T any](w *world, v T, err error) T {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func (w *world) fill(people *directory.Service, apps *app.Service) {
	w.Helper()
	for _, name := range []string{"ada", "grace", "linus"} {
		u, err := people.Create(w.ctx, directory.User{DisplayName: name, Email: name + "@example.com"})
		w.users = append(w.users, need(w, u, err))
	}
	for i := range 5 {
		a, err := apps.CreateApp(w.ctx, app.App{DisplayName: displayNames[i%4], Description: fmt.Sprintf("number %d", i)})
		w.apps = append(w.apps, need(w, a, err))
	}
	for i, a := range w.apps {
		for n, kind := range []app.ResourceKind{app.KindRole, app.KindCustom, app.KindCustom}[:1+i%3] {
			t, err := apps.CreateResourceType(w.ctx, app.ResourceType{AppID: a.ID, Kind: kind, DisplayName: displayNames[n+i]})
			w.inType(apps, need(w, t, err))
		}
		for n := range 3 {
			v := app.Account{
				AppID: a.ID, DisplayName: displayNames[(n+i)%10], Username: fmt.Sprintf("u%d", n), Email: fmt.Sprintf("u%d@example.com", n),
				Kind: []app.AccountKind{app.KindUser, app.KindService, app.KindSystem}[n],
			}
			if n < 2 {
				v.UserID = w.users[(n+i)%3].ID
			}
			v, err := apps.CreateAccount(w.ctx, v)
			w.accounts = append(w.accounts, need(w, v, err))
		}
	}
	w.reload()
	w.grant()
	if err := apps.DeleteApp(w.ctx, w.apps[4].ID); err != nil {
		w.Fatal(err)
	}
	e := w.entitlements[len(w.entitlements)/2]
	for _, v := range w.entitlements {
		if !v.Builtin {
			e = v
		}
		if e.AppID == w.apps[0].ID && !e.Builtin {
			break
		}
	}
	if err := apps.DeleteEntitlement(w.ctx, e.AppID, e.ID); err != nil {
		w.Fatal(err)
	}
	w.reload()
}

func (w *world) inType(apps *app.Service, t app.ResourceType) {
	w.Helper()
	for n := range 2 {
		r, err := apps.CreateResource(w.ctx, app.Resource{AppID: t.AppID, TypeID: t.ID, DisplayName: displayNames[n*3]})
		r = need(w, r, err)
		for m := range 2 {
			e, err := apps.CreateEntitlement(w.ctx, app.Entitlement{
				AppID: t.AppID, TypeID: t.ID, ResourceID: r.ID, DisplayName: displayNames[(n+m*4)%10], Description: r.DisplayName,
				Alias: fmt.Sprintf("e-%s-%d", r.ID, m),
			})
			need(w, e, err)
		}
	}
}

// reload reads the whole tables.
func (w *world) reload() {
	w.Helper()
	q := w.db.Q(w.ctx)
	all := func(table string) string { return " from " + table }
	var err error
	w.apps, err = db.Collect(q, app.ScanApp, "select "+app.AppColumns("")+all("app")+" order by id")
	need(w, 0, err)
	w.types, err = db.Collect(q, app.ScanResourceType, "select "+app.ResourceTypeColumns("")+all("resource_type")+" order by app_id, id")
	need(w, 0, err)
	w.resources, err = db.Collect(q, app.ScanResource, "select "+app.ResourceColumns("")+all("resource")+" order by app_id, id")
	need(w, 0, err)
	w.entitlements, err = db.Collect(q, app.ScanEntitlement, "select "+app.EntitlementColumns("")+all("entitlement")+" order by app_id, id")
	need(w, 0, err)
	w.accounts, err = db.Collect(q, app.ScanAccount, "select "+app.AccountColumns("")+all("account")+" order by app_id, id")
	need(w, 0, err)
}

// grant gives out grants of every state, in a fixed pattern.
func (w *world) grant() {
	w.Helper()
	states := []string{"active", "pending", "ending", "ended"}
	n := 0
	err := w.db.Write(w.ctx, func(tx *db.Tx) error {
		w.grants, n = nil, 0
		for _, e := range w.entitlements {
			for _, a := range w.accounts {
				if a.AppID != e.AppID {
					continue
				}
				n++
				if n%3 == 0 {
					continue
				}
				g := held1{e.AppID, e.ID, a.ID, states[n%4], n%5 == 0}
				w.grants = append(w.grants, g)
				if err := insertGrant(tx, g); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func insertGrant(tx *db.Tx, g held1) error {
	var expires *int64
	if g.expires {
		at := clock.Micros(start.Add(time.Hour))
		expires = &at
	}
	var ending, ended *int64
	if at := clock.Micros(start); !g.open() {
		if ending = &at; g.state == "ended" {
			ended = &at
		}
	}
	_, err := tx.Exec(`insert into grants (id, app_id, entitlement_id, account_id, state, direct, derived, deprovision_at, force_end,
			ending_at, ended_at, created_at, end_reason, end_note, target_note, discovered, granted_by, granted_by_name, granted_task, policy_version, decided_by,
			decided_for, ended_by, ended_by_name, ended_task, updated_at, version)
		values ($1,$2,$3,$4,$5,'manual',0,$6,false,$8,$9,$7,'','','',false,'','','','','','','','','',$7,1)`,
		id.New(start), string(g.app), string(g.entitlement), string(g.account), g.state, expires, clock.Micros(start), ending, ended)
	return err
}

// holds reports whether a grant of the entitlement is open for one of the accounts, or for anybody where accounts is nil.
func (w *world) holds(ref app.EntitlementRef, accounts []app.AccountID, expiring bool) bool {
	for _, g := range w.grants {
		if g.app == ref.AppID && g.entitlement == ref.ID && g.open() && (g.expires || !expiring) && (accounts == nil || has(accounts, g.account)) {
			return true
		}
	}
	return false
}

func (w *world) kindOf(a app.ID, t app.ResourceTypeID) app.ResourceKind {
	for _, v := range w.types {
		if v.AppID == a && v.ID == t {
			return v.Kind
		}
	}
	return ""
}

func has[T comparable](list []T, v T) bool { return slices.Contains(list, v) }

// pages reads a list to its end.
func pages[T any](t testing.TB, size int, list func(page.Request) (page.Page[T], error)) []T {
	t.Helper()
	var (
		all  []T
		next page.Key
	)
	for range 1000 {
		p, err := list(page.Request{Size: size, After: next})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Items) > size {
			t.Fatalf("a page of %d items, asked for %d", len(p.Items), size)
		}
		all = append(all, p.Items...)
		if next = p.Next; len(next) == 0 {
			return all
		}
	}
	t.Fatal("a list without an end")
	return nil
}
