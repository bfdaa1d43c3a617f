package task_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

var people = []directory.UserID{"ada", "grace", "linus", "edith", "barbara"}

var anybody = rapid.SampledFrom(people)

// crew is what the members of a group hold that people ask for.
var crew = app.EntitlementRef{AppID: "app", ID: "crew"}

// world draws who owns, holds, manages and stands in for whom. Whoever is named is a person of the world.
func world(t *rapid.T) task.Facts {
	some := rapid.SliceOfNDistinct(anybody, 0, 3, rapid.ID)
	f := task.Facts{People: map[task.Slot][]task.Filler{}, Stands: map[directory.UserID][]task.Stand{}}
	for _, s := range []task.Slot{ownersOf, groupOf, toAdmins, {Kind: task.ToManagers, User: "ada"}, setOf, itemOf} {
		f.People[s] = fillers(some.Draw(t, string(s.Kind))...)
	}
	for _, u := range people {
		f.People[task.Slot{Kind: task.ToUser, User: u}] = fillers(u)
		if rapid.IntRange(0, 2).Draw(t, "stands") == 0 {
			d := anybody.Draw(t, "delegate")
			if d != u {
				f.Stands[u] = []task.Stand{{For: u, User: d, Delegation: string(u), Instead: rapid.Bool().Draw(t, "instead")}}
			}
		}
	}
	f.Owners = map[directory.UserID][]directory.UserID{}
	if rapid.IntRange(0, 2).Draw(t, "a service") == 0 {
		f.Owners[anybody.Draw(t, "service")] = some.Draw(t, "owners")
	}
	f.Among = task.Among{crew: {}}
	for _, u := range some.Draw(t, "crew") {
		f.Among[crew][u] = true
	}
	return f
}

func anyStep(t *rapid.T) policy.Step {
	switch rapid.IntRange(0, 9).Draw(t, "step") {
	case 0:
		return policy.Step{Accept: &policy.Verdict{}}
	case 1:
		return policy.Step{Wait: &policy.Wait{Duration: time.Hour}}
	case 2:
		return policy.Step{Wait: &policy.Wait{Condition: "c", Timeout: 3 * time.Hour}}
	case 3:
		return provision(rapid.SampledFrom([]string{"", `{"connector":{}}`, `{"manual":{"userIds":["grace","ada"]}}`, `{"webhook":{"webhookId":"w"}}`,
			`{"unconfigured":{}}`, `{"externalTicket":{}}`, `{"delegated":{"appId":"o","entitlementId":"i"}}`}).Draw(t, "means"))
	default:
		a := &policy.Approval{
			Kind: rapid.SampledFrom([]policy.ApproverKind{
				policy.Users, policy.AppOwners, policy.Manager, policy.Group, policy.Self, policy.Webhook, policy.Slots, policy.Slots, policy.Slots,
			}).Draw(t, "kind"),
			UserIDs: rapid.SliceOfNDistinct(anybody, 1, 3, rapid.ID).Draw(t, "users"), AllowReassignment: true, WebhookID: "w",
			AllowDelegation: rapid.Bool().Draw(t, "delegation"), AllowSelfApproval: rapid.IntRange(0, 4).Draw(t, "self") == 0,
			RequireDistinctApprovers: rapid.Bool().Draw(t, "distinct"),
		}
		a.Group.AppID, a.Group.ID = "app", "group"
		if a.Kind == policy.Slots {
			a.Slots = rapid.SliceOfN(rapid.SampledFrom([]policy.Slot{
				ownersSlot, managerSlot, itemSlot, {Kind: policy.ToUser, User: "linus"}, {Kind: policy.ToHolders, Group: a.Group},
			}), 1, 4).Draw(t, "slots")
			a.Quorum = rapid.SampledFrom([]policy.Quorum{policy.AllSlots, policy.AllSlots, policy.AnySlot}).Draw(t, "quorum")
		}
		if rapid.Bool().Draw(t, "escalates") {
			a.Escalation = &policy.Escalation{
				After: time.Hour, PolicyID: "p", UserIDs: []directory.UserID{"linus", "ada"},
				Kind: rapid.SampledFrom([]policy.EscalationKind{policy.ReplacePolicy, policy.ReassignTo, policy.SkipStep, policy.CancelTask}).Draw(t, "escalation"),
			}
		}
		return policy.Step{Approval: a}
	}
}

