package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// access serves interim.v1.Access.
type access struct {
	interimv1.UnimplementedAccessServer
	*c1.Deps
}

// Check answers whether a person or an account has access now. Callers with own scope may ask about themselves and their accounts.
func (s access) Check(ctx context.Context, r *interimv1.CheckAccessRequest) (*interimv1.CheckAccessResponse, error) {
	q, err := question(r)
	if err != nil {
		return nil, err
	}
	if err := s.mayAsk(ctx, q); err != nil {
		return nil, err
	}
	a, err := s.Grants.Check(ctx, q)
	if err != nil {
		return nil, err
	}
	return &interimv1.CheckAccessResponse{
		Allowed: a.Allowed, Until: c1.Moment(a.Until), Reason: a.Reason,
		State: state(a.State),
	}, nil
}

// mayAsk refuses questions about others to callers with own scope. Whose an account is, is only looked up for them.
func (s access) mayAsk(ctx context.Context, q grant.Question) error {
	o := iam.Object{Type: "account", AppID: string(q.App), ID: string(q.Account), UserID: string(q.User)}
	if q.Account != "" && iam.ScopeOf(ctx) == iam.Own {
		a, err := app.GetAccount(s.DB.Q(ctx), q.App, q.Account)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		o.UserID = string(a.UserID) // nobody's if there is none: what is not there is refused like what is another's
	}
	return iam.Require(ctx, o)
}

func question(r *interimv1.CheckAccessRequest) (q grant.Question, err error) {
	if q.App, err = c1.ID[app.ID]("appId", "app", r.GetAppId()); err != nil {
		return q, err
	}
	if q.Entitlement, err = c1.ID[app.EntitlementID]("appEntitlementId", "entitlement", r.GetAppEntitlementId()); err != nil {
		return q, err
	}
	switch {
	case r.GetUserId() != "":
		q.User, err = c1.ID[directory.UserID]("userId", "user", r.GetUserId())
	case r.GetAppUserId() != "":
		q.Account, err = c1.ID[app.AccountID]("appUserId", "account", r.GetAppUserId())
	default:
		err = fault.InvalidField("userId", "either userId or appUserId is required")
	}
	return q, err
}
