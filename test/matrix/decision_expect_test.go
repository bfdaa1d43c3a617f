package matrix_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

var refusals = map[string]fault.Code{
	"invalid": fault.Invalid, "denied": fault.Denied, "conflict": fault.Conflict, "precondition": fault.Precondition,
	"missing": fault.NotFound, "exists": fault.Exists,
}

var outcomes = map[string]task.Outcome{
	"open": task.NoOutcome, "granted": task.Granted, "revoked": task.Revoked, "denied": task.Denied, "cancelled": task.Cancelled,
	"error": task.Failed, "timed out": task.TimedOut,
}

// sight is a task as it was before an act.
type sight struct {
	task.Task

	eligible task.Resolution
}

// seen is the task that an act is about, at the moment of the act.
func (o *office) seen(a act) sight {
	o.Helper()
	if a.At != nil {
		o.until(a.At.after(o.began), a.Asleep)
	}
	if len(o.tasks) == 0 || a.Task == "taken" {
		return sight{}
	}
	f := o.followed(a.Task)
	r, err := o.house.tasks.Eligible(o.Context(), f.Task)
	o.ok(err)
	return sight{f.Task, r}
}

// expect compares what came with what the act says, and with what is true after every act. It reports whether all is as it should be.
func (o *office) expect(n int, a act, before sight, err error) bool {
	o.Helper()
	fine := true
	wrong := func(format string, args ...any) {
		o.Helper()
		fine = false
		o.Errorf("act %d %v: %s", n, a.Verb, fmt.Sprintf(format, args...))
	}
	if code, known := refusals[a.Refused]; a.Refused != "" && (!known || !fault.Is(err, code)) {
		wrong("refused: %v, want %s", err, a.Refused)
	}
	if len(o.tasks) == 0 {
		return fine
	}
	f := o.followed(a.Task)
	r, lookErr := o.house.tasks.Eligible(o.Context(), f.Task)
	o.ok(lookErr)
	fresh := o.fresh(f)
	o.people(a, f.Task, r, wrong)
	o.state(a, f.Task, wrong)
	o.history(a, fresh, wrong)
	o.rights(a, f.Task, wrong)
	o.always(a, f.Task, r, wrong)
	if before.ID == f.ID {
		o.decided(a, before, f.Task, err, wrong)
	}
	return fine
}

// people compares who may decide.
func (o *office) people(a act, t task.Task, r task.Resolution, wrong func(string, ...any)) {
	o.Helper()
	if a.Eligible != nil {
		var want []string
		for _, text := range *a.Eligible {
			pair, why, explained := strings.Cut(text, " as ")
			want = append(want, pair)
			if explained && !slices.Contains(o.reasons(r, pair), why) {
				wrong("%s may decide as %q, want %q", pair, o.reasons(r, pair), why)
			}
		}
		slices.Sort(want)
		if got := o.list(r); got != strings.Join(want, ", ") {
			wrong("eligible: %s (%s), want %s", got, r.Tier, strings.Join(want, ", "))
		}
	}
	if a.Tier != "" && string(r.Tier) != a.Tier {
		wrong("tier %s, want %s", r.Tier, a.Tier)
	}
	if a.Step > 0 && (t.Current == nil || t.Current.Index != a.Step-1) {
		wrong("at %+v, want step %d", t.Current, a.Step)
	}
}

// pair is somebody, and whom they stand in for.
func (o *office) pair(by, standingInFor directory.UserID) string {
	if standingInFor == "" || standingInFor == by {
		return o.names[by]
	}
	return o.names[by] + " for " + o.names[standingInFor]
}

