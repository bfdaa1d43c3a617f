package iam

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestStartingAgainChangesNoBuiltinRole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := len(w.events())
		again := newWorld(t, w.db, w.clock)
		if got := len(again.events()); got != before {
			t.Errorf("%d events became %d", before, got)
		}
		if before != len(builtinRoles()) {
			t.Errorf("%d events for %d roles", before, len(builtinRoles()))
		}
	})
}

func TestABuiltinRoleIsBroughtUpToTheRelease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := builtinRoles()[1]
		old.Permissions = old.Permissions[:1]
		w.ok(w.Service.db.Write(t.Context(), func(tx *db.Tx) error { return w.putBuiltin(tx, old) }))
		again := newWorld(t, w.db, w.clock)
		got, err := again.Role(t.Context(), old.ID)
		w.ok(err)
		if !sameRole(got, builtinRoles()[1]) {
			t.Errorf("role %+v", got)
		}
		if e := again.lastEvent(); e.Kind != "role.updated" || e.Actor.Kind != "system" {
			t.Errorf("event %+v", e)
		}
	})
}

func TestRolesAreHandledOnlyByWhoHasEverythingInThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keeper := w.custom("Role keeper", "c1.api.iam.v1.Roles.Update", "interim.v1.Roles.Create", "interim.v1.Roles.Delete",
			"interim.v1.Roles.AddMember", "interim.v1.Roles.RemoveMember", "c1.api.app.v1.Apps.List")
		reader := w.custom("Reader", "c1.api.app.v1.Apps.List")
		eraser := w.custom("Eraser", "c1.api.app.v1.Apps.Delete")
		ada := w.person("Ada")
		w.ok(w.AddMember(w.system(), ada.ID, keeper.ID))
		grace := w.person("Grace", SuperAdministrator)
		linus := w.person("Linus", SuperAdministrator)
		ctx := w.as(ada, NewClient{})
		set := func(permissions ...string) func(*Role) error {
			return func(r *Role) error { r.Permissions = prefixed(permissions); return nil }
		}
		for name, do := range map[string]func() error{
			"makes one beyond them": func() error {
				_, err := w.CreateRole(ctx, "Big", prefixed([]string{"c1.api.app.v1.Apps.Delete"}))
				return err
			},
			"widens their own":        func() error { _, err := w.UpdateRole(ctx, keeper.ID, set("c1.api.app.v1.Apps.Delete")); return err },
			"narrows one beyond them": func() error { _, err := w.UpdateRole(ctx, eraser.ID, set("c1.api.app.v1.Apps.List")); return err },
			"widens by a service role": func() error {
				_, err := w.UpdateRole(ctx, reader.ID, func(r *Role) error { r.ServiceRoles = []string{"role/interim.v1.Users:owner"}; return nil })
				return err
			},
			"deletes one beyond them":       func() error { _, err := w.DeleteRole(ctx, eraser.ID); return err },
			"gives themself everything":     func() error { return w.AddMember(ctx, ada.ID, BuiltinID(SuperAdministrator)) },
			"gives one beyond them":         func() error { return w.AddMember(ctx, ada.ID, eraser.ID) },
			"takes everything from another": func() error { return w.RemoveMember(ctx, grace.ID, BuiltinID(SuperAdministrator)) },
		} {
			w.refused(do(), fault.Denied, "beyond")
			if t.Failed() {
				t.Fatal(name)
			}
		}
		_, err := w.CreateRole(ctx, "Small", prefixed([]string{"c1.api.app.v1.Apps.List"}))
		w.ok(err)
		w.ok(w.AddMember(ctx, linus.ID, reader.ID))
		scoped := w.as(grace, NewClient{Roles: []RoleID{keeper.ID}})
		w.refused(w.AddMember(scoped, ada.ID, BuiltinID(SuperAdministrator)), fault.Denied, "beyond")
		w.refused(w.AddMember(t.Context(), ada.ID, reader.ID), fault.Unauthenticated, "sign in")
	})
}

func TestPeopleAreChangedOnlyByWhoHasEverythingTheyHave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keeper := w.custom("Keeper of people", "interim.v1.Users.Update", "interim.v1.Users.Disable", "c1.api.iam.v1.PersonalClientService.Delete")
		ada, grace, linus := w.person("Ada"), w.person("Grace", SuperAdministrator), w.person("Linus")
		w.ok(w.AddMember(w.system(), ada.ID, keeper.ID))
		for name, ctx := range map[string]context.Context{
			"with all her rights": w.as(ada, NewClient{}), "scoped": w.as(ada, NewClient{Roles: []RoleID{keeper.ID}}),
			"a scoped Super Administrator": w.as(grace, NewClient{Roles: []RoleID{keeper.ID}}),
		} {
			c, _ := w.mint(grace, NewClient{})
			w.refused(w.MayChange(ctx, grace.ID), fault.Denied, "beyond")
			if name != "a scoped Super Administrator" {
				w.refused(w.DeleteClient(ctx, c.Key), fault.Denied, "beyond")
			}
			w.ok(w.MayChange(ctx, linus.ID))
			c, _ = w.mint(linus, NewClient{})
			w.ok(w.DeleteClient(ctx, c.Key))
		}
		w.ok(w.MayChange(w.as(grace, NewClient{}), grace.ID))
		w.ok(w.MayChange(w.as(ada, NewClient{}), "nobody"))
		w.refused(w.MayChange(t.Context(), linus.ID), fault.Unauthenticated, "sign in")
	})
}

