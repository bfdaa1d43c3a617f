package app_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

var start = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// fixture is the package on one engine, with Ada at the keyboard.
type fixture struct {
	*testing.T
	ctx    context.Context
	db     *db.DB
	clock  *clock.Fake
	log    *audit.Log
	people *directory.Service
	apps   *app.Service
	ended  *endings
}

// endings remembers what a Notice was told.
type endings struct {
	apps         []app.ID
	entitlements []app.EntitlementID
	accounts     []app.AccountID
	reasons      []string
	fail         error
}

func (e *endings) AppEnded(_ *db.Tx, _ audit.Actor, id app.ID, _ time.Time, reason string) error {
	e.apps, e.reasons = append(e.apps, id), append(e.reasons, reason)
	return e.fail
}

func (e *endings) EntitlementsEnded(
	_ *db.Tx, _ audit.Actor, _ app.ID, ids []app.EntitlementID, _ time.Time, reason string,
) error {
	e.entitlements, e.reasons = append(e.entitlements, ids...), append(e.reasons, reason)
	return e.fail
}

func (e *endings) AccountsEnded(_ *db.Tx, _ audit.Actor, _ app.ID, ids []app.AccountID, _ time.Time, reason string) error {
	e.accounts, e.reasons = append(e.accounts, ids...), append(e.reasons, reason)
	return e.fail
}

// each runs test with a fresh fixture on both engines.
func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(start)
		log := audit.New(d, c)
		f := &fixture{T: t, db: d, clock: c, log: log, people: directory.New(d, c, log), apps: app.New(d, c, log), ended: &endings{}}
		f.ctx = audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "ada", Name: "Ada"})
		f.apps.Tell(f.ended)
		test(f)
	})
}

// must is for steps of a test that are not its subject.
func must[T any](f *fixture) func(v T, err error) T {
	return func(v T, err error) T {
		f.Helper()
		if err != nil {
			f.Fatal(err)
		}
		return v
	}
}

func (f *fixture) app(name string) app.App {
	f.Helper()
	return must[app.App](f)(f.apps.CreateApp(f.ctx, app.App{DisplayName: name}))
}

// role makes a resource type ROLE, a resource of it and an entitlement on that.
func (f *fixture) role(appID app.ID, name string) app.Entitlement {
	f.Helper()
	t := must[app.ResourceType](f)(f.apps.CreateResourceType(f.ctx,
		app.ResourceType{AppID: appID, Kind: app.KindCustom, DisplayName: "Roles"}))
	r := must[app.Resource](f)(f.apps.CreateResource(f.ctx, app.Resource{AppID: appID, TypeID: t.ID, DisplayName: name}))
	return must[app.Entitlement](f)(f.apps.CreateEntitlement(f.ctx,
		app.Entitlement{AppID: appID, TypeID: t.ID, ResourceID: r.ID, DisplayName: name + " member", Slug: "member"}))
}

func (f *fixture) user(name string) directory.User {
	f.Helper()
	return must[directory.User](f)(f.people.Create(f.ctx, directory.User{DisplayName: name, Email: name + "@example.com"}))
}

func (f *fixture) connector(appID app.ID) app.Connector {
	f.Helper()
	return must[app.Connector](f)(f.apps.CreateConnector(f.ctx, app.Connector{AppID: appID, Kind: "postgres", Config: []byte("sealed")}))
}

// write runs fn in a transaction.
func (f *fixture) write(fn func(tx *db.Tx) error) {
	f.Helper()
	if err := f.db.Write(f.ctx, fn); err != nil {
		f.Fatal(err)
	}
}

// events returns the kinds of the events about one object, oldest first.
func (f *fixture) events(object, id string) (kinds []string) {
	f.Helper()
	for _, e := range f.history(object, id) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (f *fixture) history(object, id string) []audit.Event {
	f.Helper()
	p, err := f.log.List(f.ctx, audit.Filter{ObjectType: object, ObjectID: id}, page.Request{Size: 100})
	if err != nil {
		f.Fatal(err)
	}
	return p.Items
}

// refused checks that err is a fault of that code about that field.
func (f *fixture) refused(err error, code fault.Code, field string) {
	f.Helper()
	if !fault.Is(err, code) {
		f.Fatalf("%v: code %v, want %v", err, fault.Of(err), code)
	}
	if field != "" && fault.Of(err).Field != field {
		f.Errorf("%v: about field %q, want %q", err, fault.Of(err).Field, field)
	}
}

func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if g, ok := got.([]string); ok {
		if w, ok := want.([]string); ok && slices.Equal(g, w) {
			return
		}
	} else if got == want {
		return
	}
	f.Errorf("%s is %v, want %v", what, got, want)
}
