package task

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What a binding or a rule would give or take, a task may decide: it runs the policy of the entitlement, as if somebody had asked. Interim
// itself is its opener, so that the subject decides as little as otherwise. What it gives is held by way of what proposed it, and goes
// with that; what it takes is what was held so.

var _ automation.Tasks = (*Service)(nil)

// enrolls reports whether t was proposed by a binding or a rule.
func (t Task) enrolls() bool { return t.Source.Via.ID != "" }

// proposal is the binding that proposed t, or the rule as one of an entitlement to itself.
func (t Task) proposal() automation.Binding {
	return automation.Binding{Source: t.Source.Via, Destination: app.EntitlementRef{AppID: t.App, ID: t.Entitlement}}
}

// Propose implements [automation.Tasks]. The faults are those of [Service.RequestGrant].
func (s *Service) Propose(ctx context.Context, p automation.Proposal, also func(tx *db.Tx, task string) error) error {
	a := Ask{
		App: p.Destination.AppID, Entitlement: p.Destination.ID, Subject: p.User, Account: p.Account, Origin: ByEnrollment,
		Source: Source{Via: p.Source},
	}
	if p.Source == p.Destination {
		a.Origin = ByProfile
	}
	kind := Grant
	if p.Account != "" {
		kind = Revoke
	}
	made, _, err := s.prepare(ctx, kind, a)
	if err == nil {
		err = s.once(ctx, made.Task)
	}
	if err != nil {
		return err
	}
	_, err = s.create(ctx, []prepared{made}, func(tx *db.Tx, made []Task) error { return also(tx, string(made[0].ID)) })
	return err
}

const standingsSQL = `select id, state, outcome from task where deleted_at is null and id in `

// Standings implements [automation.Tasks].
func (*Service) Standings(q db.Q, tasks []string) (map[string]automation.Standing, error) {
	out := make(map[string]automation.Standing, len(tasks))
	for _, chunk := range db.Chunks(tasks) {
		args := make([]any, len(chunk))
		for n, one := range chunk {
			args[n] = one
		}
		list, err := db.Collect(q, func(r *db.Rows) (t Task, err error) { return t, r.Scan(&t.ID, &t.State, &t.Outcome) },
			standingsSQL+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			out[string(t.ID)] = t.standing()
		}
	}
	return out, nil
}

func (t Task) standing() automation.Standing {
	switch {
	case t.State == Open:
		return automation.Pending
	case t.Outcome == Granted || t.Outcome == Revoked:
		return automation.Agreed
	default:
		return automation.Denied
	}
}

// Withdraw implements [automation.Tasks].
func (s *Service) Withdraw(tx *db.Tx, by automation.Binding, tasks []string, why string) error {
	ids := make([]ID, len(tasks))
	for n, one := range tasks {
		ids[n] = ID(one)
	}
	list, err := Many(tx, ids)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.State != Open || !t.enrolls() || t.proposal() != by {
			continue
		}
		if err := s.inside(tx, audit.System(), `id = $1 and state = 'OPEN'`, []any{string(t.ID)}, func(v *turn) Event {
			return gone(v.t, why)
		}); err != nil {
			return err
		}
	}
	return nil
}

// gives makes the grant that a task gives.
func (v *turn) gives(e GrantAccess, g grant.Gift) (grant.Grant, error) {
	switch {
	case !v.t.enrolls():
		return v.Grants.Give(v.tx, v.actor, g, v.now)
	case v.Bindings == nil:
		return grant.Grant{}, fault.New(fault.Precondition, "nobody is enrolled in anything")
	case e.Of != v.t.proposal().Destination:
		return grant.Grant{}, fault.New(fault.Precondition,
			"the policy has another entitlement given instead, which is in nothing that enrolls: put that one in its place")
	}
	return v.Bindings.Agree(v.tx, v.actor, v.t.proposal(), g)
}

// part takes what was proposed to be taken, or what the task itself gave. Who holds again what they have it by keeps it.
func (v *turn) part(e RevokeAccess) error {
	if v.Bindings == nil {
		return v.apply(Carried{Over: true})
	}
	p, err := v.Bindings.Part(v.tx, v.actor, v.t.proposal(), grant.Taking{
		Key: grant.Key{App: v.t.App, Entitlement: v.t.Entitlement, Account: v.t.Account}, Task: string(v.t.ID),
		Note: "no longer enrolled",
	}, v.t.Subject, e.Undo)
	switch {
	case err != nil:
		return err
	case p.Back:
		return v.apply(Cancel{Forced: true, Comment: "enrolled again"})
	case !p.Held:
		return v.apply(Carried{Over: true})
	default:
		return v.apply(Carried{Grant: p.Grant.ID, Over: p.Grant.State == grant.Active})
	}
}
