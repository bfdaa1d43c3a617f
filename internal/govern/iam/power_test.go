package iam

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// holding is what somebody holds, until a moment; objects are named as they are, and some give powers. Nothing: there are no such objects.
type holding struct {
	list    []Power
	until   time.Time
	gives   map[string]bool
	nothing bool
	asked   int
}

func (h *holding) Given(db.Q) (bool, error) { return !h.nothing, nil }

func (h *holding) Held(_ db.Q, _ directory.UserID, at time.Time) ([]Power, error) {
	h.asked++
	if !at.Before(h.until) {
		return nil, nil
	}
	return h.list, nil
}

func (*holding) Targets(_ db.Q, o Object) ([]Target, error) {
	return []Target{{Sort(o.Type), o.ID}}, nil
}

func (h *holding) Passed(_ db.Q, objects ...Object) ([]Power, bool, error) {
	given := slices.ContainsFunc(objects, func(o Object) bool { return h.gives[o.ID] })
	if !given {
		return nil, false, nil
	}
	return h.list, true, nil
}

func (h *holding) Decides(db.Q, Object) (bool, error) { return false, nil }

// said reports whether a line of power.csv lets a power do something with an object, by reading the table line by line.
func said(p Power, permission string, o Object) bool {
	if string(p.On) != o.Type || !p.All && !slices.Contains(p.Objects, o.ID) {
		return false
	}
	for line := range strings.SplitSeq(powerCSV, "\n") {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if len(cells) == 3 && cells[0] == string(p.Act) && (cells[1] == "*" || cells[1] == o.Type) && permissionPrefix+cells[2] == permission {
			return true
		}
	}
	return false
}

func TestPowersLetDoWhatTheirTableSaysAndNothingElse(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	h := &holding{gives: map[string]bool{"giver": true}}
	w.Empower(h)
	acts := []Act{ActRead, ActReadHolders, ActReadSettings, ActMake, ActDelete, ActChange, ActConfigure, ActTag, ActAssign, ActRequestFor,
		ActStream, ActImport, ActStop}
	objects := []string{"one", "two", "giver"}
	rapid.Check(t, func(rt *rapid.T) {
		h.list = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Power {
			return Power{
				Act: rapid.SampledFrom(acts).Draw(rt, "act"), On: rapid.SampledFrom(Sorts).Draw(rt, "sort"), All: rapid.Bool().Draw(rt, "all"),
				Objects: rapid.SliceOfDistinct(rapid.SampledFrom(objects), func(s string) string { return s }).Draw(rt, "objects"),
			}
		}), 0, 4).Draw(rt, "powers")
		h.until = monday.Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "until")))
		permission := rapid.SampledFrom(AllPermissions()).Draw(rt, "permission")
		if rapid.Bool().Draw(rt, "in the table") {
			rows := make([]string, 0, len(powerTable()))
			for p := range powerTable() {
				rows = append(rows, p)
			}
			slices.Sort(rows)
			permission = rapid.SampledFrom(rows).Draw(rt, "row")
		}
		scope := rapid.SampledFrom([]Scope{None, Own, All}).Draw(rt, "scope")
		bound := rapid.SampledFrom([]Scope{None, Own, All}).Draw(rt, "bound")
		p := &Principal{
			UserID: "ada", Scopes: Scopes{permission: scope}, Scoped: rapid.Bool().Draw(rt, "scoped"), Bound: Scopes{permission: bound},
			ReadOnly: rapid.Bool().Draw(rt, "reads"),
		}
		o := Object{Type: string(rapid.SampledFrom(Sorts).Draw(rt, "kind")), ID: rapid.SampledFrom(objects).Draw(rt, "object")}

		reads := table().reading[permission] > None
		byPower := monday.Before(h.until) && (!p.Scoped || bound == All) && (!p.ReadOnly || reads) && (o.ID != "giver" || reads) &&
			slices.ContainsFunc(h.list, func(v Power) bool { return said(v, permission, o) })
		want := scope == All || byPower
		ctx, err := w.Enter(t.Context(), p, permission)
		if err == nil {
			err = Require(ctx, o)
		}
		if err != nil && !fault.Is(err, fault.Denied) {
			rt.Fatal(err)
		}
		if got := err == nil; got != want {
			rt.Fatalf("%s of %s %s: %t, want %t", permission, o.Type, o.ID, got, want)
		}
	})
}

func TestAListIsAddedToAndNeverOpenedByPowers(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	w.Empower(&holding{list: []Power{{Act: ActRead, On: SortGroup, Objects: []string{"two", "one"}}}, until: monday.Add(1)})
	permission := permissionPrefix + "opal.v1.Groups.GetGroups"
	for scope, opened := range map[Scope]bool{None: false, Own: true, All: true} {
		ctx, err := w.Enter(t.Context(), &Principal{UserID: "ada", Scopes: Scopes{permission: scope}}, permission)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OwnFilter(ctx); (err == nil) != opened {
			t.Errorf("scope %v: %v", scope, err)
		}
		named, every, err := Named(ctx, SortGroup)
		if err != nil || every || scope != All && !slices.Equal(named, []string{"one", "two"}) || scope == All && len(named) > 0 {
			t.Errorf("scope %v: names %v, %t, %v", scope, named, every, err)
		}
	}
}

func TestNobodyHandsOutPowersBeyondTheirRoles(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	giver := Object{Type: "entitlement", AppID: "app", ID: "giver"}
	for name, c := range map[string]struct {
		role string
		list []Power
		may  bool
	}{
		"an administrator of apps hands out what they may": {"system:application-admin", []Power{{Act: ActDelete, On: SortGroup}}, true},
		"but no owners":                   {"system:application-admin", []Power{{Act: ActAssign, On: SortOwnerSet}}, false},
		"who reads everything hands out":  {"system:viewer", []Power{{Act: ActRead, On: SortGroup, All: true}}, true},
		"but no change":                   {"system:viewer", []Power{{Act: ActRead, On: SortGroup}, {Act: ActChange, On: SortGroup}}, false},
		"what lets do nothing is for all": {BasicUser, []Power{{Act: ActImport, On: SortGroup, All: true}}, true},
		"and nothing else is":             {BasicUser, []Power{{Act: ActRead, On: SortGroup}}, false},
		"a Super Administrator hands all": {SuperAdministrator, []Power{{Act: ActStream, On: SortReview, All: true}}, true},
	} {
		w.Empower(&holding{list: c.list, until: monday, gives: map[string]bool{"giver": true}})
		p := &Principal{UserID: "root", Scopes: table().scopes[c.role]}
		ctx, err := w.Enter(t.Context(), p, permissionPrefix+"c1.api.auth.v1.Auth.Introspect")
		if err != nil {
			t.Fatal(err)
		}
		if err := MayPass(ctx, w.db.Q(ctx), giver); (err == nil) != c.may {
			t.Errorf("%s: %v", name, err)
		}
		if err := MayPass(ctx, w.db.Q(ctx), Object{Type: "entitlement", ID: "other"}); err != nil {
			t.Errorf("%s: what gives nothing: %v", name, err)
		}
	}
}

func TestABrokenTableOfPowersIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no columns":   "act,sort\n",
		"unknown sort": "act,sort,operation\nread,moon,opal.v1.Groups.GetGroup\n",
		"unknown":      "act,sort,operation\nread,group,opal.v1.Groups.Fly\n",
		"a cell less":  "act,sort,operation\nread,group\n",
		"empty":        "",
	} {
		if _, err := parsePowers(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
