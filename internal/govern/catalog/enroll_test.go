package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

const sales = `subject.department == "Sales"`

func (h *house) worker(name, department string) directory.UserID {
	h.Helper()
	return granttest.Must(h.Directory.Create(h.Ctx, directory.User{
		DisplayName: name, Email: strings.ToLower(name) + "@example.com", Department: department,
	}))(h).ID
}

func (h *house) moves(u directory.UserID, department string) {
	h.Helper()
	granttest.Must(h.Directory.Update(h.Ctx, u, func(u *directory.User) error { u.Department = department; return nil }))(h)
}

// enrolls has a catalog enroll the Sales people.
func (h *house) enrolls(c catalog.ID, more ...func(a *catalog.Automation)) {
	h.Helper()
	text := sales
	a := catalog.Automation{Catalog: c, Enabled: true, Expression: &text}
	for _, fn := range more {
		fn(&a)
	}
	granttest.Must(h.catalogs.SetAutomation(h.Ctx, a, false))(h)
}

// settle lets time pass until nothing is due.
func (h *house) settle() {
	h.Helper()
	for range 20 {
		h.Clock.Advance(time.Second)
		n := 0
		for _, s := range append(h.Grants.Enders(), h.rules.Keeper()) {
			k, err := s.Run(context.Background(), h.Clock.Now())
			h.ok(err)
			n += k
		}
		if n == 0 {
			return
		}
	}
	h.Fatal("it does not settle")
}

func (h *house) wantHolders(e app.EntitlementRef, want ...string) {
	h.Helper()
	names, err := db.Collect(h.DB.Q(h.Ctx), func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
		`select u.display_name from grants g join account a on a.app_id = g.app_id and a.id = g.account_id join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
			where g.app_id = $1 and g.entitlement_id = $2 and `+grant.AccessSQL("$3")+` order by u.display_name`,
		e.AppID, e.ID, h.Clock.Now().UnixMicro())
	h.ok(err)
	if !slices.Equal(names, want) {
		h.Errorf("%v hold it, want %v", names, want)
	}
}

func (h *house) membership(c catalog.ID) app.EntitlementRef {
	h.Helper()
	of, enrolls := granttest.Must(h.catalogs.Get(h.Ctx, c))(h).Membership()
	if !enrolls {
		h.Fatal("nobody can be enrolled")
	}
	return of
}

func TestWhoIsEnrolledHoldsWhatIsInTheCatalogAndNoLonger(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		tool, wiki, late := h.Entitlement(a), h.Entitlement(h.App().ID), h.Entitlement(a)
		grace := h.worker("Grace", "Sales")
		h.worker("Linus", "Research")
		c := h.catalog(false)
		h.add(c, tool, wiki)
		h.enrolls(c)
		h.settle()
		h.wantHolders(tool.Ref(), "Grace")
		h.wantHolders(wiki.Ref(), "Grace")
		barbara := h.worker("Barbara", "Sales")
		h.settle()
		h.wantHolders(wiki.Ref(), "Barbara", "Grace")
		h.add(c, late)
		granttest.Must(h.catalogs.Remove(h.Ctx, c, []app.EntitlementRef{tool.Ref()}))(h)
		h.settle()
		h.wantHolders(late.Ref(), "Barbara", "Grace")
		h.wantHolders(tool.Ref())
		if n := granttest.Must(h.catalogs.Members(h.Ctx, granttest.Must(h.catalogs.Get(h.Ctx, c))(h)))(h); n != 2 {
			t.Errorf("%d are enrolled", n)
		}
		h.moves(grace, "Research")
		h.settle()
		h.wantHolders(late.Ref(), "Barbara")
		h.ok(h.catalogs.DeleteAutomation(h.Ctx, c))
		h.settle()
		h.wantHolders(late.Ref())
		h.moves(barbara, "Support")
		h.enrolls(c, func(a *catalog.Automation) { a.Expression, a.Entitlements = nil, refs([]app.Entitlement{tool}) })
		h.hold(tool, barbara, h.Clock.Now().Add(time.Hour))
		h.settle()
		h.wantHolders(late.Ref(), "Barbara")
		h.Clock.Advance(time.Hour)
		h.settle()
		h.wantHolders(late.Ref())
	})
}

