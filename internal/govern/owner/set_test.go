package owner_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func (h *house) makeSet(name string, members ...directory.UserID) owner.Set {
	h.Helper()
	return granttest.Must(h.owners.CreateSet(h.Ctx, owner.Set{Name: name, Members: members}))(h)
}

func (h *house) become(id owner.SetID, fn func(v *owner.Set)) error {
	h.Helper()
	_, err := h.owners.UpdateSets(h.Ctx, []owner.SetChange{{ID: id, Become: func(v *owner.Set) error { fn(v); return nil }}})
	return err
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) share(o owner.Object, id owner.SetID) {
	h.Helper()
	h.ok(h.owners.Share(h.Ctx, o, owner.Primary, id))
}

// listed are the users that the lists of rows show, and those that are read alone; they must agree.
func (h *house) listed(o owner.Object) []directory.UserID {
	h.Helper()
	var out []directory.UserID
	for _, v := range granttest.Must(h.owners.ListUsers(h.Ctx, o, owner.Primary, page.Request{Size: 200}))(h).Items {
		one := granttest.Must(h.owners.GetUser(h.Ctx, o, owner.Primary, v.User))(h)
		if one != v {
			h.Errorf("listed %+v, read %+v", v, one)
		}
		out = append(out, v.User)
	}
	return out
}

func TestTheMembersOfASetOwnWhatItOwnsWhileTheyAreMembers(t *testing.T) {
	each(t, func(h *house) {
		ada, grace := h.User().ID, h.User().ID
		set := h.makeSet("Operators", ada)
		var objects []owner.Object
		for range 3 {
			o := owner.OfApp(h.App().ID)
			h.set(o, []directory.UserID{grace}, h.team()) // who owned it before does no longer
			h.share(o, set.ID)
			objects = append(objects, o)
		}
		objects = append(objects, set.Object())
		check := func(who directory.UserID, owns bool) {
			h.Helper()
			for _, o := range objects {
				got := h.ownsSet(who, o)
				if got != owns {
					h.Errorf("%s owns %v: %t", who, o, got)
				}
			}
		}
		check(ada, true)
		check(grace, false)
		h.ok(h.become(set.ID, func(v *owner.Set) { v.Members = []directory.UserID{grace} }))
		check(ada, false)
		check(grace, true)
		granttest.Must(h.Directory.Disable(h.Ctx, grace, ""))(h)
		check(grace, false)
		if got := h.listed(objects[0]); !slices.Equal(got, []directory.UserID{grace}) {
			h.Errorf("a disabled member is not shown: %v", got)
		}
	})
}

// ownsSet is owns, of sets too, which [owner.Service.Is] says nothing of: owning one gives no rights.
func (h *house) ownsSet(who directory.UserID, o owner.Object) bool {
	h.Helper()
	if o.Kind != owner.Shared {
		return h.owns(who, o)
	}
	own := granttest.Must(h.owners.ListSets(h.Ctx, owner.SetFilter{Member: who}, page.Request{Size: 10}))(h).Items
	is := slices.ContainsFunc(own, func(v owner.Set) bool { return v.Object() == o })
	among := slices.ContainsFunc(h.of(o), func(v owner.Owned) bool { return v.User == who })
	if is != among {
		h.Fatalf("%s and %v: listed %t, among the owners %t", who, o, is, among)
	}
	return is
}