// history is a task in a world that changes, and people who do what comes to their mind.
type history struct {
	*rapid.T

	t       task.Task
	now     time.Time
	facts   task.Facts
	plan    []policy.Step
	lives   int // grants that were made for the task and not taken back
	steps   map[task.StepID]bool
	stale   []task.StepID
	filled  map[int]bool         // of the slots of the open step: for whom somebody eligible approved
	waiting bool                 // a target is being called
	called  map[task.StepID]bool // for which a webhook was called
}

// who is somebody as they truly stand at this moment.
func (h *history) who(u directory.UserID) task.Who {
	w := task.Who{User: u, Urgent: true, Step: h.t.Step(), Sides: h.sides(u), Owner: slices.Contains(h.facts.People[ownersOf], task.Filler{User: u})}
	w.Super = slices.Contains(h.facts.People[toAdmins], task.Filler{User: u})
	if i := h.t.Current; i != nil && (i.Step.Approval != nil || i.Step.Provision != nil) {
		w.Reasons = h.t.Question(i, nil).Resolve(h.facts).Of(u)
	}
	return w
}

// sides reports whether u is of the group that the task is about, or a service that one whom it is about owns.
func (h *history) sides(u directory.UserID) bool {
	member := func(u directory.UserID) bool { return h.facts.Among[h.t.Group.Members][u] }
	return member(u) || slices.ContainsFunc(h.facts.Owners[u], func(o directory.UserID) bool { return member(o) || h.t.Party(o) })
}

// approvals is what holds when access is given: each approval of the plan that stands before it was passed, and not by itself.
func (h *history) approvals() {
	for n, s := range h.t.Plan[:h.t.Current.Index] {
		if s.Approval == nil {
			continue
		}
		last := ""
		for _, i := range h.t.History {
			if i.Index == n {
				last = string(i.Result.Kind)
			}
		}
		if last != string(task.Approved) && last != string(task.Skipped) {
			h.Fatalf("access was given with the approval %d left %q", n, last)
		}
	}
}

func (h *history) apply(e task.Event) {
	before := h.t
	after, effects, err := h.t.Apply(e, h.now)
	if err != nil {
		if f := fault.Of(err); f.Code == fault.Internal {
			h.Fatalf("%T: %v", e, err)
		}
		return
	}
	h.t = after
	h.changed(e, before, effects)
	for _, one := range effects {
		h.answer(one)
	}
}

func (h *history) answer(e task.Effect) {
	switch e := e.(type) {
	case task.Resolve:
		r := h.t.Question(h.t.Current, nil).Resolve(h.facts)
		h.apply(task.Resolved{Step: e.Step, Resolution: r, Skip: rapid.IntRange(0, 19).Draw(h.T, "named nobody") == 0})
	case task.Deliver:
		h.called[e.Step] = true
	case task.Check:
		h.apply(task.Checked{Step: e.Step, Holds: rapid.Bool().Draw(h.T, "holds")})
	case task.Replan:
		h.apply(task.Planned{Plan: task.Plan{Steps: h.plan}, Why: e.Why})
	case task.GrantAccess:
		h.approvals()
		if h.t.Group.ID != "" { // nothing is waited for: a group holds it at once, or cannot
			if rapid.IntRange(0, 3).Draw(h.T, "held") == 0 {
				h.apply(task.Carried{Error: "no", Final: true})
				return
			}
			if h.lives++; h.lives > 1 {
				h.Fatal("a task had a group hold it twice")
			}
			h.apply(task.Carried{Over: true})
			return
		}
		switch rapid.IntRange(0, 3).Draw(h.T, "target") {
		case 0:
			h.apply(task.Carried{Error: "no", Final: true})
		case 1:
			h.lives++
			h.waiting = true
			h.apply(task.Carried{Grant: "g"})
		default:
			h.lives++
			h.apply(task.Carried{Grant: "g", Over: true})
		}
		if h.lives > 1 {
			h.Fatal("a task gave access twice")
		}
	case task.RevokeAccess:
		if e.Undo {
			h.lives--
		} else {
			h.waiting = rapid.Bool().Draw(h.T, "the target is slow")
			h.apply(task.Carried{Grant: "g", Over: !h.waiting})
		}
	}
}

