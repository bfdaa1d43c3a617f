package group_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// house is a house with groups.
type house struct {
	*granttest.House

	items    *item.Service
	bindings *automation.Service
	groups   *group.Service
	in       app.ID
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		h := open(granttest.New(t, d))
		h.in = h.App().ID
		test(h)
	})
}

// open is a process at work on the data of a house.
func open(of *granttest.House) *house {
	h := &house{House: of}
	h.items = item.New(item.Deps{DB: h.DB, Clock: h.Clock, Audit: h.Audit, Apps: h.Apps})
	h.bindings = automation.New(automation.Deps{DB: h.DB, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants})
	h.groups = group.New(group.Deps{DB: h.DB, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants, Items: h.items, Bindings: h.bindings})
	h.Grants.Watch(h.bindings)
	h.Grants.Watch(h.groups)
	h.Apps.TellResources(h.groups)
	h.Cleanup(h.bindings.Close)
	h.Cleanup(h.groups.Close)
	return h
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// group makes one, and answers what its members hold.
func (h *house) group(name string) (item.Item, group.Thing) {
	h.Helper()
	return h.item(name, true)
}

func (h *house) item(name string, isGroup bool) (item.Item, group.Thing) {
	h.Helper()
	i := granttest.Must(h.items.Create(h.Ctx, item.Draft{AppID: h.in, Group: isGroup, Name: name}))(h)
	return i, group.Thing{Item: i, Level: granttest.Must(h.items.LevelOf(h.DB.Q(h.Ctx), i, ""))(h)}
}

func (h *house) key(of group.Thing, a app.AccountID) grant.Key {
	return grant.Key{App: of.Level.Entitlement.AppID, Entitlement: of.Level.Entitlement.ID, Account: a}
}

func (h *house) join(of group.Thing, a app.AccountID) grant.Key {
	h.Helper()
	return granttest.Must(h.Grants.Create(h.Ctx, h.key(of, a), time.Time{}))(h).Key
}

func (h *house) person() (directory.UserID, app.AccountID) {
	h.Helper()
	u := h.User()
	return u.ID, h.Account(h.in, u.ID).ID
}

// port makes all passes of the porter that are due.
func (h *house) port() {
	h.Helper()
	for range 100 {
		n, err := h.groups.Porter().Run(context.Background(), h.Clock.Now())
		h.ok(err)
		if n == 0 {
			return
		}
	}
	h.Fatal("it does not settle")
}

func (h *house) wantMember(k grant.Key, want bool) {
	h.Helper()
	if got := h.Check(k).Allowed; got != want {
		h.Errorf("member: %t, want %t", got, want)
	}
}

func (h *house) wantFault(err error, code fault.Code) {
	h.Helper()
	if !fault.Is(err, code) {
		h.Errorf("%v, want %v", err, code)
	}
}

func TestNoStatementReadsAllGroupsOrGrants(t *testing.T) {
	each(t, func(h *house) {
		for _, s := range group.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			if granttest.ReadsWhole(plan) || !strings.Contains(plan, s.Index) {
				t.Errorf("%s:\n%s", s.Name, plan)
			}
		}
	})
}

func TestWhoLeftALinkedGroupIsTakenOutOfTheOthersAfterARestart(t *testing.T) {
	each(t, func(h *house) {
		a, inA := h.group("A")
		b, inB := h.group("B")
		granttest.Must(h.groups.Link(h.Ctx, a.ID, []item.ID{b.ID}))(h)
		_, account := h.person()
		_, other := h.person()
		left, mirrored := h.join(inA, account), h.join(inB, account)
		stays := h.join(inB, other) // and never was in the source
		granttest.Must(h.Grants.Revoke(h.Ctx, left, ""))(h)
		h.wantMember(mirrored, true)

		after := open(h.Replica()) // what was to be done is in no memory
		at, ok, err := after.groups.Porter().Next(h.Ctx)
		h.ok(err)
		if !ok || at.After(h.Clock.Now()) {
			t.Fatalf("due at %v, %t", at, ok)
		}
		after.port()
		h.wantMember(mirrored, false)
		h.wantMember(stays, true)
		if _, ok, err := after.groups.Porter().Next(h.Ctx); ok || err != nil {
			t.Errorf("more is due: %v", err)
		}
	})
}

func TestManyWhoLeaveAtOnceAreAllTakenOut(t *testing.T) {
	each(t, func(h *house) {
		a, inA := h.group("A")
		b, inB := h.group("B")
		granttest.Must(h.groups.Link(h.Ctx, b.ID, []item.ID{a.ID}))(h)
		var mirrored []grant.Key
		for range 12 {
			_, account := h.person()
			left := h.join(inA, account)
			mirrored = append(mirrored, h.join(inB, account))
			granttest.Must(h.Grants.Revoke(h.Ctx, left, ""))(h)
		}
		h.port()
		for _, k := range mirrored {
			h.wantMember(k, false)
		}
	})
}

func TestAGroupThatIsDeletedTakesNobodyWithIt(t *testing.T) {
	each(t, func(h *house) {
		a, inA := h.group("A")
		b, inB := h.group("B")
		l := granttest.Must(h.groups.Link(h.Ctx, a.ID, []item.ID{b.ID}))(h)
		_, account := h.person()
		h.join(inA, account)
		mirrored := h.join(inB, account)
		h.ok(h.items.Delete(h.Ctx, a.ID))
		h.End()
		h.port()
		h.wantMember(mirrored, true)
		_, err := h.groups.GetLink(h.Ctx, l.ID)
		h.wantFault(err, fault.NotFound)
	})
}

func TestNoGroupHoldsItselfByWhateverWay(t *testing.T) {
	each(t, func(h *house) {
		a, inA := h.group("A")
		b, inB := h.group("B")
		c, inC := h.group("C")
		_, err := h.groups.Give(h.Ctx, a, inA, time.Time{})
		h.wantFault(err, fault.Precondition)
		granttest.Must(h.groups.Give(h.Ctx, a, inB, time.Time{}))(h)
		granttest.Must(h.groups.Give(h.Ctx, b, inC, time.Time{}))(h)
		_, err = h.groups.Give(h.Ctx, c, inA, h.Clock.Now().Add(time.Hour))
		h.wantFault(err, fault.Precondition)
	})
}

func TestToSetWhatAGroupHoldsIsAllOrNothing(t *testing.T) {
	each(t, func(h *house) {
		g, members := h.group("G")
		_, one := h.item("one", false)
		_, two := h.item("two", false)
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.groups.Give(h.Ctx, g, one, end))(h)
		h.wantFault(h.groups.Set(h.Ctx, g, []group.Thing{two, members}), fault.Precondition)
		held := granttest.Must(h.groups.Held(h.DB.Q(h.Ctx), g, false))(h)
		if len(held) != 1 || held[0].Item.ID != one.Item.ID {
			t.Fatalf("%+v", held)
		}
		h.ok(h.groups.Set(h.Ctx, g, []group.Thing{two, one, two}))
		held = granttest.Must(h.groups.Held(h.DB.Q(h.Ctx), g, false))(h)
		if len(held) != 2 || !held[0].Until.Equal(end) || !held[1].Until.IsZero() {
			t.Errorf("%+v", held)
		}
		h.Clock.Advance(time.Hour) // nobody came by to end it
		if held = granttest.Must(h.groups.Held(h.DB.Q(h.Ctx), g, false))(h); len(held) != 1 {
			t.Errorf("at its end: %+v", held)
		}
	})
}
