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
	return s.inside(tx, audit.System(), `id in (select task_id from task_stand where delegation_id = $1)`, []any{string(d.ID)},
		func(v *turn) Event { return StandsDown{Step: v.t.Step(), Delegation: string(d.ID)} })
}

// UserEnded implements [directory.Notice]. Requests for access of somebody who is gone are cancelled.
func (s *Service) UserEnded(tx *db.Tx, actor audit.Actor, u directory.UserID, _ time.Time, reason string) error {
	return s.inside(tx, actor, `subject_id = $1 and state = 'OPEN' and kind = 'GRANT'`, []any{string(u)},
		func(*turn) Event {
			return Cancel{Forced: true, Comment: strings.ToLower(strings.ReplaceAll(reason, "_", " "))}
		})
}

// AppEnded implements [app.Notice]: open tasks about the app are cancelled.
func (s *Service) AppEnded(tx *db.Tx, actor audit.Actor, appID app.ID, _ time.Time, reason string) error {
	return s.gone(tx, actor, reason, `app_id = $1`, string(appID))
}

// EntitlementsEnded implements [app.Notice].
func (s *Service) EntitlementsEnded(
	tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.EntitlementID, _ time.Time, reason string,
) error {
	args := []any{string(appID)}
	for _, e := range gone {
		args = append(args, string(e))
	}
	return s.gone(tx, actor, reason, `app_id = $1 and entitlement_id in `+db.In(len(gone), 2), args...)
}

// AccountsEnded implements [app.Notice].
func (s *Service) AccountsEnded(tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.AccountID, _ time.Time, reason string) error {
	args := []any{string(appID)}
	for _, a := range gone {
		args = append(args, string(a))
	}
	return s.gone(tx, actor, reason, `app_id = $1 and account_id in `+db.In(len(gone), 2), args...)
}

// gone cancels what waits for somebody's decision about what is gone. What is being taken already ends by itself.
func (s *Service) gone(tx *db.Tx, actor audit.Actor, reason, which string, args ...any) error {
	return s.inside(tx, actor, which+` and state = 'OPEN'`, args, func(v *turn) Event {
		if v.t.Kind == Revoke && v.t.Asked {
			return nil
		}
		return Cancel{Forced: true, Comment: strings.ToLower(strings.ReplaceAll(reason, "_", " "))}
	})
}
