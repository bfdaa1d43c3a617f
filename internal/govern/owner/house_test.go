package owner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// house is the services with owners among them.
type house struct {
	*granttest.House

	owners *owner.Service
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(open(t, d)) })
}

func open(t testing.TB, d *db.DB) *house {
	t.Helper()
	h := &house{House: granttest.New(t, d)}
	h.owners = owner.New(owner.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	return h
}

// team is an app of its own with an entitlement; its holders can own something.
func (h *house) team() app.Entitlement {
	h.Helper()
	return h.Entitlement(h.App().ID)
}

// hold gives the person the entitlement until then, zero for good.
func (h *house) hold(e app.Entitlement, person directory.UserID, until time.Time) grant.Key {
	h.Helper()
	k := grant.Key{App: e.AppID, Entitlement: e.ID, Account: h.Account(e.AppID, person).ID}
	granttest.Must(h.Grants.Create(h.Ctx, k, until))(h)
	return k
}

// set makes these the primary owners.
func (h *house) set(o owner.Object, users []directory.UserID, via ...app.Entitlement) {
	h.Helper()
	refs := make([]app.EntitlementRef, len(via))
	for i, e := range via {
		refs[i] = e.Ref()
	}
	if err := h.owners.Set(h.Ctx, o, owner.Primary, users, refs); err != nil {
		h.Fatal(err)
	}
}

// of are the reasons for which people own an object now.
func (h *house) of(o owner.Object) []owner.Owned {
	h.Helper()
	return granttest.Must(h.owners.Users(h.DB.Q(h.Ctx), []owner.Object{o}, owner.Primary, h.Clock.Now()))(h)[o]
}

// owns reports whether the person owns the object now, and fails unless the ways of asking agree.
func (h *house) owns(person directory.UserID, o owner.Object) bool {
	h.Helper()
	q, now := h.DB.Q(h.Ctx), h.Clock.Now()
	listed := false
	for _, v := range granttest.Must(h.owners.Owns(q, person, owner.Primary, now))(h) {
		listed = listed || v == o
	}
	among := false
	for _, v := range h.of(o) {
		among = among || v.User == person
	}
	is := granttest.Must(h.owners.Is(h.Ctx, q, person, iam.RelOwner, iam.Object{Type: string(o.Kind), AppID: string(o.App), ID: o.ID}, now))(h)
	if listed != among || listed && !is {
		h.Fatalf("%s and %v: Owns says %t, Users %t, Is %t", person, o, listed, among, is)
	}
	return listed
}

func (h *house) refused(err error, code fault.Code) {
	h.Helper()
	if !fault.Is(err, code) {
		h.Fatalf("got %v, want code %v", err, code)
	}
}

// events are the audit events about owners, oldest first.
func (h *house) events() []audit.Event {
	h.Helper()
	return h.eventsOf("owner.")
}

// eventsOf are the audit events whose kinds begin so, oldest first.
func (h *house) eventsOf(kind string) []audit.Event {
	h.Helper()
	var out []audit.Event
	for _, e := range granttest.Must(h.Audit.List(h.Ctx, audit.Filter{}, page.Request{Size: 100}))(h).Items {
		if strings.HasPrefix(e.Kind, kind) {
			out = append(out, e)
		}
	}
	return out
}

func postgres(t *testing.T) *db.DB {
	t.Helper()
	return dbtest.Postgres(t)
}
