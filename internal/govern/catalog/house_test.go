package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// house is the services with catalogs among them.
type house struct {
	*granttest.House

	catalogs *catalog.Service
	policies *policy.Service
	rules    *automation.Service
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(open(t, d)) })
}

func open(t testing.TB, d *db.DB) *house {
	t.Helper()
	return furnish(t, &house{House: granttest.New(t, d)})
}

// furnish puts catalogs and rules into a house, and Interim's own app unless it is there.
func furnish(t testing.TB, h *house) *house {
	t.Helper()
	d := h.DB
	owners := owner.New(owner.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	h.policies = granttest.Must(policy.New(policy.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Owners: owners}))(t)
	h.Apps.Consult(h.policies)
	h.rules = automation.New(automation.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants, Policies: h.policies})
	t.Cleanup(h.rules.Close)
	h.Grants.Watch(h.rules)
	h.Directory.TellChanged(h.rules)
	h.Directory.TellCreated(h.rules)
	h.catalogs = catalog.New(catalog.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Apps: h.Apps, Policies: h.policies, Rules: h.rules, Values: h.policies})
	h.Apps.Offer(h.catalogs)
	h.Apps.Tell(h.catalogs)
	h.ok(d.Write(h.Ctx, func(tx *db.Tx) error {
		_, err := h.Apps.EnsureApp(tx, audit.System(), app.App{ID: app.Own, DisplayName: "Interim"})
		return err
	}))
	return h
}

// catalog makes one that is published.
func (h *house) catalog(everyone bool) catalog.ID {
	h.Helper()
	return granttest.Must(h.catalogs.Create(h.Ctx, catalog.Catalog{DisplayName: "Tools", Published: true, Everyone: everyone}))(h).ID
}

func (h *house) add(c catalog.ID, list ...app.Entitlement) {
	h.Helper()
	h.ok(h.catalogs.Add(h.Ctx, c, refs(list)))
}

func (h *house) audience(c catalog.ID, list ...app.Entitlement) {
	h.Helper()
	h.ok(h.catalogs.AddAudience(h.Ctx, c, refs(list)))
}

func (h *house) change(c catalog.ID, fn func(c *catalog.Catalog)) {
	h.Helper()
	granttest.Must(h.catalogs.Update(h.Ctx, c, func(c *catalog.Catalog) error { fn(c); return nil }))(h)
}

func refs(list []app.Entitlement) []app.EntitlementRef {
	out := make([]app.EntitlementRef, len(list))
	for i, e := range list {
		out[i] = e.Ref()
	}
	return out
}

// hold gives the person the entitlement until then, zero for good.
func (h *house) hold(e app.Entitlement, person directory.UserID, until time.Time) grant.Key {
	h.Helper()
	k := grant.Key{App: e.AppID, Entitlement: e.ID, Account: h.Account(e.AppID, person).ID}
	granttest.Must(h.Grants.Create(h.Ctx, k, until))(h)
	return k
}

func (h *house) sees(person directory.UserID, e app.Entitlement) bool {
	h.Helper()
	return granttest.Must(catalog.IsListed(h.DB.Q(h.Ctx), person, e.Ref(), h.Clock.Now()))(h)
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) refused(code fault.Code, field string, err error) {
	h.Helper()
	if !fault.Is(err, code) || !strings.Contains(err.Error(), field) {
		h.Fatalf("got %v, want code %v about %s", err, code, field)
	}
}

// events are the kinds of audit events that begin so, oldest first.
func (h *house) events(prefix string) []string {
	h.Helper()
	var out []string
	for _, e := range granttest.Must(h.Audit.List(h.Ctx, audit.Filter{}, page.Request{Size: 100}))(h).Items {
		if strings.HasPrefix(e.Kind, prefix) {
			out = append(out, e.Kind)
		}
	}
	return out
}
