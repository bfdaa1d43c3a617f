package task

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Redirects say what is to be asked for in place of something else; package group does, for groups that stand for one another.
type Redirects interface {
	// Instead answers the entitlement itself where nothing is in its place.
	Instead(q db.Q, of app.EntitlementRef) (app.EntitlementRef, error)
}

// instead redirects a request for access. What is held already is extended where it is held. Whoever may ask freely for what they named
// need not for what takes its place: unless they are a Super Administrator, they find it in a catalog.
func (s *Service) instead(ctx context.Context, kind Kind, a Ask) (Ask, error) {
	if kind != Grant || a.Extension || s.Redirects == nil {
		return a, nil
	}
	named := app.EntitlementRef{AppID: a.App, ID: a.Entitlement}
	to, err := s.Redirects.Instead(s.DB.Q(ctx), named)
	if err != nil || to == named {
		return a, err
	}
	a.App, a.Entitlement = to.AppID, to.ID
	a.Bound = a.Bound || iam.SuperAdmin(ctx) != nil
	if a.Account == "" || to.AppID == named.AppID {
		return a, nil
	}
	account, err := app.GetAccount(s.DB.Q(ctx), named.AppID, a.Account)
	switch {
	case err != nil:
		return a, err
	case a.Subject != "" && a.Subject != account.UserID || account.UserID == "":
		return a, fault.InvalidField("appUserId", "is not an account of that user")
	}
	a.Subject, a.Account = account.UserID, ""
	return a, nil
}
