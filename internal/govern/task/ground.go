package task

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ground is what a task stands on, as it is now, read once for a use case.
type ground struct {
	of       app.Entitlement
	in       app.App
	defaults catalog.Applied // of a request for access: what holds where it is silent
	subject  directory.User  // zero: the account is nobody's
	account  app.Account     // zero: there is none
	terms    *item.Terms     // of a request for access: how what is asked for is configured; nil: it is not
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

// configure adds how what a request for access asks for is configured, and what that limits.
func (s *Service) configure(q db.Q, g *ground, t Task) error {
	if t.Kind != Grant || s.Items == nil {
		return nil
	}
	terms, ok, err := s.Items.Terms(q, g.of, item.Whose{User: t.Subject, Group: t.Group.Members}, s.Clock.Now())
	if err != nil || !ok {
		return err
	}
	g.terms = &terms
	if most, d := terms.Longest(t.Extension), &g.defaults; most > 0 && (d.Max == 0 || most < d.Max) {
		d.Max = most
		if d.Duration == 0 || d.Duration > most {
			d.Duration = most
		}
	}
	return nil
}

// permits refuses a request that how the item is configured does not let through, whoever makes it.
func (g *ground) permits(a Ask) error {
	switch c := g.terms; {
	case c == nil:
		return nil
	case !c.Allow && !a.Extension:
		return NotRequestable()
	case c.MFA:
		return fault.New(fault.Denied, "who asks for this has to prove once more who they are, which no call of an API can")
	case c.Ticket && !a.Ticket:
		return fault.InvalidField("ticket", "is required for what is asked for")
	}
	return nil
}

// configures reports whether the configurations of the item say who decides on t, and not a policy: the emergency policy of an emergency,
// and the grant policy that the entitlement chose since it was configured. The threat is an emergency that has no policy of its own, and
// would be decided by the app's, which asks fewer.
func (g *ground) configures(t Task) bool {
	chosen := g.of.GrantPolicyID != "" && !g.of.Overruled
	e := g.defaults.Emergency
	emergency := t.Emergency && (!e.EmergencyGrantEnabled || e.EmergencyGrantPolicyID != "")
	return g.terms != nil && len(g.terms.Steps) > 0 && !emergency && !chosen
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
	name := t.DisplayName
	if t.Group.there() { // what it says of the group is for people to read
		name = t.Names.Entitlement
	}
	return policy.Facts{
		At: s.Clock.Now(), Subject: g.subject, Account: g.account, Entitlement: g.of, Task: policy.TaskFacts{
			ID: string(t.ID), Number: t.Number, DisplayName: name, Origin: string(t.Origin), GrantDuration: t.Duration,
			Opener: t.Opener, CreatedAt: t.CreatedAt,
		},
		ForGroup: t.Group.there(),
	}
}

// plan is what the policy that decides on t says now, or how what it asks for is configured.
func (s *Service) plan(ctx context.Context, g ground, t Task) (Plan, error) {
	if g.configures(t) {
		return Plan{Key: g.terms.Key, Steps: Flatten(g.terms.Steps, g.of.Provision)}, nil
	}
	pid, err := s.policyFor(g, policyKind(t.Kind), t.Emergency)
	if err != nil {
		return Plan{}, err
	}
	return s.resolve(ctx, pid, s.policyFacts(g, t), t.Kind)
}
