package iam

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const roleColumns = `r.id, r.name, r.display_name, r.permissions, r.service_roles, r.system_builtin, r.system_api_only,
	r.created_at, r.updated_at, r.deleted_at, r.version`

func scanRole(rows *db.Rows) (Role, error) {
	var (
		r                Role
		perms, services  string
		created, updated int64
		deleted          *int64
	)
	err := rows.Scan(&r.ID, &r.Name, &r.DisplayName, &perms, &services, &r.Builtin, &r.APIOnly, &created, &updated, &deleted, &r.Version)
	if err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt, r.DeletedAt = clock.FromMicros(created), clock.FromMicros(updated), clock.FromNull(deleted)
	if err := errors.Join(json.Unmarshal([]byte(perms), &r.Permissions), json.Unmarshal([]byte(services), &r.ServiceRoles)); err != nil {
		return r, fmt.Errorf("role %s: %w", r.ID, err)
	}
	return r, nil
}

// roleByID reads one role, deleted ones too. NotFound if there is none.
func roleByID(q db.Q, roleID RoleID) (Role, error) {
	r, err := db.One(q, scanRole, `select `+roleColumns+` from role r where r.id = $1`, string(roleID))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("role", string(roleID))
	}
	return r, err
}

// liveRole reads one role. NotFound if there is none or it was deleted.
func liveRole(q db.Q, roleID RoleID) (Role, error) {
	r, err := roleByID(q, roleID)
	if err == nil && !r.DeletedAt.IsZero() {
		err = fault.Missing("role", string(roleID))
	}
	return r, err
}

func rolesOfUser(q db.Q, userID directory.UserID) ([]Role, error) {
	return db.Collect(q, scanRole, `select `+roleColumns+` from user_role ur join role r on r.id = ur.role_id
		where ur.user_id = $1 and r.deleted_at is null order by r.id`, string(userID))
}

// rolesByID reads those of at most MaxScopedRoles roles that are live.
func rolesByID(q db.Q, ids []RoleID) ([]Role, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, r := range ids {
		args[i] = string(r)
	}
	return db.Collect(q, scanRole, `select `+roleColumns+` from role r where r.deleted_at is null and r.id in `+db.In(len(ids), 1)+
		` order by r.id`, args...)
}

func insertRole(tx *db.Tx, r Role) (inserted bool, err error) {
	perms, services, err := roleLists(r)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into role (id, name, display_name, display_folded, permissions, service_roles, system_builtin,
			system_api_only, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$9,null,1) on conflict do nothing`,
		string(r.ID), r.Name, r.DisplayName, db.Fold(r.DisplayName), perms, services, r.Builtin, r.APIOnly, clock.Micros(r.CreatedAt))
	return n > 0, err
}

// updateRole writes r over the version it was read at. Conflict if somebody else was faster.
func updateRole(tx *db.Tx, r Role) error {
	perms, services, err := roleLists(r)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update role set display_name = $3, display_folded = $4, permissions = $5, service_roles = $6,
			system_api_only = $7, updated_at = $8, deleted_at = $9, version = version + 1
		where id = $1 and version = $2`,
		string(r.ID), r.Version, r.DisplayName, db.Fold(r.DisplayName), perms, services, r.APIOnly, clock.Micros(r.UpdatedAt),
		clock.Null(r.DeletedAt))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the role was changed by someone else; read it again")
	}
	return err
}

func roleLists(r Role) (perms, services string, err error) {
	p, err1 := json.Marshal(orEmpty(r.Permissions))
	s, err2 := json.Marshal(orEmpty(r.ServiceRoles))
	return string(p), string(s), errors.Join(err1, err2)
}

// roleShown reports whether a live role other than except is shown by that name.
func roleShown(q db.Q, display string, except RoleID) (bool, error) {
	var n int
	err := q.Row(`select count(*) from role where display_folded = $1 and deleted_at is null and id <> $2`,
		db.Fold(display), string(except)).Scan(&n)
	return n > 0, err
}