func TestWhatBecomesOfTheAccessOfWhoLeavesIsTheCatalogsToSay(t *testing.T) {
	for says, want := range map[string]struct{ given, other []string }{
		"":                   {nil, []string{"Grace"}},
		"REVOKE_UNJUSTIFIED": {nil, []string{"Grace"}},
		"LEAVE_ACCESS_AS_IS": {[]string{"Grace"}, []string{"Grace"}},
		"REVOKE_ALL":         {nil, nil},
	} {
		t.Run(says, func(t *testing.T) {
			each(t, func(h *house) {
				given, other := h.Entitlement(h.App().ID), h.Entitlement(h.App().ID)
				grace := h.worker("Grace", "Sales")
				c := h.catalog(false)
				h.change(c, func(c *catalog.Catalog) { c.Unenrollment = says })
				h.add(c, given, other)
				h.hold(other, grace, time.Time{}) // somebody gave her that
				h.enrolls(c)
				h.settle()
				h.wantHolders(given.Ref(), "Grace")
				h.moves(grace, "Research")
				h.settle()
				h.wantHolders(h.membership(c))
				h.wantHolders(given.Ref(), want.given...)
				h.wantHolders(other.Ref(), want.other...)
			})
		})
	}
}

func TestTheAccessOfATimeEndsWithItWhateverTheCatalogLeaves(t *testing.T) {
	each(t, func(h *house) {
		tool, ada := h.Entitlement(h.App().ID), h.worker("Ada", "")
		c := h.catalog(true)
		h.add(c, tool)
		h.change(c, func(c *catalog.Catalog) { c.Bundle, c.Unenrollment = true, "LEAVE_ACCESS_AS_IS" })
		end := h.Clock.Now().Add(time.Hour)
		h.hold(app.Entitlement{AppID: app.Own, ID: h.membership(c).ID}, ada, end)
		h.settle()
		h.wantHolders(tool.Ref(), "Ada")
		h.Clock.Set(end)
		h.wantHolders(tool.Ref())
		h.settle()
		h.wantHolders(tool.Ref())
	})
}

func TestAWholeCatalogCanBeAskedForByWhomItIsFor(t *testing.T) {
	each(t, func(h *house) {
		team, tool, ada, grace := h.Entitlement(h.App().ID), h.Entitlement(h.App().ID), h.User().ID, h.User().ID
		c := h.catalog(false)
		h.add(c, tool)
		h.audience(c, team)
		h.hold(team, ada, time.Time{})
		h.change(c, func(c *catalog.Catalog) { c.Bundle = true })
		whole := app.Entitlement{AppID: app.Own, ID: h.membership(c).ID}
		if !h.sees(ada, whole) || h.sees(grace, whole) {
			t.Error("it is for its audience")
		}
		if list := granttest.Must(h.catalogs.All(h.Ctx, c))(h); len(list) != 1 {
			t.Errorf("it is in itself: %v", list)
		}
		h.change(c, func(c *catalog.Catalog) { c.Bundle = false })
		if h.sees(ada, whole) {
			t.Error("not offered any more, and seen")
		}
	})
}

func TestWhatWouldUnenrollTooManyStopsUntilSomebodyResumesIt(t *testing.T) {
	each(t, func(h *house) {
		tool := h.Entitlement(h.App().ID)
		people := []directory.UserID{h.worker("Ada", "Sales"), h.worker("Barbara", "Sales"), h.worker("Grace", "Sales")}
		c := h.catalog(false)
		h.add(c, tool)
		h.enrolls(c, func(a *catalog.Automation) { a.EnforceOnSmall, a.Threshold = true, 50 })
		h.settle()
		h.refused(fault.Precondition, "not stopped", h.catalogs.ResumeAutomation(h.Ctx, c))
		h.moves(people[0], "Research")
		h.settle()
		h.wantHolders(tool.Ref(), "Barbara", "Grace")
		h.moves(people[1], "Research")
		h.moves(people[2], "Research")
		h.settle()
		h.wantHolders(tool.Ref(), "Barbara", "Grace")
		if a := granttest.Must(h.catalogs.Automation(h.Ctx, c))(h); a.Rule.Doubt != automation.Refused || a.Rule.Matched != 0 {
			t.Errorf("%+v", a.Rule)
		}
		h.ok(h.catalogs.RunAutomation(h.Ctx, c))
		h.settle()
		h.wantHolders(tool.Ref(), "Barbara", "Grace") // to run it is not to accept what it takes
		h.enrolls(c, func(a *catalog.Automation) { a.EnforceOnSmall, a.Threshold, a.Enabled = true, 50, false })
		h.refused(fault.Precondition, "not enabled", h.catalogs.RunAutomation(h.Ctx, c))
		h.enrolls(c, func(a *catalog.Automation) { a.EnforceOnSmall, a.Threshold = true, 50 })
		h.settle()
		h.wantHolders(tool.Ref(), "Barbara", "Grace") // nor is to switch it off and on
		h.ok(h.catalogs.ResumeAutomation(h.Ctx, c))
		h.settle()
		h.wantHolders(tool.Ref())
	})
}