// changed is what holds of every change.
func (h *history) changed(e task.Event, before task.Task, effects []task.Effect) {
	if len(effects) == 0 {
		return
	}
	if before.State == task.Closed {
		h.Fatalf("%T changed a closed task", e)
	}
	audited := slices.ContainsFunc(effects, func(e task.Effect) bool { _, ok := e.(task.Audit); return ok })
	looks := slices.ContainsFunc(effects, func(e task.Effect) bool { _, ok := e.(task.Check); return ok })
	if !audited && !looks {
		h.Fatalf("%T has effects without an audit event: %v", e, effects)
	}
	if (h.t.State == task.Closed) != (h.t.Current == nil) {
		h.Fatalf("%T left a task %s at %v", e, h.t.State, h.t.Current)
	}
	if h.t.State == task.Closed && h.t.Outcome == task.Granted && h.lives != 1 {
		h.Fatalf("granted, with %d grants", h.lives)
	}
	if o := h.t.Outcome; h.t.State == task.Closed && h.waiting && (o == task.Granted || o == task.Revoked) {
		h.Fatalf("%T closed a task as %s that its target has not confirmed", e, o)
	}
	if s := h.t.Step(); s != before.Step() {
		if s != "" && h.steps[s] {
			h.Fatalf("the id of a step came back")
		}
		h.steps[s], h.stale = true, append(h.stale, before.Step())
	}
	h.decided(e, before)
	h.quorum(e, before)
}

// quorum is what holds of steps that want all of their slots: they pass when each was filled by somebody who could at that moment, and
// no sooner. It keeps its own account of that.
func (h *history) quorum(e task.Event, before task.Task) {
	if e, ok := e.(task.Decision); ok && e.Approve && len(before.Current.Seats) > 0 {
		q := before.Question(before.Current, nil)
		for _, v := range q.Seats {
			one := q
			one.Named, one.Seats = v.Slots, nil
			if len(one.Resolve(h.facts).Of(e.By.User)) > 0 {
				h.filled[v.Seat] = true
			}
		}
		passed := h.t.Step() != before.Step()
		if all := len(h.filled) == len(before.Current.Seats); passed != all {
			h.Fatalf("passed: %v, with %v of %d slots filled", passed, h.filled, len(before.Current.Seats))
		}
	}
	if h.t.Step() == before.Step() {
		return
	}
	if _, given := e.(task.Reassign); given || escalated(e, before, h.t) {
		return // the same slots, asked of others
	}
	if n := len(h.t.History); n > 0 && h.t.History[n-1].ID == before.Step() {
		i := h.t.History[n-1]
		if i.Result.Kind == task.Approved && len(i.Seats) > 0 && len(h.filled) != len(i.Seats) {
			h.Fatalf("%T passed a step of which %v are filled", e, h.filled)
		}
	}
	h.filled = map[int]bool{}
}

// escalated reports whether the open step was given to others, since nobody decided it in time.
func escalated(e task.Event, before, after task.Task) bool {
	_, time := e.(task.Reached)
	return time && after.Current != nil && after.Current.From == before.Step() && after.Current.From != ""
}

