package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

var _ owner.Notice = (*Service)(nil)

// look has the due loop find the approvers again of the open tasks that a select names. Who may decide is found when it is asked and
// does not wait for that; what does is whom the task is shown to among their work, who is told, and what the history says of it.
func (s *Service) look(tx *db.Tx, which string, args ...any) error {
	n, err := tx.Exec(`update task set late = '{"look":true}' where late = '' and state = 'OPEN' and id in (`+which+`)`, args...)
	if err == nil && n > 0 {
		due.Wake(tx, s.Clock.Now())
	}
	return err
}

// OwnersChanged implements [owner.Notice]: steps that ask the owners find them again.
func (s *Service) OwnersChanged(tx *db.Tx, o owner.Object, _ time.Time) error {
	return s.look(tx, `select task_id from task_slot where kind = 'owners' and of_kind = $1 and app_id = $2 and object_id = $3`,
		string(o.Kind), string(o.App), o.ID)
}

// holdersGone has steps find their approvers again that ask whoever holds, or owns by, what is held no longer.
func (s *Service) holdersGone(tx *db.Tx, moved []grant.Step) error {
	var args []any
	var values []byte
	seen := map[app.EntitlementRef]bool{}
	for _, one := range moved {
		of := app.EntitlementRef{AppID: one.App, ID: one.Entitlement}
		if seen[of] || one.State != grant.Ended && one.State != grant.Ending {
			continue
		}
		seen[of] = true
		values = append(append(values, ','), db.In(2, len(args)+1)...)
		args = append(args, string(of.AppID), string(of.ID))
	}
	if len(args) == 0 {
		return nil
	}
	gone := `in (values ` + string(values[1:]) + `)`
	return s.look(tx, `select task_id from task_slot where kind = 'holders' and (app_id, object_id) `+gone+`
		union select s.task_id from owner_entitlement o join task_slot s on s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id
			and s.object_id = o.object_id where (o.via_app_id, o.via_entitlement_id) `+gone+` and o.role = '`+owner.Primary+`'`, args...)
}
