package task

import (
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

var (
	_ owner.Notice       = (*Service)(nil)
	_ directory.Standing = (*Service)(nil)
	_ grant.Holders      = (*Service)(nil)
)

// looksAtOnce is how many tasks find their approvers again in a transaction that is about something else; more would keep everybody else
// waiting.
const looksAtOnce = 20

// look finds the approvers again of the open tasks that a select names: of the oldest in this transaction, of the others, and of those
// that an expression is needed for, right after. Who may decide is found when it is asked and does not wait for that; what does is whom
// the task is shown to among their work, who is told, and what the history says of it.
func (s *Service) look(tx *db.Tx, which string, args ...any) error {
	of := `late = '' and state = 'OPEN' and id in (` + which + `)`
	list, err := db.Collect(tx, func(r *db.Rows) (one numbered, err error) { return one, r.Scan(&one.id, &one.number) },
		`select id, number from task where `+of+` order by number limit `+
			strconv.Itoa(looksAtOnce+1), args...)
	if err != nil || len(list) == 0 {
		return err
	}
	if len(list) > looksAtOnce {
		list = list[:looksAtOnce]
		if _, err := tx.Exec(`update task set late = '{"look":true}' where `+of+` and number > $`+
			strconv.Itoa(len(args)+1), append(args[:len(args):len(args)], list[looksAtOnce-1].number)...); err != nil {
			return err
		}
		due.Wake(tx, s.Clock.Now())
	}
	ids := make([]any, len(list))
	for i, one := range list {
		ids[i] = string(one.id)
	}
	return s.inside(tx, audit.System(), `state = 'OPEN' and id in `+db.In(len(ids), 1), ids, func(*turn) Event { return Look{} })
}

// OwnersChanged implements [owner.Notice]: steps that ask the owners find them again.
func (s *Service) OwnersChanged(tx *db.Tx, o owner.Object, _ time.Time) error {
	return s.look(tx, `select task_id from task_slot where kind = 'owners' and of_kind = $1 and app_id = $2 and object_id = $3`,
		string(o.Kind), string(o.App), o.ID)
}

// StandingChanged implements [directory.Standing]: steps find their approvers again that ask the managers of the user; the user, by
// whatever they are; or somebody for whom the user answers.
func (s *Service) StandingChanged(tx *db.Tx, u directory.UserID, _ time.Time) error {
	return s.look(tx, standingSQL, string(u))
}

var standingSQL = `with who as (select $1 as id
		union select delegator from delegation where delegate = $1 and deleted_at is null and closed_at is null)
	select s.task_id from who join task_slot s on s.kind = 'user' and s.user_id = who.id
	union select task_id from task_slot where kind = 'managers' and user_id = $1
	union select s.task_id from who join user_manager m on m.manager_id = who.id
		join task_slot s on s.kind = 'managers' and s.user_id = m.user_id
	union select s.task_id from who join owner_user o on o.user_id = who.id and o.role = '` + owner.Primary + `'
		join task_slot s on s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
	union select s.task_id from who join account a on a.user_id = who.id join grants g on g.app_id = a.app_id and g.account_id = a.id
		join task_slot s on s.kind = 'holders' and s.app_id = g.app_id and s.object_id = g.entitlement_id
	union select s.task_id from who join account a on a.user_id = who.id join grants g on g.app_id = a.app_id and g.account_id = a.id
		join owner_entitlement o on o.via_app_id = g.app_id and o.via_entitlement_id = g.entitlement_id and o.role = '` + owner.Primary + `'
		join task_slot s on s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
	union select task_id from task_slot where kind = 'admins' and user_id = '' and exists (select 1 from user_role
		where user_id = $1 and role_id = '` + string(iam.BuiltinID(iam.SuperAdministrator)) + `')
	union select task_id from task_stand where user_id = $1
	union select task_id from task_stand where for_id = $1`

// HoldersChanged implements [grant.Holders]: steps find their approvers again that ask whoever holds, or owns by, what others hold now.
func (s *Service) HoldersChanged(tx *db.Tx, of []app.EntitlementRef, _ time.Time) error {
	for _, chunk := range db.Chunks(of) {
		var args []any
		var values []byte
		for _, ref := range chunk {
			values = append(append(values, ','), db.In(2, len(args)+1)...)
			args = append(args, string(ref.AppID), string(ref.ID))
		}
		these := `in (values ` + string(values[1:]) + `)`
		err := s.look(tx, `select task_id from task_slot where kind = 'holders' and (app_id, object_id) `+these+`
			union select s.task_id from owner_entitlement o join task_slot s on s.kind = 'owners' and s.of_kind = o.kind
				and s.app_id = o.app_id and s.object_id = o.object_id
				where (o.via_app_id, o.via_entitlement_id) `+these+` and o.role = '`+owner.Primary+`'`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