func TestAnAutomationThatCannotBeWorkedOutUnenrollsNobody(t *testing.T) {
	each(t, func(h *house) {
		tool := h.Entitlement(h.App().ID)
		grace := h.worker("Grace", "Sales")
		c := h.catalog(false)
		h.add(c, tool)
		h.enrolls(c)
		h.settle()
		broken := sales + ` && int(subject.profile.level) > 3`
		h.enrolls(c, func(a *catalog.Automation) { a.Expression = &broken })
		h.settle()
		h.wantHolders(tool.Ref(), "Grace")
		if a := granttest.Must(h.catalogs.Automation(h.Ctx, c))(h); a.Rule.Status != automation.Failed || a.Rule.Error == "" {
			t.Errorf("%+v", a.Rule)
		}
		h.enrolls(c, func(a *catalog.Automation) { a.Enabled = false })
		h.moves(grace, "Research")
		h.settle()
		h.wantHolders(tool.Ref(), "Grace") // switched off it takes nothing
	})
}

func TestAnEnrollmentGoesOnWhereAnotherProcessLeftIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := open(t, d)
		tool := h.Entitlement(h.App().ID)
		grace := h.worker("Grace", "Sales")
		c := h.catalog(false)
		h.add(c, tool)
		h.enrolls(c)
		next := furnish(t, &house{House: granttest.Reopen(t, d, h.Clock, h.Target)})
		next.settle()
		next.wantHolders(tool.Ref(), "Grace")
		h.moves(grace, "Research") // the first one's bindings are known to it, the pass is the second's
		next.settle()
		next.wantHolders(tool.Ref())
	})
}

func TestAMembershipGoesWithItsCatalogAndNotBefore(t *testing.T) {
	each(t, func(h *house) {
		tool := h.Entitlement(h.App().ID)
		h.worker("Grace", "Sales")
		c := h.catalog(false)
		h.add(c, tool)
		h.enrolls(c)
		h.settle()
		of := h.membership(c)
		e := granttest.Must(app.GetEntitlement(h.DB.Q(h.Ctx), of.AppID, of.ID))(h)
		h.refused(fault.Precondition, "catalog", h.Apps.DeleteEntitlement(h.Ctx, of.AppID, of.ID))
		h.refused(fault.Precondition, "catalog", h.Apps.DeleteResource(h.Ctx, of.AppID, e.TypeID, e.ResourceID))
		h.refused(fault.Precondition, "catalog", h.rules.Delete(h.Ctx, of))
		h.refused(fault.Precondition, "its own source", h.catalogs.Add(h.Ctx, c, []app.EntitlementRef{of}))
		h.change(c, func(c *catalog.Catalog) { c.DisplayName = "Sales tools" })
		if r := granttest.Must(app.GetResource(h.DB.Q(h.Ctx), of.AppID, e.ResourceID))(h); r.DisplayName != "Sales tools" {
			t.Error(r.DisplayName)
		}
		h.ok(h.catalogs.Delete(h.Ctx, c))
		h.settle()
		h.wantHolders(of)
		h.wantHolders(tool.Ref())
	})
}

func TestACatalogThatEnrollsPeopleHasFewEntitlements(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		c := h.catalog(false)
		var list []app.Entitlement
		for range automation.MaxProxies + 1 {
			list = append(list, h.Entitlement(a))
		}
		h.add(c, list...)
		on := func(c *catalog.Catalog) error { c.Bundle = true; return nil }
		_, err := h.catalogs.Update(h.Ctx, c, on)
		h.refused(fault.Precondition, fmt.Sprint(automation.MaxProxies), err)
		granttest.Must(h.catalogs.Remove(h.Ctx, c, refs(list[:1])))(h)
		granttest.Must(h.catalogs.Update(h.Ctx, c, on))(h)
	})
}