// decided is what holds of every decision: it was about the step that is open, by somebody who may at this moment.
func (h *history) decided(e task.Event, before task.Task) {
	var by directory.UserID
	step := before.Step()
	eligible := false
	switch e := e.(type) {
	case task.Decision:
		by, step, eligible = e.By.User, e.Step, true
	case task.Skip:
		by, step = e.By.User, e.Step
	case task.Reassign:
		by, step = e.By.User, e.Step
	case task.Again:
		by = e.By.User
	case task.StartOver:
		by = e.By.User
	case task.Now:
		by = e.By.User
	default:
		return
	}
	if step != before.Step() {
		h.Fatalf("%T about another step", e)
	}
	if at := before.GiveUpAt; !at.IsZero() && !h.now.Before(at) && before.Current.Step.Provision == nil && !before.Asked {
		h.Fatalf("%T at %s about what was not to wait longer than until %s", e, h.now, at)
	}
	a := before.Current.Step.Approval
	lets := a != nil && (a.AllowSelfApproval || a.Kind == policy.Self && by == before.Subject && eligible)
	if (before.Party(by) || h.sides(by)) && !lets {
		h.Fatalf("%s took part in a request of their own by %T", by, e)
	}
	if !eligible {
		return
	}
	reasons := before.Question(before.Current, nil).Resolve(h.facts).Of(by)
	if len(reasons) == 0 {
		h.Fatalf("%s decided and may not", by)
	}
	for _, r := range reasons {
		if r.For != "" && (before.Party(r.For) || before.Party(by) || h.sides(r.For) || h.sides(by)) {
			h.Fatalf("%s decided for %s", by, r.For)
		}
	}
}

// act is one thing that happens: somebody does something, at the step that is open or at one they saw before, as they stand now or
// as they stood then.
func (h *history) act() {
	u := h.who(anybody.Draw(h.T, "who"))
	step := h.t.Step()
	if len(h.stale) > 0 && rapid.IntRange(0, 4).Draw(h.T, "stale") == 0 {
		step = rapid.SampledFrom(h.stale).Draw(h.T, "old step")
	}
	plan := task.Plan{Steps: h.plan}
	switch rapid.IntRange(0, 18).Draw(h.T, "event") {
	case 0, 1, 2, 3, 4:
		h.apply(task.Decision{By: u, Step: step, Approve: rapid.IntRange(0, 5).Draw(h.T, "yes") > 0})
	case 5:
		h.apply(task.Skip{By: u, Step: step})
	case 6:
		h.apply(task.Reassign{By: u, Step: step, To: []directory.UserID{anybody.Draw(h.T, "to")}})
	case 7:
		h.apply(task.Again{By: u})
	case 8:
		h.apply(task.StartOver{By: u, Plan: plan})
	case 9:
		h.apply(task.Now{By: u})
	case 10:
		h.apply(task.SetDuration{By: u, Duration: time.Duration(rapid.IntRange(0, 3).Draw(h.T, "hours")) * time.Hour, Plan: plan})
	case 11:
		h.apply(task.SetData{By: u, Data: []byte(rapid.SampledFrom([]string{"1", "2"}).Draw(h.T, "data")), Plan: plan})
	case 12:
		h.now = h.now.Add(time.Duration(rapid.IntRange(1, 120).Draw(h.T, "minutes")) * time.Minute)
		h.apply(task.Reached{})
	case 13:
		h.apply(task.ByPerson{By: u, Step: step, Failed: rapid.Bool().Draw(h.T, "failed"), Text: "x"})
	case 14:
		h.apply(task.RetryProvision{By: u})
	case 15:
		if !h.called[step] {
			return
		}
		h.apply(task.Answered{Step: step, Approve: rapid.Bool().Draw(h.T, "yes"), GaveUp: rapid.Bool().Draw(h.T, "gave up")})
	case 16:
		h.facts = world(h.T)
	case 17:
		if h.waiting {
			h.waiting = !rapid.Bool().Draw(h.T, "over")
			h.apply(task.Carried{Grant: "g", Over: !h.waiting})
		}
	case 18:
		if rapid.IntRange(0, 5).Draw(h.T, "cancel") == 0 {
			h.apply(task.Cancel{By: u})
		} else {
			h.apply(task.Emergency{By: u, Plan: plan})
		}
	}
}

