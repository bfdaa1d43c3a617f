package catalog_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
)

func TestACatalogIsSeenByWhomItIsFor(t *testing.T) {
	team := app.EntitlementRef{AppID: "a", ID: "team"}
	member := func(r app.EntitlementRef) bool { return r == team }
	nobody := func(app.EntitlementRef) bool { return false }
	for name, c := range map[string]struct {
		catalog.Catalog

		holds func(app.EntitlementRef) bool
		want  bool
	}{
		"everyone":                  {catalog.Catalog{Published: true, Everyone: true}, nobody, true},
		"not published":             {catalog.Catalog{Everyone: true, Audience: []app.EntitlementRef{team}}, member, false},
		"deleted":                   {catalog.Catalog{Published: true, Everyone: true, DeletedAt: granttest.Noon}, member, false},
		"its audience":              {catalog.Catalog{Published: true, Audience: []app.EntitlementRef{{}, team}}, member, true},
		"somebody else":             {catalog.Catalog{Published: true, Audience: []app.EntitlementRef{team}}, nobody, false},
		"published, for nobody yet": {catalog.Catalog{Published: true}, member, false},
	} {
		if got := c.VisibleTo(c.holds); got != c.want {
			t.Errorf("%s: seen %t", name, got)
		}
		if got := catalog.Listed([]catalog.Catalog{{}, c.Catalog}, c.holds); got != c.want {
			t.Errorf("%s: listed %t", name, got)
		}
	}
}

func TestAnAudienceSeesACatalogForAsLongAsItHoldsTheEntitlement(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		team, tool, ada, grace := h.Entitlement(a), h.Entitlement(a), h.User().ID, h.User().ID
		c := h.catalog(false)
		h.add(c, tool)
		h.audience(c, team)
		end := h.Clock.Now().Add(time.Hour)
		h.hold(team, ada, end)
		if !h.sees(ada, tool) || h.sees(grace, tool) || h.sees(ada, team) {
			t.Fatal("the member sees what is in it, nobody else, and nothing else")
		}
		h.Clock.Set(end.Add(-time.Microsecond))
		if !h.sees(ada, tool) {
			t.Fatal("not until the last moment")
		}
		h.Clock.Set(end)
		if h.sees(ada, tool) {
			t.Fatal("still at the end")
		}
	})
}
