package task

import (
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Access of a group is a binding: who holds what its members hold, holds what was asked for, until the binding's end.

// Bindings have the holders of one entitlement hold another, and may have people asked about each; package automation does.
type Bindings interface {
	Hold(tx *db.Tx, actor audit.Actor, p automation.Proxy) (automation.Proxy, error)
	Undo(tx *db.Tx, actor audit.Actor, b automation.Binding, task string) error
	Holdable(q db.Q, b automation.Binding) error
	Agree(tx *db.Tx, actor audit.Actor, b automation.Binding, g grant.Gift) (grant.Grant, error)
	Part(tx *db.Tx, actor audit.Actor, b automation.Binding, t grant.Taking, user directory.UserID, undo bool) (automation.Parting, error)
	Decided(tx *db.Tx, b automation.Binding)
}

var _ Bindings = (*automation.Service)(nil)

// aboutGroup fills in for which group it is. What the group could not hold is refused before anybody is asked.
func (s *Service) aboutGroup(q db.Q, t *Task, by *sorts) error {
	if t.Kind != Grant || t.Subject != "" || t.Account != "" || t.Extension {
		return fault.InvalidField("group", "is asked for alone, and not together with a user or an account, or as an extension")
	}
	if s.Bindings == nil {
		return fault.NotServed("group")
	}
	if err := s.Bindings.Holdable(q, t.binding(app.EntitlementRef{AppID: t.App, ID: t.Entitlement})); err != nil {
		return err
	}
	of, err := app.GetEntitlement(q, t.Group.Members.AppID, t.Group.Members.ID)
	if err != nil {
		return err
	}
	r, err := app.ManyResources(q, []app.ResourceRef{{AppID: of.AppID, ID: of.ResourceID}})
	if err != nil {
		return err
	}
	if len(r) == 0 || !r[0].DeletedAt.IsZero() || r[0].ID != t.Group.ID {
		return fault.Missing("group", string(t.Group.ID))
	}
	name := r[0].DisplayName
	t.Names.Subject, by.subject = "the group "+name, app.SortName(name)
	t.DisplayName += " for the group " + name
	by.search = db.Fold(t.Names.Entitlement + " " + t.Names.App + " " + name + " " + t.Description)
	return nil
}

func (t Task) binding(of app.EntitlementRef) automation.Binding {
	return automation.Binding{Source: t.Group.Members, Destination: of}
}

// bind has the group hold what was asked for. That it cannot is what becomes of the task, not of whoever decided.
func (v *turn) bind(e GrantAccess) error {
	if v.Bindings == nil {
		return v.apply(Carried{Error: "nothing is given to groups", Final: true})
	}
	until, err := v.allowed(e)
	if err != nil {
		return err
	}
	p, err := v.Bindings.Hold(v.tx, v.actor, automation.Proxy{Binding: v.t.binding(e.Of), Until: until, Task: string(v.t.ID)})
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code != fault.Conflict && f.Code != fault.Internal {
		return v.apply(Carried{Error: f.Message, Final: true})
	}
	if err != nil {
		return err
	}
	return v.apply(Carried{Over: true, Until: p.Until})
}

// allowed is the end of what is given, no later than what is given may last by now, as for a person. What is not there, [Bindings] refuse.
func (v *turn) allowed(e GrantAccess) (time.Time, error) {
	of, err := app.GetEntitlement(v.tx, e.Of.AppID, e.Of.ID)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && of.MaxGrant == 0:
		return e.End, nil
	case err != nil:
		return time.Time{}, err
	}
	return clock.Sooner(e.End, v.now.Add(of.MaxGrant)), nil
}

// unbind takes away the binding that was made for the task.
func (v *turn) unbind(e RevokeAccess) error {
	if v.Bindings != nil && e.Undo {
		if err := v.Bindings.Undo(v.tx, v.actor, v.t.binding(e.Of), string(v.t.ID)); err != nil {
			return err
		}
	}
	return v.apply(Carried{Over: true})
}

// outside refuses to have members of the group decide that a task is about, unless the step lets those decide whom it is about.
func outside(q db.Q, t Task, to []directory.UserID, at time.Time) error {
	if !t.Group.there() || t.Current.selfApproval() {
		return nil
	}
	found, err := members(q, []app.EntitlementRef{t.Group.Members}, to, at)
	if err == nil && len(found) > 0 {
		err = fault.InvalidField("newStepUserIds", "nobody decides a request of their own, nor one for a group that they are in")
	}
	return err
}
