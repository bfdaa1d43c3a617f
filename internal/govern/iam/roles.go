package iam

import (
	"context"
	"fmt"
	"slices"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// Role reads one live role. NotFound. Whoever may read roles.
func (s *Service) Role(ctx context.Context, roleID RoleID) (Role, error) {
	return liveRole(s.db.Q(ctx), roleID)
}

// Roles lists the live roles, built-in ones first. Whoever may read roles.
func (s *Service) Roles(ctx context.Context, r page.Request) (page.Page[Role], error) {
	var w db.Where
	w.And("deleted_at is null")
	w.After([]string{"id"}, r.After...)
	where, args := w.SQL()
	rows, err := db.Collect(s.db.Q(ctx), scanRole, `select `+roleColumns+` from role r`+where+
		fmt.Sprintf(` order by id limit %d`, r.Size+1), args...)
	if err != nil {
		return page.Page[Role]{}, err
	}
	return page.Cut(rows, r.Size, func(r Role) page.Key { return page.Key{string(r.ID)} }), nil
}

// CreateRole makes a custom role. Invalid for an unknown permission or none, Exists for a display name a live role has, Denied if
// the role reaches beyond the caller. Super Administrators.
func (s *Service) CreateRole(ctx context.Context, display string, permissions []string) (Role, error) {
	now := s.clock.Now()
	r := Role{
		ID: RoleID(id.New(now)), DisplayName: display, Permissions: permissions, ServiceRoles: []string{},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	r.normalize()
	if err := r.validate(); err != nil {
		return Role{}, err
	}
	if err := mayHandle(ctx, r.Scopes()); err != nil {
		return Role{}, err
	}
	r.Name = roleName(r.DisplayName, r.ID)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := claimDisplay(tx, r); err != nil {
			return err
		}
		if _, err := insertRole(tx, r); err != nil {
			return err
		}
		return s.audit.Record(tx, audit.From(ctx), roleEvent(r, "role.created", audit.Create, "created role", map[string]any{
			"permissions": r.Permissions,
		}))
	})
	return r, err
}

// UpdateRole changes a custom role as change says, on the row as it is at that moment; only DisplayName, Permissions and
// ServiceRoles are taken over. Invalid, NotFound, Exists, Conflict; Precondition for a built-in role; Denied if the role reaches,
// before or after, beyond the caller. Super Administrators.
func (s *Service) UpdateRole(ctx context.Context, roleID RoleID, change func(*Role) error) (Role, error) {
	var after Role
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := editableRole(ctx, tx, roleID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		edited := before
		edited.DisplayName, edited.Permissions, edited.ServiceRoles = after.DisplayName, after.Permissions, after.ServiceRoles
		after = edited
		after.UpdatedAt = s.clock.Now()
		after.normalize()
		if err := after.validate(); err != nil {
			return err
		}
		if err := mayHandle(ctx, after.Scopes()); err != nil {
			return err
		}
		if err := claimDisplay(tx, after); err != nil {
			return err
		}
		if err := updateRole(tx, after); err != nil {
			return err
		}
		after.Version++
		tx.Notify(topic, noticeRoles)
		return s.audit.Record(tx, audit.From(ctx), roleEvent(after, "role.updated", audit.Update, "updated role", roleChanges(before, after)))
	})
	return after, err
}

// DeleteRole deletes a custom role: its members lose it, and clients scoped to it keep the scope, which now reaches nothing.
// NotFound; Precondition for a built-in role; Denied if the role reaches beyond the caller. Super Administrators.
func (s *Service) DeleteRole(ctx context.Context, roleID RoleID) (Role, error) {
	var r Role
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if r, err = editableRole(ctx, tx, roleID); err != nil {
			return err
		}
		r.DeletedAt, r.UpdatedAt = s.clock.Now(), s.clock.Now()
		if err := updateRole(tx, r); err != nil {
			return err
		}
		r.Version++
		members, err := tx.Exec(`delete from user_role where role_id = $1`, string(roleID))
		if err != nil {
			return err
		}
		tx.Notify(topic, noticeRoles)
		return s.audit.Record(tx, audit.From(ctx), roleEvent(r, "role.deleted", audit.Delete, "deleted role", map[string]any{"members": members}))
	})
	return r, err
}

func editableRole(ctx context.Context, tx *db.Tx, roleID RoleID) (Role, error) {
	r, err := liveRole(tx, roleID)
	if err != nil {
		return r, err
	}
	if r.Builtin {
		return r, fault.New(fault.Precondition, "%s is a built-in role, which cannot be edited or deleted", r.DisplayName)
	}
	return r, mayHandle(ctx, r.Scopes())
}

// mayHandle answers Denied unless the caller reaches everything in scopes. The threat: somebody who may only edit or assign roles
// would otherwise take all other rights with that.
func mayHandle(ctx context.Context, scopes Scopes) error {
	p, err := PrincipalFrom(ctx)
	if err == nil && !p.Scopes.Covers(scopes) {
		err = fault.New(fault.Denied, "Permission denied, the role reaches beyond what this credential may do")
	}
	return err
}

// claimDisplay refuses a display name that another live role has. The lock makes two claims take turns.
func claimDisplay(tx *db.Tx, r Role) error {
	if err := tx.Lock("role:" + db.Fold(r.DisplayName)); err != nil {
		return err
	}
	used, err := roleShown(tx, r.DisplayName, r.ID)
	if err == nil && used {
		err = fault.New(fault.Exists, "displayName: another role has this name")
	}
	return err
}

func roleEvent(r Role, kind string, a audit.Activity, verb string, data map[string]any) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "role", ObjectID: string(r.ID), Message: verb + " " + r.DisplayName, Data: data,
	}
}

func roleChanges(before, after Role) map[string]any {
	data := map[string]any{}
	if before.DisplayName != after.DisplayName {
		data["displayName"] = map[string]string{"from": before.DisplayName, "to": after.DisplayName}
	}
	for _, l := range []struct {
		name     string
		old, new []string
	}{{"permissions", before.Permissions, after.Permissions}, {"serviceRoles", before.ServiceRoles, after.ServiceRoles}} {
		if gone := without(l.old, l.new); len(gone) > 0 {
			data[l.name+"Removed"] = gone
		}
		if come := without(l.new, l.old); len(come) > 0 {
			data[l.name+"Added"] = come
		}
	}
	return data
}

func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}
