package task

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxTogether is how many tasks one request may have.
const MaxTogether = 100

// What is asked for together is denied together: whoever denies one of the tasks, at whatever door, denies all that are not decided
// yet. Approvals count for each by itself.

// Batch is the id of the request that the task belongs to: that of its first task.
func (t Task) Batch() ID {
	if t.First != "" {
		return t.First
	}
	return t.ID
}

// RequestGrants asks for access, as [Service.RequestGrant] does, for 1 to [MaxTogether] things: for all or for none. The answer is in
// the order of asks. Also, if it is not nil, is done in the same transaction.
func (s *Service) RequestGrants(ctx context.Context, asks []Ask, also func(tx *db.Tx, made []Task) error) ([]Task, error) {
	if len(asks) == 0 || len(asks) > MaxTogether {
		return nil, fault.New(fault.Invalid, "1 to %d things can be asked for at once", MaxTogether)
	}
	list := make([]prepared, len(asks))
	for n, a := range asks {
		var err error
		if list[n], _, err = s.prepare(ctx, Grant, a); err == nil {
			err = s.once(ctx, list[n].Task)
		}
		if err != nil {
			return nil, err
		}
		if n > 0 {
			list[n].First = list[0].ID
		}
	}
	return s.create(ctx, list, also)
}

// Together reads the tasks of the request of that id, in the order in which they were asked for. NotFound if there is none.
func Together(q db.Q, batch ID) ([]Task, error) { return inBatch(q, batch, "") }

func inBatch(q db.Q, batch ID, lock string) ([]Task, error) {
	list, err := db.Collect(q, scan, `select `+Columns("")+` from task where id in (select id from task where id = $1 and first_id = ''
		union all select id from task where first_id = $1 and first_id <> '')
			and kind = 'GRANT' and deleted_at is null order by number`+lock, string(batch))
	if err == nil && (len(list) == 0 || list[0].ID != batch) {
		err = fault.Missing("request", string(batch))
	}
	return list, err
}

// Rest reads, for the first tasks of requests, the tasks that were asked for with them, by the first.
func Rest(q db.Q, first []ID) (map[ID][]Task, error) {
	out := map[ID][]Task{}
	for _, chunk := range db.Chunks(first) {
		args := make([]any, len(chunk))
		for n, id := range chunk {
			args[n] = string(id)
		}
		list, err := db.Collect(q, scan, `select `+Columns("")+` from task where first_id in `+db.In(len(chunk), 1)+
			` and first_id <> '' and deleted_at is null order by first_id, number`, args...)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			out[t.First] = append(out[t.First], t)
		}
	}
	return out, nil
}

// Decided reports whether nobody has to say yes to the task any more: it is closed, or only carried out.
func (t Task) Decided() bool {
	return t.State == Closed || t.Current == nil || t.Current.Step.Provision != nil && !slices.ContainsFunc(t.Plan[t.Current.Index:], asks)
}

// asks reports whether a step waits for a decision or a time.
func asks(s policy.Step) bool { return s.Approval != nil || s.Wait != nil }

// BatchDecision is somebody's yes or no to a request.
type BatchDecision struct {
	Approve bool
	Comment string // at most MaxComment characters; required where the policies of the tasks want a reason
	// Override decides in place of all whom the policies still ask: for Super Administrators, and for those who own what is asked for.
	Override bool
}

// DecideTogether decides a request. A yes counts for each of its tasks whose open step asks the caller; a no denies all of them that
// are not decided. NotFound for the request; Conflict for one of which everything is decided; Denied for who may not decide any of its
// tasks; Invalid for a comment that is missing or too long.
func (s *Service) DecideTogether(ctx context.Context, batch ID, d BatchDecision) ([]Task, error) {
	if err := checkText("comment", d.Comment, MaxComment); err != nil {
		return nil, err
	}
	actor := audit.From(ctx)
	var after []Task
	err := s.writeMany(ctx, MaxTogether, func(tx *db.Tx, known func(ID) *known) error {
		tasks, err := inBatch(tx, batch, s.forUpdate())
		if err != nil {
			return err
		}
		var moved []*turn
		var refused error = fault.New(fault.Conflict, "the request is not pending any more")
		for _, t := range tasks {
			if t.Decided() {
				continue
			}
			v := &turn{Service: s, tx: tx, actor: actor, now: s.Clock.Now(), known: known(t.ID), before: t, t: t}
			switch err := v.decide(ctx, d); {
			case fault.Is(err, fault.Denied), fault.Is(err, fault.Conflict):
				refused = err
				continue
			case err != nil:
				return err
			}
			if err := saveLocked(tx, v.before, &v.t); err != nil {
				return err
			}
			if moved = append(moved, v); !d.Approve {
				break // the others go with it
			}
		}
		if len(moved) == 0 {
			return refused
		}
		if err := s.restOf(tx, actor, moved); err != nil {
			return err
		}
		after, err = inBatch(tx, batch, "")
		return err
	})
	return after, err
}

