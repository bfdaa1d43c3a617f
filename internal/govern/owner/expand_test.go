package owner_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestTheHolderOfAnEntitlementOwnsUntilTheirTimeEnds(t *testing.T) {
	each(t, func(h *house) {
		team, object, person := h.team(), owner.OfApp(h.App().ID), h.User().ID
		end := h.Clock.Now().Add(time.Hour)
		h.hold(team, person, end)
		h.set(object, nil, team)
		if got := h.of(object); len(got) != 1 || got[0] != (owner.Owned{User: person, Via: team.Ref(), Until: end}) {
			t.Fatalf("owners %v", got)
		}
		h.Clock.Set(end.Add(-time.Microsecond))
		if !h.owns(person, object) {
			t.Fatal("no owner a moment before the end")
		}
		h.Clock.Set(end) // nothing has noticed yet
		if h.owns(person, object) {
			t.Fatal("still an owner at the end")
		}
	})
}

func TestANamedUserOwnsForGoodAndAHolderForTwoReasonsTwice(t *testing.T) {
	each(t, func(h *house) {
		team, object, person := h.team(), owner.OfApp(h.App().ID), h.User().ID
		h.hold(team, person, h.Clock.Now().Add(time.Hour))
		h.hold(team, person, h.Clock.Now().Add(2*time.Hour)) // through a second account
		h.set(object, []directory.UserID{person}, team)
		want := []owner.Owned{{User: person}, {User: person, Via: team.Ref(), Until: h.Clock.Now().Add(2 * time.Hour)}}
		if got := h.of(object); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Fatalf("owners %v, want %v", got, want)
		}
		h.Clock.Advance(3 * time.Hour)
		if !h.owns(person, object) {
			t.Fatal("a named user lost what only the entitlement gave")
		}
	})
}

func TestOnlyEnabledPeopleOwn(t *testing.T) {
	each(t, func(h *house) {
		team, object := h.team(), owner.OfApp(h.App().ID)
		byName, byGrant := h.User().ID, h.User().ID
		h.hold(team, byGrant, time.Time{})
		h.set(object, []directory.UserID{byName}, team)
		for _, person := range []directory.UserID{byName, byGrant} {
			granttest.Must(h.Directory.Disable(h.Ctx, person, ""))(h)
			if h.owns(person, object) {
				t.Error("a disabled user owns")
			}
		}
		granttest.Must(h.Directory.Enable(h.Ctx, byName, ""))(h)
		if !h.owns(byName, object) {
			t.Error("a user who is enabled again does not own")
		}
		granttest.Must(h.Directory.Delete(h.Ctx, byName, ""))(h)
		if h.owns(byName, object) {
			t.Error("a deleted user owns")
		}
	})
}

func TestWhatOwnsItselfIsHarmless(t *testing.T) {
	each(t, func(h *house) {
		a, person := h.App(), h.User().ID
		first, second := h.Entitlement(a.ID), h.Entitlement(a.ID)
		h.hold(first, person, time.Time{})
		h.set(owner.OfApp(a.ID), nil, first)                // the app is owned by those who hold an entitlement in it
		h.set(owner.OfEntitlement(first.Ref()), nil, first) // the entitlement by its own holders
		h.set(owner.OfEntitlement(second.Ref()), nil, first)
		h.set(owner.OfUser(person), []directory.UserID{person})
		for _, o := range []owner.Object{
			owner.OfApp(a.ID), owner.OfEntitlement(first.Ref()), owner.OfEntitlement(second.Ref()), owner.OfUser(person),
		} {
			if got := h.of(o); len(got) != 1 || !h.owns(person, o) {
				t.Errorf("owners of %v: %v", o, got)
			}
		}
	})
}

func TestOwningAnEntitlementDoesNotMakeOneAnOwnerOfWhatItsHoldersOwn(t *testing.T) {
	each(t, func(h *house) {
		team, object, person := h.team(), owner.OfApp(h.App().ID), h.User().ID
		h.set(owner.OfEntitlement(team.Ref()), []directory.UserID{person})
		h.set(object, nil, team)
		if h.owns(person, object) {
			t.Error("expansion went a second hop")
		}
	})
}

func TestWhatIsDeletedOwnsNothingAndIsOwnedByNobody(t *testing.T) {
	each(t, func(h *house) {
		team, a, person := h.team(), h.App(), h.User().ID
		e := h.Entitlement(a.ID)
		h.hold(team, person, time.Time{})
		h.set(owner.OfApp(a.ID), nil, team)
		h.set(owner.OfEntitlement(e.Ref()), []directory.UserID{person})
		if err := h.Apps.DeleteEntitlement(h.Ctx, e.AppID, e.ID); err != nil {
			t.Fatal(err)
		}
		if got := h.of(owner.OfEntitlement(e.Ref())); len(got) != 0 {
			t.Errorf("a deleted entitlement is owned by %v", got)
		}
		if err := h.Apps.DeleteEntitlement(h.Ctx, team.AppID, team.ID); err != nil {
			t.Fatal(err)
		}
		if h.owns(person, owner.OfApp(a.ID)) {
			t.Error("the holder of a deleted entitlement owns")
		}
		h.set(owner.OfApp(a.ID), []directory.UserID{person})
		if err := h.Apps.DeleteApp(h.Ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		if h.owns(person, owner.OfApp(a.ID)) {
			t.Error("a deleted app is owned")
		}
	})
}

func TestWhateverIsDeletedIsNoLongerOwned(t *testing.T) {
	each(t, func(h *house) {
		a, person, robot := h.App(), h.User().ID, h.User().ID
		typ := granttest.Must(h.Apps.CreateResourceType(h.Ctx, app.ResourceType{AppID: a.ID, Kind: app.KindGroup, DisplayName: "Groups"}))(h)
		r := granttest.Must(h.Apps.CreateResource(h.Ctx, app.Resource{AppID: a.ID, TypeID: typ.ID, DisplayName: "Writers"}))(h)
		c := granttest.Must(h.Apps.CreateConnector(h.Ctx, app.Connector{AppID: h.App().ID, Kind: "set", Config: []byte("x")}))(h)
		account := h.Account(a.ID, robot)
		ref := app.ResourceRef{AppID: a.ID, ID: r.ID}
		h.gone("resource", owner.OfResource(ref), person, func() error { return h.Apps.DeleteResource(h.Ctx, a.ID, typ.ID, r.ID) })
		h.gone("connector", owner.OfConnector(c.Ref()), person, func() error {
			_, err := h.Apps.DeleteConnector(h.Ctx, c.AppID, c.ID)
			return err
		})
		h.gone("user", owner.OfUser(robot), person, func() error {
			_, err := h.Directory.Delete(h.Ctx, robot, "")
			return err
		})
		h.gone("account", owner.OfAccount(account.Ref()), person, func() error { return h.Apps.DeleteApp(h.Ctx, a.ID) })
	})
}

func (h *house) gone(name string, o owner.Object, person directory.UserID, remove func() error) {
	h.Helper()
	h.set(o, []directory.UserID{person})
	if !h.owns(person, o) {
		h.Errorf("the %s is not owned", name)
	}
	if err := remove(); err != nil {
		h.Fatal(err)
	}
	if h.owns(person, o) || len(h.of(o)) != 0 {
		h.Errorf("a deleted %s is owned", name)
	}
	_, err := h.owners.GetUser(h.Ctx, o, owner.Primary, person)
	h.refused(err, fault.NotFound)
	h.refused(h.owners.RemoveUsers(h.Ctx, o, owner.Primary, person), fault.NotFound)
}
