package item_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// house is the services with catalogs and items among them.
type house struct {
	*granttest.House

	catalogs *catalog.Service
	items    *item.Service
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := &house{House: granttest.New(t, d)}
		h.catalogs = catalog.New(catalog.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Apps: h.Apps})
		h.Apps.Offer(h.catalogs)
		h.items = item.New(item.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Apps: h.Apps})
		test(h)
	})
}

// item makes an item and answers it with its default level.
func (h *house) item(in app.ID, s item.Settings) (item.Item, app.EntitlementRef) {
	h.Helper()
	i := granttest.Must(h.items.Create(h.Ctx, item.Draft{AppID: in, Name: "Thing", Settings: s}))(h)
	return i, granttest.Must(h.items.LevelOf(h.DB.Q(h.Ctx), i, ""))(h).Entitlement
}

func (h *house) hold(e app.EntitlementRef, account app.AccountID, until time.Time) error {
	_, err := h.Grants.Create(h.Ctx, grant.Key{App: e.AppID, Entitlement: e.ID, Account: account}, until)
	return err
}

func (h *house) can(person directory.UserID, e app.EntitlementRef) bool {
	h.Helper()
	return granttest.Must(item.Offers{Service: h.catalogs}.Requestable(h.DB.Q(h.Ctx), person, e, h.Clock.Now()))(h)
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}