// decide applies what somebody decided about a request to one of its tasks.
func (v *turn) decide(ctx context.Context, d BatchDecision) error {
	what := eligibility
	if d.Override {
		what = anything
	}
	w, err := v.who(ctx, v.tx, v.t, v.now, what)
	if err != nil {
		return err
	}
	if !d.Override {
		return v.apply(Decision{By: w, Step: v.t.Step(), Approve: d.Approve, Comment: d.Comment})
	}
	if !w.supervises() {
		if w.Owner, err = v.ownsItem(w.User); err != nil {
			return err
		}
	}
	return v.apply(Override{By: w, Approve: d.Approve, Comment: d.Comment})
}

// ownsItem reports whether u is a primary owner of the entitlement that is asked for, or of its resource.
func (v *turn) ownsItem(u directory.UserID) (bool, error) {
	objects := []owner.Object{
		owner.OfEntitlement(app.EntitlementRef{AppID: v.t.App, ID: v.t.Entitlement}),
		owner.OfResource(app.ResourceRef{AppID: v.t.App, ID: v.t.Resource}),
	}
	owned, err := v.Owners.Users(v.tx, objects, owner.Primary, v.now)
	for _, list := range owned {
		if slices.ContainsFunc(list, func(o owner.Owned) bool { return o.User == u }) {
			return true, err
		}
	}
	return false, err
}

// Override decides a request in place of all whom its plan still asks. Supervisors only, and never about themselves.
type Override struct {
	By      Who
	Approve bool
	Comment string
}

func (e Override) apply(m *machine) error {
	switch {
	case m.State != Open:
		return m.open()
	case m.Kind != Grant || m.Asked || m.Current == nil || !asks(m.Current.Step):
		return fault.New(fault.Conflict, "nothing is left to decide")
	case e.By.User == "" || !e.By.supervises() || m.Party(e.By.User) || e.By.Sides:
		return fault.New(fault.Denied, "action not permitted")
	}
	if err := m.wantsReason(e.Approve, e.Comment); err != nil {
		return err
	}
	kind := Refused
	if e.Approve {
		kind = Approved
	}
	e.By.Reasons = nil // by their office, in nobody's place
	m.audit(ApproversChosen, e.By, e.Comment, map[string]any{"outcome": string(kind), "override": true})
	m.leave(Result{Kind: kind, By: e.By.User, Text: e.Comment})
	if !e.Approve {
		m.end(m.refused(), e.By)
		return nil
	}
	next := m.Current.Index + 1
	m.Plan = slices.Concat(m.Plan[:next], slices.DeleteFunc(slices.Clone(m.Plan[next:]), asks))
	m.forth()
	return nil
}

// Swept is told of a task when one that was asked for with it is denied.
type Swept struct {
	By      directory.UserID // empty: the policy
	For     directory.UserID
	Comment string
}

func (e Swept) apply(m *machine) error {
	if m.State != Open || m.Kind != Grant || m.Asked || m.Current == nil {
		return nil
	}
	m.audit(ApproversChosen, system, "", map[string]any{"outcome": string(Refused), "together": true})
	m.leave(Result{Kind: Refused, By: e.By, For: e.For, Text: e.Comment})
	m.end(Denied, system)
	return nil
}

// sweep denies what was asked for with a task that is denied.
func (v *turn) sweep() error {
	if v.swept || v.t.Kind != Grant || v.t.Outcome != Denied || len(v.t.History) == 0 {
		return nil
	}
	e := Swept{}
	if r := v.t.History[len(v.t.History)-1].Result; r != nil {
		e = Swept{r.By, r.For, r.Text}
	}
	args := []any{string(v.t.Batch()), string(v.t.ID)}
	return v.Service.inside(v.tx, v.actor, `state = 'OPEN' and id <> $2 and id in (select id from task where id = $1
		union all select id from task where first_id = $1 and first_id <> '')`, args, func(s *turn) Event {
		s.swept = true
		return e
	})
}