func TestTheHoldersOfASourceAreTheMembersAndWhoIsPutInOrderIsNone(t *testing.T) {
	each(t, func(h *house) {
		team, o := h.team(), owner.OfApp(h.App().ID)
		ada, grace, linus := h.User().ID, h.User().ID, h.User().ID
		set := granttest.Must(h.owners.CreateSet(h.Ctx, owner.Set{
			Name: "Team", Source: team.Ref(), Members: []directory.UserID{linus, grace, ada},
		}))(h)
		h.share(o, set.ID)
		end := h.Clock.Now().Add(time.Hour)
		h.hold(team, ada, end)
		h.hold(team, grace, time.Time{})
		if h.ownsSet(linus, o) || h.ownsSet(linus, set.Object()) {
			h.Error("who is only put in order owns")
		}
		if got := granttest.Must(h.owners.MembersOf(h.Ctx, set, 10))(h); !slices.Equal(got, []directory.UserID{grace, ada}) {
			h.Errorf("members %v", got)
		}
		if got := h.of(o); len(got) != 2 || got[0].Via != team.Ref() {
			h.Errorf("owners %v", got)
		}
		if got := granttest.Must(h.owners.ListEntitlements(h.Ctx, o, "", page.Request{Size: 9}))(h).Items; len(got) != 1 || got[0].Via != team.Ref() {
			h.Errorf("entitlements %v", got)
		}
		h.Clock.Set(end)
		if h.ownsSet(ada, o) || h.ownsSet(ada, set.Object()) || !h.ownsSet(grace, o) {
			h.Error("who held it for a time")
		}
		h.ok(h.become(set.ID, func(v *owner.Set) { v.Source = app.EntitlementRef{} }))
		if got := h.of(o); len(got) != 0 {
			h.Errorf("without a source those own who were put in order: %v", got)
		}
	})
}

func TestChangingTheOwnersOfOneObjectLeavesTheSetAsItIs(t *testing.T) {
	ways := map[string]func(h *house, o owner.Object, ada, grace directory.UserID) error{
		"set ada grace": func(h *house, o owner.Object, ada, grace directory.UserID) error {
			return h.owners.Set(h.Ctx, o, owner.Primary, []directory.UserID{ada, grace}, nil)
		},
		"add ada linus grace": func(h *house, o owner.Object, _, grace directory.UserID) error {
			_, err := h.owners.AddUser(h.Ctx, o, owner.Primary, grace)
			return err
		},
		"remove linus": func(h *house, o owner.Object, ada, _ directory.UserID) error {
			return h.owners.RemoveUsers(h.Ctx, o, owner.Primary, ada)
		},
	}
	each(t, func(h *house) {
		ada, grace, linus := h.User().ID, h.User().ID, h.User().ID
		names := map[string]directory.UserID{"ada": ada, "grace": grace, "linus": linus}
		set := h.makeSet("Operators", linus, ada)
		for way, change := range ways {
			o, other := owner.OfApp(h.App().ID), owner.OfApp(h.App().ID)
			h.share(o, set.ID)
			h.share(other, set.ID)
			granttest.Must(h.owners.AddUser(h.Ctx, o, owner.Primary, ada))(h) // is one already: nothing changes
			if granttest.Must(owner.Admins(h.DB.Q(h.Ctx), []owner.Object{o}))(h)(o).Set != set.ID {
				h.Fatalf("%s: naming a member once more took the set away", way)
			}
			h.ok(change(h, o, ada, grace))
			var want []directory.UserID
			for _, name := range strings.Fields(way)[1:] {
				want = append(want, names[name])
			}
			slices.Sort(want)
			if got := h.listed(o); !slices.Equal(got, want) {
				h.Errorf("%s: owners %v, want %v", way, got, want)
			}
			h.ok(h.become(set.ID, func(v *owner.Set) { v.Description += "." }))
			if got := h.listed(other); !slices.Equal(got, sorted(ada, linus)) {
				h.Errorf("%s: the other object is owned by %v", way, got)
			}
			if a := granttest.Must(owner.Admins(h.DB.Q(h.Ctx), []owner.Object{o, other}))(h); a(o).Set != "" || a(other).Set != set.ID {
				h.Errorf("%s: admins %v", way, a(o))
			}
		}
	})
}

func sorted(list ...directory.UserID) []directory.UserID {
	slices.Sort(list)
	return list
}

func TestASetOfMoreThanCanBeNamedIsReplacedAsAWholeOnly(t *testing.T) {
	each(t, func(h *house) {
		var people []directory.UserID
		for range owner.MaxOwners + 2 {
			people = append(people, h.User().ID)
		}
		set, o, last := h.makeSet("Everybody", people...), owner.OfApp(h.App().ID), people[len(people)-1]
		h.share(o, set.ID)
		h.refused(h.owners.RemoveUsers(h.Ctx, o, owner.Primary, last), fault.Precondition)
		_, err := h.owners.AddUser(h.Ctx, o, owner.Primary, h.User().ID)
		h.refused(err, fault.Precondition)
		if len(h.listed(o)) != len(people) {
			h.Error("a change that was refused changed something")
		}
		h.ok(h.owners.RemoveUsers(h.Ctx, o, owner.Primary, people[:2]...))
		if got := h.of(o); len(got) != owner.MaxOwners {
			h.Errorf("%d owners", len(got))
		}
	})
}