func TestANameOfADeletedRoleIsFreeAndItsLastingNameIsNot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.custom("Café & Bar", "c1.api.app.v1.Apps.List")
		_, err := w.CreateRole(w.system(), "  CAFÉ & bar ", first.Permissions)
		w.refused(err, fault.Exists, "displayName")
		_, err = w.DeleteRole(w.system(), first.ID)
		w.ok(err)
		second := w.custom("Café & Bar", "c1.api.app.v1.Apps.List")
		if first.Name == second.Name || !strings.HasPrefix(second.Name, "custom:café-bar-") {
			t.Errorf("names %q and %q", first.Name, second.Name)
		}
	})
}

func TestTheLastSuperAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, grace := w.person("Ada", SuperAdministrator), w.person("Grace", SuperAdministrator)
		super := BuiltinID(SuperAdministrator)
		_, err := w.dir.Disable(w.system(), grace.ID, "")
		w.ok(err)
		for name, do := range map[string]func() error{
			"removed":  func() error { return w.RemoveMember(w.system(), ada.ID, super) },
			"disabled": func() error { _, err := w.dir.Disable(w.system(), ada.ID, ""); return err },
			"deleted":  func() error { _, err := w.dir.Delete(w.system(), ada.ID, ""); return err },
		} {
			t.Run(name, func(t *testing.T) { refused(t, do(), fault.Precondition, "last enabled Super Administrator") })
		}
		u, err := w.dir.Get(t.Context(), ada.ID)
		w.ok(err)
		if u.Status != directory.Enabled {
			t.Errorf("Ada is %s", u.Status)
		}
		w.ok(w.RemoveMember(w.system(), grace.ID, super)) // a disabled one may go
	})
}

func TestTwoSuperAdministratorsCannotRemoveEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, grace := w.person("Ada", SuperAdministrator), w.person("Grace", SuperAdministrator)
		errs := make([]error, 2)
		var both sync.WaitGroup
		both.Go(func() { errs[0] = w.RemoveMember(w.system(), grace.ID, BuiltinID(SuperAdministrator)) })
		both.Go(func() { _, errs[1] = w.dir.Disable(w.system(), ada.ID, "") })
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("both or neither: %v, %v", errs[0], errs[1])
		}
		for _, err := range errs {
			if err != nil {
				w.refused(err, fault.Precondition, "last enabled")
			}
		}
	})
}

func TestEveryNewUserIsABasicUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, err := PrincipalFrom(w.as(w.person("Ada"), NewClient{}))
		w.ok(err)
		if !p.Scopes.Covers(table().scopes[BasicUser]) || !table().scopes[BasicUser].Covers(p.Scopes) {
			t.Errorf("a new user reaches %v", p.Scopes)
		}
	})
}

func TestAUserThatEndedLeavesNoCredentialBehind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", "system:viewer")
		c, secret := w.mint(ada, NewClient{})
		link, err := w.CreateLink(w.system(), ada.ID)
		w.ok(err)
		_, err = w.dir.Disable(w.system(), ada.ID, "")
		w.ok(err)
		_, err = w.dir.Enable(w.system(), ada.ID, "")
		w.ok(err)
		_, err = w.SignIn(t.Context(), Attempt{ClientID: c.ClientID, Secret: secret, IP: inside})
		w.refused(err, fault.Unauthenticated, "failed") // what ended stays ended
		_, err = w.UseLink(t.Context(), link.Token, inside)
		w.refused(err, fault.NotFound, "link")
		p, err := PrincipalFrom(w.as(ada, NewClient{}))
		w.ok(err)
		if p.Scopes[permissionPrefix+"c1.api.iam.v1.Roles.List"] != All {
			t.Error("the roles are gone")
		}
		_, err = w.dir.Delete(w.system(), ada.ID, "")
		w.ok(err)
		held, err := rolesOfUser(w.db.Q(t.Context()), ada.ID)
		w.ok(err)
		if len(held) != 0 {
			t.Errorf("a deleted user holds %v", held)
		}
		w.refused(w.AddMember(w.system(), ada.ID, BuiltinID(BasicUser)), fault.NotFound, "user")
	})
}

func TestGivingAndTakingTwiceIsRecordedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		count := func(kind string) (n int) {
			for _, e := range w.events() {
				if e.Kind == kind && strings.Contains(e.Message, "Read-Only") {
					n++
				}
			}
			return n
		}
		for range 3 {
			w.ok(w.AddMember(w.system(), ada.ID, BuiltinID("system:viewer")))
		}
		for range 3 {
			w.ok(w.RemoveMember(w.system(), ada.ID, BuiltinID("system:viewer")))
		}
		if given, taken := count("role.member_added"), count("role.member_removed"); given != 1 || taken != 1 {
			t.Errorf("%d and %d events", given, taken)
		}
	})
}