// offered is what holds of the actions that somebody is offered: those are taken, and no others. What is only said wrong is taken, too.
func (h *history) offered() {
	u, plan, step := h.who(anybody.Draw(h.T, "who is offered")), task.Plan{Steps: h.plan}, h.t.Step()
	list := h.t.Actions(u, h.now)
	for a, e := range map[task.Action]task.Event{
		task.Approve: task.Decision{By: u, Step: step, Approve: true}, task.Deny: task.Decision{By: u, Step: step},
		task.Comment: task.Remark{By: u, Text: "x"}, task.Close: task.Cancel{By: u}, task.SkipStep: task.Skip{By: u, Step: step},
		task.ReassignStep: task.Reassign{By: u, Step: step, To: []directory.UserID{"zoe"}}, task.Restart: task.Again{By: u},
		task.Reset: task.StartOver{By: u, Plan: plan}, task.ProcessNow: task.Now{By: u}, task.Escalate: task.Emergency{By: u, Plan: plan},
		task.UpdateDuration: task.SetDuration{By: u, Duration: h.t.Duration}, task.UpdateData: task.SetData{By: u, Data: []byte("3"), Plan: plan},
		task.Retry: task.RetryProvision{By: u}, task.CompleteManual: task.ByPerson{By: u, Step: step},
		task.FailManual: task.ByPerson{By: u, Step: step, Failed: true, Text: "x"},
	} {
		_, _, err := h.t.Apply(e, h.now)
		if taken := err == nil || fault.Is(err, fault.Invalid); taken != slices.Contains(list, a) {
			h.Fatalf("%s is offered %v, and %s is answered %v", u.User, list, a, err)
		}
	}
}

func TestNoHistoryGivesTwiceOrLetsAnybodyDecideWhoMayNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{T: t, now: noon, facts: world(t), steps: map[task.StepID]bool{}, filled: map[int]bool{}, called: map[task.StepID]bool{}}
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			h.plan = append(h.plan, anyStep(t))
		}
		h.t = task.Task{
			ID: "task", Kind: task.Grant, Subject: "ada", Opener: anybody.Draw(t, "opener"), App: "app", Entitlement: "e", Resource: "resource",
			Duration: time.Hour, Extension: rapid.IntRange(0, 4).Draw(t, "extension") == 0, CreatedAt: noon,
		}
		if rapid.IntRange(0, 2).Draw(t, "for a group") == 0 {
			h.t.Subject, h.t.Group, h.t.Extension = "", task.Group{ID: "crew", Members: crew}, false
		}
		if h.t.Subject != "" && rapid.IntRange(0, 3).Draw(t, "is taken") == 0 {
			h.t.Kind, h.t.Extension = task.Revoke, false
		}
		if minutes := rapid.IntRange(-60, 240).Draw(t, "may wait"); minutes > 0 && h.t.Kind == task.Grant {
			h.t.GiveUpAt = noon.Add(time.Duration(minutes) * time.Minute)
		}
		h.apply(task.Created{Plan: task.Plan{Steps: h.plan}})
		if rapid.IntRange(0, 4).Draw(t, "goes round") == 0 {
			h.t.Opened = task.MaxOpenings - rapid.IntRange(0, 5).Draw(t, "openings left")
		}
		for range rapid.IntRange(5, 40).Draw(t, "events") {
			h.act()
			h.offered()
		}
	})
}
