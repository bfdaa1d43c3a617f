package task

import (
	"context"
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// act has the caller do something with a task, named by its id or number. What they may is found in the transaction, at the moment of
// the change. Nobody else changes the task meanwhile: of two at once the second finds what the first made of it.
//
// The faults of all use cases that come through here: NotFound for the task; Conflict for a task that is closed, and for a step that
// is not open any more; Denied for who may not; Invalid for what is missing or too long.
func (s *Service) act(
	ctx context.Context, ref, comment string, what about, next func(v *turn, w Who) (Event, error),
) (Task, error) {
	if err := checkText("comment", comment, MaxComment); err != nil {
		return Task{}, err
	}
	return s.change(ctx, audit.From(ctx), ref, func(v *turn) (Event, error) {
		w, err := s.who(ctx, v.tx, v.t, v.now, what)
		if err != nil {
			return nil, err
		}
		return next(v, w)
	})
}

// change applies an event to a task, named by its id or number.
func (s *Service) change(ctx context.Context, actor audit.Actor, ref string, next func(v *turn) (Event, error)) (Task, error) {
	var after Task
	err := s.write(ctx, func(tx *db.Tx, k *known) error {
		v, err := s.turn(tx, actor, ref, k)
		if err != nil {
			return err
		}
		e, err := next(v)
		if err != nil || e == nil {
			after = v.t
			return err
		}
		if err := v.apply(e); err != nil {
			return err
		}
		err = v.write()
		after = v.t
		return err
	})
	return after, err
}

// turn reads a task and keeps others from changing it until the transaction ends.
func (s *Service) turn(tx *db.Tx, actor audit.Actor, ref string, k *known) (*turn, error) {
	t, err := get(tx, ref, s.forUpdate())
	return &turn{Service: s, tx: tx, actor: actor, now: s.Clock.Now(), known: k, before: t, t: t}, err
}

// forUpdate keeps the rows of a select from changing, where the engine has rows to lock.
func (s *Service) forUpdate() string {
	if s.DB.Engine() == db.Postgres {
		return " for update"
	}
	return ""
}

// Approve says yes to the step. comment is at most MaxComment characters, and required where the policy wants a reason.
func (s *Service) Approve(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.decide(ctx, ref, step, true, comment)
}

// Deny says no to the step, which ends the task. The comment is as for [Service.Approve].
func (s *Service) Deny(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.decide(ctx, ref, step, false, comment)
}

func (s *Service) decide(ctx context.Context, ref string, step StepID, yes bool, comment string) (Task, error) {
	if step == "" {
		return Task{}, fault.InvalidField("policyStepId", "is required")
	}
	return s.act(ctx, ref, comment, eligibility, func(_ *turn, w Who) (Event, error) {
		return Decision{By: w, Step: step, Approve: yes, Comment: comment}, nil
	})
}

// SkipStep leaves an approval or a wait as if it had passed. Super Administrators and owners of the app, but not about themselves.
func (s *Service) SkipStep(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	if step == "" {
		return Task{}, fault.InvalidField("policyStepId", "is required")
	}
	return s.act(ctx, ref, comment, anything, func(_ *turn, w Who) (Event, error) { return Skip{By: w, Step: step, Comment: comment}, nil })
}

// Reassign has others decide the step, which is opened anew: 1 to MaxReassignees people, enabled ones. Whoever may decide it, where
// the policy allows that; Super Administrators and owners of the app.
func (s *Service) Reassign(ctx context.Context, ref string, step StepID, to []directory.UserID, comment string) (Task, error) {
	if len(to) > MaxReassignees {
		return Task{}, fault.InvalidField("newStepUserIds", "has %d entries; at most %d are allowed", len(to), MaxReassignees)
	}
	return s.act(ctx, ref, comment, anything, func(v *turn, w Who) (Event, error) {
		f := Facts{People: map[Slot][]Filler{}}
		if err := enabled(v.tx, to, &f); err != nil {
			return nil, err
		}
		for _, u := range to {
			if f.People[Slot{Kind: ToUser, User: u}] == nil {
				return nil, fault.InvalidField("newStepUserIds", "names a user who is not there, or is not enabled")
			}
		}
		if v.t.May(w, ReassignStep) { // nobody else is told who is in the group that it is for
			if err := outside(v.tx, v.t, to, v.now); err != nil {
				return nil, err
			}
		}
		if step == "" {
			step = v.t.Step()
		}
		return Reassign{By: w, Step: step, To: to, Comment: comment}, nil
	})
}

// Comment adds a comment, 1 to MaxComment characters. Who asked, whom it is about, whoever may decide the open step or could decide
// one that is over, owners of the app and Super Administrators: who merely may read every task has no part in this one.
func (s *Service) Comment(ctx context.Context, ref, text string) (Task, error) {
	return s.act(ctx, ref, text, anything, func(_ *turn, w Who) (Event, error) { return Remark{By: w, Text: text}, nil })
}

// Close cancels a task. Who asked, whom it is about, Super Administrators, owners of the app. Whom somebody wants to have something
// taken from does not close that, whatever they are; a revocation that has begun ends by itself and is closed by nobody.
func (s *Service) Close(ctx context.Context, ref, comment string) (Task, error) {
	return s.act(ctx, ref, comment, anything, func(_ *turn, w Who) (Event, error) { return Cancel{By: w, Comment: comment}, nil })
}

// Restart opens the step anew and finds its approvers again. step may be empty: the one that is open.
func (s *Service) Restart(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.act(ctx, ref, comment, anything, func(_ *turn, w Who) (Event, error) { return Again{By: w, Step: step, Comment: comment}, nil })
}

// Process has a wait end now, and finds the approvers of a step again.
func (s *Service) Process(ctx context.Context, ref string) (Task, error) {
	return s.act(ctx, ref, "", anything, func(_ *turn, w Who) (Event, error) { return Now{By: w}, nil })
}

// RetryProvisioning tries again what failed. step may be empty: the one that is open.
func (s *Service) RetryProvisioning(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.act(ctx, ref, comment, anything, func(_ *turn, w Who) (Event, error) {
		return RetryProvision{By: w, Step: step, Comment: comment}, nil
	})
}

// CompleteManual confirms that what was to be done by hand is done. Who was asked to do it.
func (s *Service) CompleteManual(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.byPerson(ctx, ref, step, false, comment)
}

// FailManual says that what was to be done by hand cannot be, and why. Who was asked to do it.
func (s *Service) FailManual(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.byPerson(ctx, ref, step, true, comment)
}

func (s *Service) byPerson(ctx context.Context, ref string, step StepID, failed bool, comment string) (Task, error) {
	return s.act(ctx, ref, comment, eligibility, func(v *turn, w Who) (Event, error) {
		if step == "" {
			step = v.t.Step()
		}
		return ByPerson{By: w, Step: step, Failed: failed, Text: comment}, nil
	})
}

// UpdateDuration changes for how long an open request asks: 0 is without end. Longer, the policy is asked again and its first step
// opened, because what it goes by may be the duration; so it is where whoever asked makes it shorter and the policy says something else
// then. Invalid, in upstream's words, over what the entitlement allows.
func (s *Service) UpdateDuration(ctx context.Context, ref string, d time.Duration) (Task, error) {
	return s.act(ctx, ref, "", anything, func(v *turn, w Who) (Event, error) {
		if err := v.t.permits(v.now, "", w, UpdateDuration); err != nil {
			return nil, err
		}
		g, err := s.ground(v.tx, app.EntitlementRef{AppID: v.t.App, ID: v.t.Entitlement}, Grant)
		if err == nil {
			err = s.configure(v.tx, &g, v.t)
		}
		if err != nil {
			return nil, err
		}
		if err := checkDuration("duration", d, g.defaults.Max, v.now); err != nil {
			return nil, err
		}
		e := SetDuration{By: w, Duration: d}
		if e.asksAgain(v.t) {
			wish := v.t
			wish.Duration = d
			e.Plan, err = v.plan(wish)
		}
		return e, err
	})
}

// checkDuration refuses a duration that is none, or longer than may be asked for.
func checkDuration(field string, d, longest time.Duration, now time.Time) error {
	switch {
	case d < 0 || d > MaxDuration:
		return fault.InvalidField(field, "must be more than zero and at most %d days", MaxDuration/(24*time.Hour))
	case d%time.Microsecond != 0:
		return fault.InvalidField(field, "must be whole microseconds")
	case d == 0 && longest == 0:
		return nil
	case d == 0:
		return grant.CheckEnd(field, time.Time{}, now, longest, false)
	}
	return grant.CheckEnd(field, now.Add(d), now, longest, false)
}

// UpdateData changes what was filled into the request's form, a JSON object of at most MaxData bytes. The policy is asked again, and its
// first step opened.
func (s *Service) UpdateData(ctx context.Context, ref string, data json.RawMessage) (Task, error) {
	if err := checkData(data); err != nil {
		return Task{}, err
	}
	data, err := s.fillAgain(ctx, ref, data)
	if err != nil {
		return Task{}, err
	}
	return s.act(ctx, ref, "", anything, func(v *turn, w Who) (Event, error) {
		e := SetData{By: w, Data: data}
		if err := v.t.permits(v.now, "", w, UpdateData); err != nil || e.same(v.t) {
			return e, err
		}
		wish := v.t
		wish.Data = data
		e.Plan, err = v.plan(wish)
		return e, err
	})
}

// fillAgain refuses who may not change the data, and then what does not fit the form: what a form asks for is no business of others. It
// answers what the task keeps of it.
func (s *Service) fillAgain(ctx context.Context, ref string, data json.RawMessage) (json.RawMessage, error) {
	t, err := s.Get(ctx, ref)
	if err != nil || s.Offers == nil {
		return data, err
	}
	now := s.Clock.Now()
	w, err := s.who(ctx, s.DB.Q(ctx), t, now, presence)
	if err != nil {
		return nil, err
	}
	if err := t.permits(now, "", w, UpdateData); err != nil {
		return nil, err
	}
	g, err := s.ground(s.DB.Q(ctx), app.EntitlementRef{AppID: t.App, ID: t.Entitlement}, Grant)
	if err != nil {
		return nil, err
	}
	if err := g.people(s.DB.Q(ctx), t); err != nil {
		return nil, err
	}
	kept := t.Data
	t.Data = data
	return s.Offers.FillForm(ctx, g.defaults, s.policyFacts(g, t), kept, data)
}

func checkData(data json.RawMessage) error {
	var members map[string]json.RawMessage
	switch {
	case len(data) > MaxData:
		return fault.InvalidField("data", "has %d bytes; at most %d are allowed", len(data), MaxData)
	case len(data) > 0 && json.Unmarshal(data, &members) != nil:
		return fault.InvalidField("data", "is not a JSON object")
	}
	return nil
}

// Escalate makes an open request one for emergency access, which the entitlement's emergency policy decides. step may be empty: the
// one that is open. Precondition where the entitlement allows none, which is told to those only who could ask for it.
func (s *Service) Escalate(ctx context.Context, ref string, step StepID, comment string) (Task, error) {
	return s.act(ctx, ref, comment, anything, func(v *turn, w Who) (Event, error) {
		w.Urgent = true // whether it may be asked for so, the policies say right after
		if err := v.t.permits(v.now, step, w, Escalate); err != nil {
			return nil, err
		}
		wish := v.t
		wish.Emergency = true
		plan, err := v.plan(wish)
		return Emergency{By: w, Step: step, Plan: plan, Comment: comment}, err
	})
}

// Reset takes the policy as it is now and begins with its first step.
func (s *Service) Reset(ctx context.Context, ref, comment string) (Task, error) {
	return s.act(ctx, ref, comment, anything, func(v *turn, w Who) (Event, error) {
		if err := v.t.permits(v.now, "", w, Reset); err != nil {
			return nil, err
		}
		plan, err := v.plan(v.t)
		return StartOver{By: w, Plan: plan, Comment: comment}, err
	})
}