func TestSetsAreRefusedThatBreakARule(t *testing.T) {
	each(t, func(h *house) {
		ada := h.User().ID
		set := h.makeSet("Operators", ada)
		many := make([]directory.UserID, owner.MaxMembers+1)
		for i := range many {
			many[i] = directory.UserID(strings.Repeat("x", i+1))
		}
		for name, c := range map[string]struct {
			code   fault.Code
			become func(v *owner.Set)
		}{
			"no name":           {fault.Invalid, func(v *owner.Set) { v.Name = "" }},
			"a long name":       {fault.Invalid, func(v *owner.Set) { v.Name = strings.Repeat("ä", owner.MaxName+1) }},
			"a name of lines":   {fault.Invalid, func(v *owner.Set) { v.Name = "a\nb" }},
			"too many":          {fault.Invalid, func(v *owner.Set) { v.Members = many }},
			"part of a minute":  {fault.Invalid, func(v *owner.Set) { v.Escalation = time.Second }},
			"a negative time":   {fault.Invalid, func(v *owner.Set) { v.Escalation = -time.Minute }},
			"nobody":            {fault.NotFound, func(v *owner.Set) { v.Members = []directory.UserID{"nobody"} }},
			"no entitlement":    {fault.NotFound, func(v *owner.Set) { v.Source = app.EntitlementRef{AppID: "a", ID: "e"} }},
			"a name that is":    {fault.Exists, func(v *owner.Set) { v.Name = "OPERATORS" }},
			"a long channel id": {fault.Invalid, func(v *owner.Set) { v.ChannelID = strings.Repeat("c", owner.MaxChannel+1) }},
		} {
			made := owner.Set{Name: "New"}
			c.become(&made)
			_, err := h.owners.CreateSet(h.Ctx, made)
			if !fault.Is(err, c.code) {
				h.Errorf("%s: made with %v", name, err)
			}
			other := h.makeSet(name + "?")
			if err := h.become(other.ID, c.become); !fault.Is(err, c.code) {
				h.Errorf("%s: changed with %v", name, err)
			}
		}
		_, err := h.owners.AddUser(h.Ctx, set.Object(), owner.Primary, ada)
		h.refused(err, fault.Precondition)
		granttest.Must(h.Directory.Delete(h.Ctx, ada, ""))(h)
		h.ok(h.become(set.ID, func(v *owner.Set) { v.Description = "who is gone may stay" }))
		if got := granttest.Must(h.owners.MembersOf(h.Ctx, granttest.Must(owner.GetSet(h.DB.Q(h.Ctx), set.ID))(h), 9))(h); len(got) != 0 {
			h.Errorf("members %v", got)
		}
	})
}

func TestSetsChangeTogetherOrNotAtAll(t *testing.T) {
	each(t, func(h *house) {
		a, b := h.makeSet("A"), h.makeSet("B")
		rename := func(id owner.SetID, to string) owner.SetChange {
			return owner.SetChange{ID: id, Become: func(v *owner.Set) error { v.Name = to; return nil }}
		}
		_, err := h.owners.UpdateSets(h.Ctx, []owner.SetChange{rename(a.ID, "C"), rename(b.ID, "c")})
		h.refused(err, fault.Exists)
		_, err = h.owners.UpdateSets(h.Ctx, []owner.SetChange{rename(a.ID, "C"), rename("nothing", "D")})
		h.refused(err, fault.NotFound)
		_, err = h.owners.UpdateSets(h.Ctx, []owner.SetChange{rename(a.ID, "C"), rename(a.ID, "D")})
		h.refused(err, fault.Invalid)
		after := granttest.Must(h.owners.UpdateSets(h.Ctx, []owner.SetChange{rename(b.ID, "D"), rename(a.ID, "B")}))(h)
		if after[0].Name != "D" || after[1].Name != "B" || after[1].Version != 2 {
			h.Errorf("after %+v", after)
		}
		if v := granttest.Must(owner.FindSet(h.DB.Q(h.Ctx), "b"))(h); v.ID != a.ID || v.Name != "B" {
			h.Errorf("found %+v", v)
		}
	})
}

