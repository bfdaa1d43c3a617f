package grant

import (
	"slices"
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
	for _, o := range done {
		if o.Note != "" {
			tx.Queue(`update grants set target_note = $2 where id = $1`, o.GrantID, o.Note)
		}
	}
	granted, revoked := byKind(done)
	if err := s.granted(tx, granted, at); err != nil {
		return err
	}
	return s.revoked(tx, revoked, at)
}

func byKind(outcomes []provision.Outcome) (granted, revoked []ID) {
	for _, o := range outcomes {
		if o.Kind == provision.Grant {
			granted = append(granted, ID(o.GrantID))
		} else {
			revoked = append(revoked, ID(o.GrantID))
		}
	}
	return granted, revoked
}

// granted is Grant.Provisioned for many.
func (s *Service) granted(tx *db.Tx, list []ID, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	fresh, err := db.Collect(tx, scan, `update grants set state = 'active', active_at = $1, seen_at = $1, updated_at = $1,
		version = version + 1 where state = 'pending' and id in `+db.In(len(list), 2)+` returning `+Columns(""), bind(list, us(at))...)
	if err != nil {
		return err
	}
	if err := s.record(tx, audit.System(), "grant.activated", fresh, nil); err != nil || len(fresh) == len(list) {
		return err
	}
	others := left(list, fresh)
	rest, err := db.Collect(tx, scan, `update grants set seen_at = $1, updated_at = $1, version = version + 1
		where state = 'active' and id in `+db.In(len(others), 2)+` returning `+Columns(""), bind(others, us(at))...)
	if err != nil {
		return err
	}
	return s.record(tx, audit.System(), "grant.provisioned", rest, nil)
}

// revoked is Grant.Removed for many.
func (s *Service) revoked(tx *db.Tx, list []ID, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	gone, err := db.Collect(tx, scan, `update grants set state = 'ended', ended_at = $1, removed_at = $1, updated_at = $1,
		version = version + 1 where state = 'ending' and id in `+db.In(len(list), 2)+` returning `+Columns(""), bind(list, us(at))...)
	if err != nil {
		return err
	}
	if err := s.record(tx, audit.System(), "grant.removed", gone, endOf); err != nil || len(gone) == len(list) {
		return err
	}
	others := left(list, gone)
	rest, err := db.Collect(tx, scan, `select `+Columns("")+` from grants where state = 'active' and id in `+db.In(len(others), 1),
		bind(others)...)
	if err != nil {
		return err
	}
	return s.record(tx, audit.System(), "grant.direct_removed", rest, nil)
}

// left returns the identities in list that are none of the grants'.
func left(list []ID, grants []Grant) []ID {
	return slices.DeleteFunc(slices.Clone(list), func(i ID) bool {
		return slices.ContainsFunc(grants, func(g Grant) bool { return g.ID == i })
	})
}

// OperationsFailed implements provision.Done. The grant stays what it is; the audit hears of the first failure and of each that
// reads differently from the one before, so that a target that is down for a day does not fill it.
func (s *Service) OperationsFailed(tx *db.Tx, failed []provision.Outcome, _ time.Time) error {
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
	grants, err := db.Collect(tx, scan, `select `+Columns("")+` from grants where id in `+db.In(len(news), 1), bind(news)...)
	if err != nil {
		return err
	}
	users, err := subjects(tx, grants)
	if err != nil {
		return err
	}
	for _, g := range grants {
		o := words[g.ID]
		e := event(g, "grant."+string(o.Kind)+"_failed", users[g.ID])
		e.Failed, e.Data["error"], e.Data["attempt"] = true, o.Words(), o.Attempts
		if err := s.Audit.Record(tx, audit.System(), e); err != nil {
			return err
		}
	}
	return nil
}

// OperationsAbandoned implements provision.Done: it is Grant.Abandoned for many. Nobody can ask the target any more, so nothing is
// said of when it removed them.
func (s *Service) OperationsAbandoned(tx *db.Tx, operations []provision.Operation, at time.Time) error {
	var list []ID
	for _, o := range operations {
		list = append(list, ID(o.GrantID))
	}
	closed, err := db.Collect(tx, scan, `update grants set
			ending_at = case when state = 'pending' then $1 else ending_at end,
			end_reason = case when state = 'pending' then 'CONNECTOR_DELETED' else end_reason end,
			state = 'ended', ended_at = $1, target_note = 'the connector was deleted; the target was not called',
			updated_at = $1, version = version + 1
		where state in ('pending', 'ending') and id in `+db.In(len(list), 2)+` returning `+Columns(""), bind(list, us(at))...)
	if err != nil {
		return err
	}
	return s.record(tx, audit.System(), "grant.abandoned", closed, endOf)
}
