package iam

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheBuiltinTableIsWellFormed(t *testing.T) {
	b := table()
	if !slices.IsSorted(b.permissions) || len(b.permissions) < 80 {
		t.Errorf("%d permissions, sorted %v", len(b.permissions), slices.IsSorted(b.permissions))
	}
	all := b.scopes[SuperAdministrator]
	for _, p := range b.permissions {
		if all[p] != All {
			t.Errorf("Super Administrator reaches %v of %s", all[p], p)
		}
	}
	for name, scopes := range b.scopes {
		if !all.Covers(scopes) {
			t.Errorf("%s reaches more than Super Administrator", name)
		}
	}
	seen := map[RoleID]bool{}
	for _, r := range builtinRoles() {
		if seen[r.ID] || !r.Builtin || !strings.HasPrefix(r.Name, builtinPrefix) || len(r.Permissions) == 0 || len(r.ServiceRoles) == 0 {
			t.Errorf("role %+v", r)
		}
		seen[r.ID] = true
		if !maps.Equal(r.Scopes(), b.scopes[r.Name]) {
			t.Errorf("%s reaches another set than its column", r.Name)
		}
	}
}

func TestABrokenTableIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                "",
		"no roles":             "permission\n",
		"unknown role":         "permission,system:king\npermission/a.B.C,all\n",
		"unknown reach":        "permission,system:owner\npermission/a.B.C,some\n",
		"not a permission":     "permission,system:owner\na.B.C,all\n",
		"no service":           "permission,system:owner\npermission/C,all\n",
		"a cell is missing":    "permission,system:owner\npermission/a.B.C\n",
		"the same thing twice": "permission,system:owner\npermission/a.B.C,all\npermission/a.B.C,own\n",
	} {
		if _, err := parseBuiltins(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestARoleOfANewerReleaseReachesNothing(t *testing.T) {
	r := Role{Name: "system:from-the-future", Builtin: true, Permissions: AllPermissions()}
	if got := r.Scopes(); len(got) != 0 {
		t.Errorf("reaches %v", got)
	}
}

func TestServiceRolesStandForPartsOfBuiltinRoles(t *testing.T) {
	own := Role{ServiceRoles: []string{"role/c1.api.user.v1.UserSearch:user"}}.Scopes()
	if len(own) != 1 || own[permissionPrefix+"c1.api.user.v1.UserSearch.Search"] != Own {
		t.Errorf("reaches %v", own)
	}
	for _, r := range builtinRoles() {
		if got := (Role{ServiceRoles: r.ServiceRoles}).Scopes(); !maps.Equal(got, r.Scopes()) {
			t.Errorf("the service roles of %s do not add up to it", r.Name)
		}
		for _, s := range r.ServiceRoles {
			if !slices.Contains(ServiceRoles(r.Scopes()), s) {
				t.Errorf("%s does not show %s", r.Name, s)
			}
		}
	}
	if got := ServiceRoles(Scopes{}); len(got) != 0 {
		t.Errorf("nobody has %v", got)
	}
}

// drawScopes are rights over a few permissions, so that sets overlap.
func drawScopes(t *rapid.T, label string) Scopes {
	out := Scopes{}
	for _, p := range table().permissions[:6] {
		if s := Scope(rapid.IntRange(0, 2).Draw(t, label+" "+p)); s > None {
			out[p] = s
		}
	}
	return out
}

// drawRole is a built-in or a custom role.
func drawRole(t *rapid.T, label string) Role {
	if rapid.Bool().Draw(t, label+" builtin") {
		return rapid.SampledFrom(builtinRoles()).Draw(t, label)
	}
	return Role{
		Permissions:  rapid.SliceOfN(rapid.SampledFrom(table().permissions), 0, 20).Draw(t, label+" permissions"),
		ServiceRoles: rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(table().serviceRoles))), 0, 5).Draw(t, label+" service roles"),
	}
}

func TestMeetAndJoinAreTheBoundsOfTwoSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawScopes(t, "a"), drawScopes(t, "b"), drawScopes(t, "c")
		both, either := Meet(a, b), Join(a, b)
		if !a.Covers(both) || !b.Covers(both) || !either.Covers(a) || !either.Covers(b) {
			t.Fatalf("a %v b %v: meet %v, join %v", a, b, both, either)
		}
		if a.Covers(c) && b.Covers(c) && !both.Covers(c) || c.Covers(a) && c.Covers(b) && !c.Covers(either) {
			t.Fatalf("a %v b %v c %v: a bound is not tight", a, b, c)
		}
		for p, s := range both {
			if s == None {
				t.Fatalf("%s is listed and reaches nothing", p)
			}
		}
	})
}

func TestEffectiveRightsNeverExceedTheOwnersNorTheScopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []Role {
			roles := make([]Role, rapid.IntRange(0, 3).Draw(t, label+" roles"))
			for i := range roles {
				roles[i] = drawRole(t, label)
			}
			return roles
		}
		owner, scope := draw("owner"), draw("scope")
		scoped := rapid.Bool().Draw(t, "scoped")
		got := effective(owner, scope, scoped)
		if !union(owner).Covers(got) {
			t.Fatal("exceeds the owner")
		}
		if scoped && !union(scope).Covers(got) {
			t.Fatal("exceeds the scope")
		}
		if scoped && len(scope) == 0 && len(got) > 0 {
			t.Fatal("a scope without live roles leaves something")
		}
		if !scoped && !got.Covers(union(owner)) {
			t.Fatal("an unscoped credential lacks what its owner has")
		}
	})
}

func TestSharedRightsAreNeverTheWrongOnes(t *testing.T) {
	var memo scopeMemo
	ids := []RoleID{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []Role {
			roles := make([]Role, rapid.IntRange(0, 2).Draw(t, label))
			for i := range roles {
				version := rapid.Int64Range(1, 3).Draw(t, "version")
				id := rapid.SampledFrom(ids).Draw(t, "id")
				at := slices.Index(ids, id)
				roles[i] = Role{ID: id, Version: version, Permissions: table().permissions[at*10 : at*10+int(version)]}
			}
			return roles
		}
		owner, scope, scoped := draw("owner"), draw("scope"), rapid.Bool().Draw(t, "scoped")
		if got, want := memo.effective(owner, scope, scoped), effective(owner, scope, scoped); !maps.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
