package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// UserEnded implements directory.Notice: all grants to the user's accounts end now.
func (s *Service) UserEnded(tx *db.Tx, actor audit.Actor, u directory.UserID, at time.Time, reason string) error {
	return condemn(tx, actor, at, reason, ofUser, u)
}

// AppEnded implements app.Notice: all grants in the app end now.
func (s *Service) AppEnded(tx *db.Tx, actor audit.Actor, appID app.ID, at time.Time, reason string) error {
	return condemn(tx, actor, at, reason, ofApp, appID)
}

// EntitlementsEnded implements app.Notice: all grants of the entitlements end now.
func (s *Service) EntitlementsEnded(
	tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.EntitlementID, at time.Time, reason string,
) error {
	if len(gone) == 0 {
		return nil
	}
	return condemn(tx, actor, at, reason, ofApp+` and entitlement_id in `+db.In(len(gone), 6), bind(gone, appID)...)
}

// AccountsEnded implements app.Notice: all grants to the accounts end now.
func (s *Service) AccountsEnded(
	tx *db.Tx, actor audit.Actor, appID app.ID, gone []app.AccountID, at time.Time, reason string,
) error {
	if len(gone) == 0 {
		return nil
	}
	return condemn(tx, actor, at, reason, ofApp+` and account_id in `+db.In(len(gone), 6), bind(gone, appID)...)
}

// The grants of a user and of an app, for condemn.
const (
	ofUser = `account_id in (select id from account where user_id = $5)
		and exists (select 1 from account a where a.app_id = grants.app_id and a.id = grants.account_id and a.user_id = $5)`
	ofApp = `app_id = $5`
)

var condemnSQL = `update grants set force_end = true,
		deprovision_at = case when coalesce(active_at, created_at) > $1 then coalesce(active_at, created_at) else $1 end,
		end_reason = $2, ended_by = $3, ended_by_name = $4,
		updated_at = $1, version = version + 1
	where ended_at is null and ending_at is null
		and ` + sourcedSQL("", "$1") + ` and `

// condemn is Grant.Condemn for all grants that the condition names, in one statement: from at on they give no access. The due loop
// then moves them in batches, with an event for each. The caller's own event tells why.
func condemn(tx *db.Tx, actor audit.Actor, at time.Time, reason, which string, args ...any) error {
	by := person(actor)
	args = append([]any{us(at), reason, by.ID, by.Name}, args...)
	n, err := tx.Exec(condemnSQL+which, args...)
	if err == nil && n > 0 {
		due.Wake(tx, at)
	}
	return err
}