// list is who may decide, for whom, sorted.
func (o *office) list(r task.Resolution) string {
	var list []string
	for _, e := range r.People {
		for _, why := range e.Reasons {
			if p := o.pair(e.User, why.For); !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// reasons are why somebody may decide, as the API words it.
func (o *office) reasons(r task.Resolution, pair string) []string {
	var list []string
	for _, e := range r.People {
		for _, why := range e.Reasons {
			if o.pair(e.User, why.For) == pair {
				why.For = ""
				list = append(list, why.String())
			}
		}
	}
	return list
}

// state compares what has become of the task, and of the grant.
func (o *office) state(a act, t task.Task, wrong func(string, ...any)) {
	o.Helper()
	if a.Outcome != "" {
		want, known := outcomes[a.Outcome]
		state := task.Closed
		if want == task.NoOutcome || want == task.Failed {
			state = task.Open
		}
		if !known || t.Outcome != want || t.State != state {
			wrong("outcome: %s %q, want %s", t.State, t.Outcome, a.Outcome)
		}
	}
	if a.Decided != "" {
		if by, standing := t.Decider(); o.pair(by, standing) != a.Decided {
			wrong("decided by %s, want %s", o.pair(by, standing), a.Decided)
		}
	}
	if a.Grant != "" {
		if got := o.grant(t); got != a.Grant {
			wrong("grant: %s, want %s", got, a.Grant)
		}
	}
}

// grant is until when the subject has what the task is about.
func (o *office) grant(t task.Task) string {
	o.Helper()
	answer, err := o.Grants.Check(o.Context(), grant.Question{App: t.App, Entitlement: t.Entitlement, User: t.Subject})
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && !answer.Allowed:
		return "none"
	case err != nil:
		o.Fatal(err)
	case answer.Until.IsZero():
		return "always"
	}
	text := answer.Until.Sub(o.began).String()
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return "until " + text
}

// fresh are the kinds of the entries that a task's history has got since the last act.
func (o *office) fresh(f *followed) []task.AuditKind {
	o.Helper()
	p, err := o.house.tasks.Events(o.Context(), task.HistoryFilter{Tasks: []task.ID{f.ID}}, firstPage)
	o.ok(err)
	var kinds []task.AuditKind
	for _, e := range p.Items {
		if !f.lines[e.ID] {
			kinds = append(kinds, e.Kind)
		}
		f.lines[e.ID] = true
	}
	return kinds
}

func (o *office) history(a act, fresh []task.AuditKind, wrong func(string, ...any)) {
	o.Helper()
	for _, kind := range a.Audit {
		if !slices.Contains(fresh, task.AuditKind(kind)) {
			wrong("no %s in %v", kind, fresh)
		}
	}
	for _, kind := range a.NoAudit {
		if slices.Contains(fresh, task.AuditKind(kind)) {
			wrong("there is %s in %v", kind, fresh)
		}
	}
}

func (o *office) rights(a act, t task.Task, wrong func(string, ...any)) {
	o.Helper()
	for may, people := range map[bool]map[string][]string{true: a.May, false: a.MayNot} {
		for who, actions := range people {
			list, err := o.house.tasks.Actions(o.as(who), t)
			o.ok(err)
			for _, one := range actions {
				if slices.Contains(list, task.Action(one)) != may {
					wrong("%s may %v; %s must be among it: %v", who, list, one, may)
				}
			}
		}
	}
}

// always is what holds after every act: no party decides unless the step lets them, what waits for somebody is what they may decide,
// what is offered is what they may do, and nobody has the same twice.
func (o *office) always(a act, t task.Task, r task.Resolution, wrong func(string, ...any)) {
	o.Helper()
	approval := (*policy.Approval)(nil)
	if t.Current != nil {
		approval = t.Current.Step.Approval
	}
	for name, u := range o.staff {
		may := len(r.Of(u)) > 0
		if may && t.Party(u) && approval != nil && !approval.AllowSelfApproval && approval.Kind != policy.Self {
			wrong("%s may decide a request of their own", name)
		}
		p, err := o.house.tasks.Work(o.Context(), u, firstPage)
		o.ok(err)
		waits := slices.ContainsFunc(p.Items, func(one task.Task) bool { return one.ID == t.ID })
		unnoticed := a.Asleep && r.Tier != task.Named
		outwaited := a.Asleep && r.Tier == "" // until it is noticed
		if may && !waits && !unnoticed || waits && !may && t.Current.Tier == task.Named && !outwaited {
			wrong("%s may decide: %v, has it among their work: %v (%s)", name, may, waits, r.Tier)
		}
		if approval == nil {
			continue
		}
		list, err := o.house.tasks.Actions(o.as(name), t)
		o.ok(err)
		if offered := slices.Contains(list, task.Approve); offered != may {
			wrong("%s may decide: %v, is offered to: %v", name, may, offered)
		}
	}
	var twice int
	o.ok(o.DB.Q(o.Context()).Row(`select count(*) from (select account_id from grants where app_id = $1 and ended_at is null
		group by account_id, entitlement_id having count(*) > 1) x`, string(o.app.ID)).Scan(&twice))
	if twice > 0 {
		wrong("%d grants are there twice", twice)
	}
}

// decided is what holds of every decision: who was eligible right before took it, and what was refused changed nothing.
func (o *office) decided(a act, before sight, after task.Task, err error, wrong func(string, ...any)) {
	o.Helper()
	who, decides := a.Verb["approve"]
	if who == "" {
		who, decides = a.Verb["deny"]
	}
	if decides && a.Change == nil {
		eligible := len(before.eligible.Of(o.user(who))) > 0
		if err == nil && !eligible {
			wrong("%s decided without being eligible", who)
		}
		if fault.Is(err, fault.Denied) && eligible {
			wrong("%s was eligible and is refused", who)
		}
	}
	if err != nil && len(a.Verb) > 0 && a.Change == nil && after.Version != before.Version {
		wrong("was refused and changed something")
	}
}
