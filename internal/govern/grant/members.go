package grant

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// AddMembers gives an entitlement that no connector manages to users, one after the other, through their accounts in the app; a user
// without one gets one, unless a connector says who has. It returns the name of this call in the audit, and what was refused to
// whom. NotFound for the entitlement, Precondition where a connector manages it, Denied where it gives powers beyond the caller's roles.
func (s *Service) AddMembers(
	ctx context.Context, of app.EntitlementRef, users []directory.UserID,
) (call string, refused map[directory.UserID]error, err error) {
	e, err := app.GetEntitlement(s.DB.Q(ctx), of.AppID, of.ID)
	if err != nil {
		return "", nil, err
	}
	if e.ConnectorID != "" {
		return "", nil, fault.New(fault.Precondition, "a connector manages the entitlement; who holds it is not added by hand")
	}
	if err := s.mayPass(ctx, Key{App: of.AppID, Entitlement: of.ID}); err != nil { // before anybody has an account
		return "", nil, err
	}
	call, refused = id.New(s.Clock.Now()), map[directory.UserID]error{}
	for _, u := range users {
		account, err := s.accountOf(ctx, of.AppID, u)
		if err == nil {
			_, err = s.Create(ctx, Key{App: of.AppID, Entitlement: of.ID, Account: account}, time.Time{})
		}
		if err != nil {
			refused[u] = err
		}
	}
	return call, refused, s.DB.Write(ctx, func(tx *db.Tx) error {
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "entitlement.members_added", Activity: audit.Update, Failed: len(refused) > 0, ObjectType: "entitlement",
			ObjectID: string(of.ID), AppID: string(of.AppID), Message: "members added",
			Data: map[string]any{"call": call, "asked": len(users), "refused": len(refused)},
		})
	})
}

// Direct lists the grants of an entitlement to accounts of a user that have a direct source now, by account.
func (s *Service) Direct(ctx context.Context, of app.EntitlementRef, user directory.UserID) ([]Grant, error) {
	list, err := db.Collect(s.DB.Q(ctx), func(r *db.Rows) (Grant, error) { return Scan(r) }, `select `+Columns("g.")+`
		from account a cross join grants g
		where a.user_id = $1 and a.app_id = $2 and g.account_id = a.id and g.entitlement_id = $3 and g.app_id || '' = a.app_id
			and g.ended_at is null
		order by g.account_id`, string(user), string(of.AppID), string(of.ID))
	now := s.Clock.Now()
	return slices.DeleteFunc(list, func(g Grant) bool { return !g.HeldDirectly(now) }), err
}

// accountOf is the account through which a user is given something in an app: the first enabled one, else the first one.
func (s *Service) accountOf(ctx context.Context, in app.ID, of directory.UserID) (app.AccountID, error) {
	q := s.DB.Q(ctx)
	u, err := directory.Get(q, of)
	switch {
	case err != nil:
		return "", err
	case u.Status == directory.Deleted:
		return "", fault.Missing("user", string(of))
	}
	var account app.AccountID
	err = q.Row(`select id from account where user_id = $1 and app_id = $2 and deleted_at is null
		order by case when status = 'ENABLED' then 0 else 1 end, id limit 1`, of, in).Scan(&account)
	if err == nil || !errors.Is(err, db.ErrNoRows) {
		return account, err
	}
	a, err := app.GetApp(q, in)
	switch {
	case err != nil:
		return "", err
	case !a.ManuallyManaged:
		return "", fault.New(fault.Precondition, "the user has no account in the app, and its connector makes none")
	case u.Status != directory.Enabled:
		return "", fault.New(fault.Precondition, "the user is disabled")
	}
	made, err := s.Apps.EnsureAccount(ctx, app.Account{ // two at once would give one person two
		AppID: in, UserID: of, DisplayName: u.DisplayName, Email: u.Email, Username: u.Username,
	})
	return made.ID, err
}
