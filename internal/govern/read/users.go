package read

import (
	"context"
	"errors"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// UserFilter narrows a list of users. Empty members do not narrow; lists hold at most 500 values. Without Statuses, users that are
// not deleted.
type UserFilter struct {
	Query          string // part of name, address or user name
	Email          string // the whole primary address, folded
	IDs            []directory.UserID
	ExcludeIDs     []directory.UserID
	Statuses       []directory.Status
	Origins        []directory.Origin
	ExcludeOrigins []directory.Origin
	ExcludeKinds   []directory.Kind
	Nonhuman       bool // services and agents only
	Departments    []string
	JobTitles      []string
	ManagerIDs     []directory.UserID
	RoleIDs        []iam.RoleID
	AppIDs         []app.ID // has an account in one of these
	Tags           []tag.ID // has any of these

	Delegated   Delegated          // somebody answers instead of them now, or nobody does
	DelegateIDs []directory.UserID // one of these answers instead of them now
	IsDelegate  bool               // answers instead of somebody now

	// Own is the caller, if of others they may know no more than a colleague does: name, address, kind, origin and status. The
	// threat: a filter on anything else tells by who is in the list what the list does not show.
	Own directory.UserID
}

// hidden reports whether the filter asks for what a colleague may not know.
func (f UserFilter) hidden() bool {
	return len(f.Departments)+len(f.JobTitles)+len(f.ManagerIDs)+len(f.RoleIDs)+len(f.AppIDs)+len(f.Tags)+len(f.DelegateIDs) > 0 ||
		f.Delegated != AnyDelegated || f.IsDelegate
}

// Delegated narrows a list of users by whether somebody answers instead of them.
type Delegated int

// What a list of users may be narrowed to.
const (
	AnyDelegated Delegated = iota
	HasDelegate
	NoDelegate
)

// UserRow is a user with the roles assigned to them and who answers instead of them now.
type UserRow struct {
	directory.User
	RoleIDs  []iam.RoleID
	Delegate directory.UserID // empty: nobody
}

// Users lists users in the order they were made.
func (s *Service) Users(ctx context.Context, f UserFilter, r page.Request) (page.Page[UserRow], error) {
	var rows []UserRow
	err := s.db.Read(ctx, func(q db.Q) error {
		sql, args := usersSQL(f, clock.Micros(s.clock.Now()), r)
		users, err := db.Collect(q, directory.Scan, sql, args...)
		if err != nil {
			return err
		}
		if err := directory.Managers(q, users); err != nil {
			return err
		}
		rows, err = s.userRows(q, users)
		return err
	})
	return page.Cut(rows, r.Size, func(u UserRow) page.Key { return page.Key{string(u.ID)} }), err
}

func usersSQL(f UserFilter, now int64, r page.Request) (string, []any) {
	w := f.where(now)
	w.After([]string{"u.id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return `select ` + directory.Columns("u.") + ` from users u` + sql + ` order by u.id limit ` + limit, args
}

// UsersByID reads users for expansion, with their roles, deleted ones too; unknown ids are left out.
func (s *Service) UsersByID(ctx context.Context, ids []directory.UserID) (map[directory.UserID]UserRow, error) {
	found := make(map[directory.UserID]UserRow, len(ids))
	err := s.db.Read(ctx, func(q db.Q) error {
		users, err := directory.Many(q, ids)
		if err != nil {
			return err
		}
		rows, err := s.userRows(q, users)
		for _, u := range rows {
			found[u.ID] = u
		}
		return err
	})
	return found, err
}

func (f UserFilter) where(now int64) *db.Where {
	w := &db.Where{}
	if len(f.Statuses) == 0 {
		w.And("u.status <> 'DELETED'")
	}
	w.In("u.status", f.Statuses)
	if f.Own != "" { // who is gone is nobody to a colleague, as when one asks for them by id
		w.And("(u.id = ? or u.status <> 'DELETED')", f.Own)
	}
	if f.Query != "" {
		w.And(`u.search like ? escape '\'`, db.Like(f.Query))
		if f.Own != "" { // the last line is the user name: what is found must not be in that alone
			w.And(`(u.id = ? or u.search like ? escape '\')`, f.Own, db.Like(f.Query)+"\n%")
		}
	}
	if f.Own != "" && f.hidden() {
		w.And("u.id = ?", f.Own)
	}
	if f.Email != "" {
		w.And("u.email_folded = ?", db.Fold(f.Email))
	}
	w.In("u.id", f.IDs)
	w.In("u.origin", f.Origins)
	w.In("u.department", f.Departments)
	w.In("u.job_title", f.JobTitles)
	w.NotIn("u.id", f.ExcludeIDs)
	w.NotIn("u.origin", f.ExcludeOrigins)
	w.NotIn("u.kind", f.ExcludeKinds)
	if f.Nonhuman {
		w.And(directory.NonhumanSQL("u."))
	}
	w.Exists("select 1 from user_manager m where m.user_id = u.id and m.manager_id in", f.ManagerIDs)
	w.Exists("select 1 from user_role r where r.user_id = u.id and r.role_id in", f.RoleIDs)
	w.Exists("select 1 from account a where a.user_id = u.id and a.deleted_at is null and a.app_id in", f.AppIDs)
	w.Exists("select 1 from tag_user t where t.user_id = u.id and t.tag_id in", f.Tags)
	f.delegated(w, now)
	return w
}

// delegated narrows by who answers instead of whom. Those who do, or have somebody, are few: they are looked up and not looked for in
// everybody.
func (f UserFilter) delegated(w *db.Where, now int64) {
	from := " from delegation d where d.mode = 'REASSIGN' and " + delegation.OpenSQL("d.")
	switch f.Delegated {
	case HasDelegate:
		w.And("u.id in (select d.delegator"+from+")", now, now)
	case NoDelegate:
		w.And("not exists (select 1"+from+" and d.delegator = u.id)", now, now)
	case AnyDelegated:
	}
	if f.IsDelegate {
		w.And("u.id in (select d.delegate"+from+")", now, now)
	}
	if n := len(f.DelegateIDs); n > 0 {
		w.And("u.id in (select d.delegator"+from+" and d.delegate in ("+marks("?", n)+"))", append([]any{now, now}, texts(f.DelegateIDs)...)...)
	}
}

// userRows reads what is shown with users, each in one statement for 500.
func (s *Service) userRows(q db.Q, users []directory.User) ([]UserRow, error) {
	ids := make([]directory.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	roles, err := rolesOf(q, ids)
	if err != nil {
		return nil, err
	}
	delegates, err := delegation.Delegates(q, ids, s.clock.Now())
	if err != nil {
		return nil, err
	}
	rows := make([]UserRow, len(users))
	for i, u := range users {
		rows[i] = UserRow{User: u, RoleIDs: roles[u.ID], Delegate: delegates[u.ID]}
	}
	return rows, nil
}

// RolesByID reads the live roles with the given ids; unknown ids are left out.
func (s *Service) RolesByID(ctx context.Context, ids []iam.RoleID) (map[iam.RoleID]iam.Role, error) {
	roles, err := iam.ManyRoles(s.db.Q(ctx), ids)
	found := make(map[iam.RoleID]iam.Role, len(roles))
	for _, r := range roles {
		found[r.ID] = r
	}
	return found, err
}

// SuperAdministrator is the enabled Super Administrator who is longest there; "" if there is none.
func (s *Service) SuperAdministrator(ctx context.Context) (directory.UserID, error) {
	var userID directory.UserID
	err := s.db.Q(ctx).Row(`select m.user_id from user_role m join users u on u.id = m.user_id
		where m.role_id = $1 and u.status = 'ENABLED' order by u.created_at, u.id limit 1`,
		string(iam.BuiltinID(iam.SuperAdministrator))).Scan(&userID)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return userID, err
}
