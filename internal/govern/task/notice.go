package task

import (
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
)

// The interfaces that the server wires.
var (
	_ grant.Notice      = (*Service)(nil)
	_ delegation.Notice = (*Service)(nil)
	_ directory.Notice  = (*Service)(nil)
	_ app.Notice        = (*Service)(nil)
	_ webhook.Notice    = (*Service)(nil)
)

// DelegationOver implements [delegation.Notice]: open steps that the delegate was to answer return to whom they stood in for.
func (s *Service) DelegationOver(tx *db.Tx, d delegation.Delegation, _ time.Time) error {
	return s.spread(tx, late{Over: string(d.ID)}, standsSQL, string(d.ID))
}

const standsSQL = `select task_id from task_stand where delegation_id = $1`

// UserEnded implements [directory.Notice]. Requests for access of somebody who is gone are cancelled.
func (s *Service) UserEnded(tx *db.Tx, actor audit.Actor, u directory.UserID, _ time.Time, reason string) error {
	return s.cancel(tx, actor, reason, subjectSQL, string(u))
}

const subjectSQL = `select id as task_id from task where subject_id = $1 and state = 'OPEN' and kind = 'GRANT'`

// AppEnded implements [app.Notice]: open tasks about the app are cancelled.
func (s *Service) AppEnded(tx *db.Tx, actor audit.Actor, appID app.ID, _ time.Time, reason string) error {
	return s.cancel(tx, actor, reason, aboutSQL+` union `+forSQL, string(appID))
}

const (
	aboutSQL = `select id as task_id from task where app_id = $1 and state = 'OPEN'`
	forSQL   = `select id as task_id from task where group_app_id = $1 and group_app_id <> '' and state = 'OPEN'`
)

func levelsSQL(n int) string {
	of := db.In(n, 2) //nolint:mnd // the first is the app
	return aboutSQL + ` and entitlement_id in ` + of + ` union ` + forSQL + ` and group_entitlement_id in ` + of
}

// EntitlementsEnded implements [app.Notice]: what was asked for, or the group it was asked for, is gone.
func (s *Service) EntitlementsEnded(
	tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.EntitlementID, _ time.Time, reason string,
) error {
	args := []any{string(appID)}
	for _, e := range gone {
		args = append(args, string(e))
	}
	return s.cancel(tx, actor, reason, levelsSQL(len(gone)), args...)
}

// AccountsEnded implements [app.Notice].
func (s *Service) AccountsEnded(tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.AccountID, _ time.Time, reason string) error {
	args := []any{string(appID)}
	for _, a := range gone {
		args = append(args, string(a))
	}
	return s.cancel(tx, actor, reason, aboutSQL+` and account_id in `+db.In(len(gone), 2), args...)
}

// cancel cancels what waits for somebody's decision about what is gone.
func (s *Service) cancel(tx *db.Tx, actor audit.Actor, reason, which string, args ...any) error {
	why := strings.ToLower(strings.ReplaceAll(reason, "_", " "))
	return s.spread(tx, late{Cancel: why, By: other(actor)}, which, args...)
}