func TestASetGoesOnlyWhenItOwnsNothing(t *testing.T) {
	each(t, func(h *house) {
		ada := h.User().ID
		set, in := h.makeSet("Operators", ada), h.App().ID
		h.share(owner.OfApp(in), set.ID)
		h.refused(h.owners.DeleteSet(h.Ctx, set.ID), fault.Conflict)
		h.ok(h.Apps.DeleteApp(h.Ctx, in))
		h.ok(h.owners.DeleteSet(h.Ctx, set.ID))
		h.refused(h.owners.DeleteSet(h.Ctx, set.ID), fault.NotFound)
		h.refused(h.become(set.ID, func(v *owner.Set) { v.Name = "x" }), fault.NotFound)
		h.refused(h.owners.Share(h.Ctx, owner.OfApp(h.App().ID), owner.Primary, set.ID), fault.NotFound)
		if got := h.of(set.Object()); len(got) != 0 {
			h.Errorf("members of a deleted set: %v", got)
		}
		h.makeSet("operators") // its name is free
		var kinds []string
		for _, e := range h.eventsOf("owner") {
			kinds = append(kinds, e.Kind)
		}
		if want := []string{"owner_set.created", "owner.shared", "owner_set.deleted", "owner_set.created"}; !slices.Equal(kinds, want) {
			h.Errorf("events %v, want %v", kinds, want)
		}
	})
}

func TestOwnersWithoutASetAreReadUnderTheObjectsOwnIdentity(t *testing.T) {
	each(t, func(h *house) {
		ada, grace := h.User().ID, h.User().ID
		e := h.Entitlement(h.App().ID)
		in, res := owner.OfApp(e.AppID), owner.OfResource(app.ResourceRef{AppID: e.AppID, ID: e.ResourceID})
		h.set(in, []directory.UserID{ada})
		q := h.DB.Q(h.Ctx)
		admin := func(want owner.SetID) {
			h.Helper()
			got := granttest.Must(owner.Admins(q, []owner.Object{res, in, owner.OfUser(ada)}))(h)
			if got(res).ID() != want || got(in).ID() != owner.SetID(in.ID) {
				h.Errorf("shown %v and %v, want %s", got(res), got(in), want)
			}
		}
		admin(owner.SetID(in.ID)) // the app's decide
		builtin := e.ResourceID == app.AccessResource
		h.set(res, []directory.UserID{grace})
		admin(owner.SetID(res.ID))
		set := h.makeSet("Operators", ada)
		h.share(res, set.ID)
		admin(set.ID)
		v := granttest.Must(owner.AnySet(q, owner.SetID(in.ID)))(h)
		if v.Object() != in || !strings.HasPrefix(v.Name, "Owners of ") {
			h.Errorf("read %+v", v)
		}
		if got := granttest.Must(h.owners.MembersOf(h.Ctx, v, 10))(h); !slices.Equal(got, []directory.UserID{ada}) {
			h.Errorf("members %v", got)
		}
		h.refused(h.become(v.ID, func(v *owner.Set) { v.Name = "x" }), fault.Precondition)
		h.refused(h.owners.DeleteSet(h.Ctx, v.ID), fault.Precondition)
		gone := h.makeSet("Gone", ada)
		h.ok(h.owners.DeleteSet(h.Ctx, gone.ID))
		asked := []owner.SetID{owner.SetID(in.ID), owner.SetID(res.ID), set.ID, gone.ID, "nothing"}
		want := map[owner.SetID]owner.Object{owner.SetID(in.ID): in, set.ID: set.Object()}
		if !builtin {
			want[owner.SetID(res.ID)] = res
		}
		if got := granttest.Must(owner.ObjectsOf(q, asked))(h); !maps.Equal(got, want) {
			h.Errorf("owned by %v: %v, want %v", asked, got, want)
		}
		_, err := owner.AnySet(q, "nothing")
		h.refused(err, fault.NotFound)
		if v, err := owner.AnySet(q, owner.SetID(res.ID)); builtin != fault.Is(err, fault.NotFound) || !builtin && v.Object() != res {
			h.Errorf("of a resource: %+v, %v", v, err)
		}
	})
}
