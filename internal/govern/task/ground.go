package task

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
)

// ground is what a task stands on, as it is now, read once for a use case.
type ground struct {
	of       app.Entitlement
	in       app.App
	defaults catalog.Applied // of a request for access: what holds where it is silent
	subject  directory.User  // zero: the account is nobody's
	account  app.Account     // zero: there is none
}

// ground reads what is asked for, where it is, and what holds for it. NotFound.
func (s *Service) ground(q db.Q, ref app.EntitlementRef, kind Kind) (g ground, err error) {
	if g.of, err = app.GetEntitlement(q, ref.AppID, ref.ID); err != nil {
		return g, err
	}
	if g.in, err = app.GetApp(q, ref.AppID); err != nil || kind != Grant {
		return g, err
	}
	g.defaults, err = s.defaults(q, g.of)
	return g, err
}

// people adds whose access it is, and through which account.
func (g *ground) people(q db.Q, t Task) (err error) {
	if t.Subject != "" {
		if g.subject, err = directory.Get(q, t.Subject); err != nil {
			return err
		}
	}
	if t.Account != "" {
		g.account, err = app.GetAccount(q, t.App, t.Account)
	}
	return err
}

// defaults answers what holds for a request for an entitlement that does not say so itself.
func (s *Service) defaults(q db.Q, e app.Entitlement) (catalog.Applied, error) {
	if s.Offers != nil {
		return s.Offers.Defaults(q, e)
	}
	return catalog.Defaults{}.Apply(e), nil
}

// policyFor is the policy that decides on an entitlement: its own, else that of the request defaults of its app, else as
// [Policies] say.
func (s *Service) policyFor(g ground, kind policy.Kind, emergency bool) (policy.ID, error) {
	if kind == policy.Grant {
		d := g.defaults
		switch {
		case emergency && !d.Emergency.EmergencyGrantEnabled: // Policies say why not
		case emergency && d.Emergency.EmergencyGrantPolicyID != "":
			return policy.ID(d.Emergency.EmergencyGrantPolicyID), nil
		case d.Policy != "":
			return policy.ID(d.Policy), nil
		default:
			emergency = false
		}
	}
	return s.Policies.For(g.of, g.in, kind, emergency)
}

// urgent reports whether an entitlement may be asked for in an emergency.
func (s *Service) urgent(q db.Q, ref app.EntitlementRef) bool {
	g, err := s.ground(q, ref, Grant)
	if err == nil {
		_, err = s.policyFor(g, policy.Grant, true)
	}
	return err == nil
}

// facts are what policies decide on.
func (s *Service) policyFacts(g ground, t Task) policy.Facts {
	return policy.Facts{
		At: s.Clock.Now(), Subject: g.subject, Account: g.account, Entitlement: g.of, Task: policy.TaskFacts{
			ID: string(t.ID), Number: t.Number, DisplayName: t.DisplayName, Origin: string(t.Origin), GrantDuration: t.Duration,
			Opener: t.Opener, CreatedAt: t.CreatedAt,
		},
	}
}

// plan is what the policy that decides on t says now.
func (s *Service) plan(ctx context.Context, g ground, t Task) (Plan, error) {
	pid, err := s.policyFor(g, policyKind(t.Kind), t.Emergency)
	if err != nil {
		return Plan{}, err
	}
	return s.resolve(ctx, pid, s.policyFacts(g, t), t.Kind)
}
