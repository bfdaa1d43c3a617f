package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
)

// LockGrants implements provision.Done. The order is the same for everybody who locks several.
func (s *Service) LockGrants(tx *db.Tx, grantIDs []string) error {
	if s.DB.Engine() == db.SQLite {
		return nil // one writer
	}
	for _, chunk := range db.Chunks(grantIDs) {
		_, err := tx.Exec(`select id from grants where id in `+db.In(len(chunk), 1)+` order by id for update`, bind(chunk)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// OperationsDone implements provision.Done: what was pending is active, what was ending is ended.
func (s *Service) OperationsDone(tx *db.Tx, done []provision.Outcome, at time.Time) error {
	kinds, list := map[ID]provision.Kind{}, make([]ID, len(done))
	for i, o := range done {
		list[i], kinds[ID(o.GrantID)] = ID(o.GrantID), o.Kind
		if o.Note != "" {
			tx.Queue(`update grants set target_note = $2 where id = $1`, o.GrantID, o.Note)
		}
	}
	grants, err := load(tx, list)
	if err != nil {
		return err
	}
	_, err = s.move(tx, audit.System(), grants, func(g Grant) (Grant, Effect) {
		if kinds[g.ID] == provision.Grant {
			return g.Provisioned(at)
		}
		return g.Removed(at)
	}, at)
	return err
}

// OperationsFailed implements provision.Done. The grant stays what it is; the audit hears of the first failure and of each that
// reads differently from the one before, so that a target that is down for a day does not fill it.
func (s *Service) OperationsFailed(tx *db.Tx, failed []provision.Outcome, at time.Time) error {
	var news []ID
	words := map[ID]provision.Outcome{}
	for _, o := range failed {
		if o.Words() != o.LastError {
			news, words[ID(o.GrantID)] = append(news, ID(o.GrantID)), o
		}
	}
	if len(news) == 0 {
		return nil
	}
	grants, err := load(tx, news)
	if err != nil {
		return err
	}
	for _, h := range grants {
		o := words[h.ID]
		e := event(h.Grant, "grant."+string(o.Kind)+"_failed", h.User)
		e.Failed, e.Data["error"], e.Data["attempt"] = true, o.Words(), o.Attempts
		if err := s.Audit.Record(tx, audit.System(), e); err != nil {
			return err
		}
	}
	if s.notice == nil {
		return nil
	}
	told := make(map[ID]string, len(words))
	for i, o := range words {
		told[i] = o.Words()
	}
	return s.notice.GrantsFailed(tx, told, at)
}

// OperationsAbandoned implements provision.Done. Nobody can ask the target any more, so nothing is said of when it removed them.
func (s *Service) OperationsAbandoned(tx *db.Tx, operations []provision.Operation, at time.Time) error {
	list := make([]ID, len(operations))
	for i, o := range operations {
		list[i] = ID(o.GrantID)
		tx.Queue(`update grants set target_note = $2 where id = $1`, o.GrantID, "the connector was deleted; the target was not called")
	}
	grants, err := load(tx, list)
	if err != nil {
		return err
	}
	_, err = s.move(tx, audit.System(), grants, func(g Grant) (Grant, Effect) { return g.Abandoned(at) }, at)
	return err
}
