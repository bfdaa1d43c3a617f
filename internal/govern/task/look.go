package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
)

var (
	_ owner.Notice       = (*Service)(nil)
	_ directory.Standing = (*Service)(nil)
	_ grant.Holders      = (*Service)(nil)
	_ iam.Supers         = (*Service)(nil)
)

// look finds the approvers again of the open tasks that a select names: of the oldest in this transaction, of the others, and of those
// that an expression is needed for, right after. Who may decide is found when it is asked and does not wait for that; what does is whom
// the task is shown to among their work, who is told, and what the history says of it.
func (s *Service) look(tx *db.Tx, which string, args ...any) error {
	return s.spread(tx, late{Look: true}, which, args...)
}

// OwnersChanged implements [owner.Notice]: steps that ask the owners find them again. Of a set these are the steps that ask the owners
// of anything it owns, itself included.
func (s *Service) OwnersChanged(tx *db.Tx, o owner.Object, _ time.Time) error {
	if o.Kind == owner.Shared {
		return s.look(tx, setSQL, o.ID)
	}
	return s.look(tx, ownersSQL, string(o.Kind), string(o.App), o.ID)
}

const (
	ownersSQL = `select task_id from task_slot where kind = 'owners' and of_kind = $1 and app_id = $2 and object_id = $3`
	setSQL    = `select s.task_id from owner_from_set o cross join task_slot s where o.set_id = $1 and o.role = '` + owner.Primary + `'
		and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id`
)

// StandingChanged implements [directory.Standing]: steps find their approvers again that ask the managers of the user; the user, by
// whatever they are; or somebody for whom the user answers.
func (s *Service) StandingChanged(tx *db.Tx, u directory.UserID, _ time.Time) error {
	return s.look(tx, standingSQL, string(u))
}

// The person, and for whom they answer, come first: they are few, and what waits may be a great deal.
var standingSQL = `with who as (select $1 as id
		union select delegator from delegation where delegate = $1 and deleted_at is null and closed_at is null)
	select s.task_id from who cross join task_slot s where s.kind = 'user' and s.user_id = who.id
	union select task_id from task_slot where kind = 'managers' and user_id = $1
	union select s.task_id from who cross join user_manager m cross join task_slot s
		where m.manager_id = who.id and s.kind = 'managers' and s.user_id = m.user_id
	union select s.task_id from who cross join owner_user o cross join task_slot s
		where o.user_id = who.id and o.role = '` + owner.Primary + `' and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id
		and s.object_id = o.object_id
	union select s.task_id from who cross join owner_set_member m cross join owner_from_set o cross join task_slot s
		where m.user_id = who.id and o.set_id = m.set_id and o.role = '` + owner.Primary + `'
		and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
	union select s.task_id from who cross join account a cross join grants g cross join task_slot s
		where a.user_id = who.id and g.app_id = a.app_id and g.account_id = a.id
		and s.kind = 'holders' and s.of_kind = '' and s.app_id = g.app_id and s.object_id = g.entitlement_id
	union select s.task_id from who cross join account a cross join grants g cross join owner_entitlement o cross join task_slot s
		where a.user_id = who.id and g.app_id = a.app_id and g.account_id = a.id
		and o.via_app_id = g.app_id and o.via_entitlement_id = g.entitlement_id and o.role = '` + owner.Primary + `'
		and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
	union select s.task_id from who cross join account a cross join grants g cross join owner_set w cross join owner_from_set o
		cross join task_slot s where a.user_id = who.id and g.app_id = a.app_id and g.account_id = a.id
		and w.via_app_id = g.app_id and w.via_entitlement_id = g.entitlement_id and o.set_id = w.id and o.role = '` + owner.Primary + `'
		and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
	union select task_id from task_slot where kind = 'admins' and user_id = '' and exists (select 1 from user_role
		where user_id = $1 and role_id = '` + string(iam.BuiltinID(iam.SuperAdministrator)) + `')
	union select task_id from task_stand where user_id = $1
	union select task_id from task_stand where for_id = $1`

// SupersChanged implements [iam.Supers]: steps that fell to the Super Administrators find them again.
func (s *Service) SupersChanged(tx *db.Tx) error { return s.look(tx, supersSQL) }

const supersSQL = `select task_id from task_slot where kind = 'admins' and user_id = ''`

// HoldersChanged implements [grant.Holders]: steps find their approvers again that ask whoever holds, or owns by, what others hold now.
// Every grant that begins or ends comes through here; where no step asks for it, that is one look at four indexes.
func (s *Service) HoldersChanged(tx *db.Tx, of []app.EntitlementRef, _ time.Time) error {
	for _, chunk := range db.Chunks(of) {
		if err := s.look(tx, holdersSQL(len(chunk)), holdersArgs(chunk)...); err != nil {
			return err
		}
	}
	return nil
}

// holdersSQL are the tasks that ask the holders of n entitlements, or those who own by one of them, or are about them as a group.
func holdersSQL(n int) string {
	return `with of (app_id, id) as (values ` + db.Values(n, 2, 1) + `)
		select s.task_id from of cross join task_slot s where s.kind = 'holders' and s.of_kind = '' and s.app_id = of.app_id
			and s.object_id = of.id
		union all select s.task_id from of cross join owner_entitlement o cross join task_slot s
			where o.via_app_id = of.app_id and o.via_entitlement_id = of.id and o.role = '` + owner.Primary + `'
			and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
		union all select s.task_id from of cross join owner_set w cross join owner_from_set o cross join task_slot s
			where w.via_app_id = of.app_id and w.via_entitlement_id = of.id and o.set_id = w.id and o.role = '` + owner.Primary + `'
			and s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
		union all select t.id from of cross join task t where t.group_app_id = of.app_id and t.group_entitlement_id = of.id
			and t.state = 'OPEN' and t.group_app_id <> ''`
}

func holdersArgs(of []app.EntitlementRef) []any {
	args := make([]any, 0, 2*len(of)+1)
	for _, ref := range of {
		args = append(args, string(ref.AppID), string(ref.ID))
	}
	return args
}
