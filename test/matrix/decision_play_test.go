package matrix_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// firstPage is as much as a list gives at once.
var firstPage = page.Request{Size: page.MaxSize}

// followed is a task, and what was known of it after the last act.
type followed struct {
	task.Task

	first task.StepID     // the step that was open first
	lines map[string]bool // of its history, by id
}

// play plays a script in an office of its own.
func play(t *testing.T, h *house, w world, script []act) {
	t.Helper()
	o := furnish(t, h, w)
	for n, a := range script {
		before := o.seen(a)
		err := o.do(a)
		if a.Refused == "" && err != nil {
			t.Fatalf("act %d %v: %v", n+1, a.Verb, err)
		}
		if !o.expect(n+1, a, before, err) {
			t.FailNow()
		}
	}
}

// do moves the clock and has happen what the act says. The error is what the caller was told.
func (o *office) do(a act) error {
	o.Helper()
	if a.At != nil {
		o.until(a.At.after(o.began), a.Asleep)
	}
	if a.Change != nil {
		o.become(*a.Change)
		if !a.Asleep {
			o.due()
		}
	}
	if len(a.Verb) > 1 {
		o.Fatalf("several things at once: %v", a.Verb)
	}
	for verb, who := range a.Verb {
		err := o.say(verb, who, a)
		if !a.Asleep {
			o.due()
		}
		return err
	}
	return nil
}

// until moves the clock, from each moment at which something is due to the next.
func (o *office) until(at time.Time, asleep bool) {
	o.Helper()
	if at.Before(o.Clock.Now()) {
		o.Fatalf("the clock is at %s already", o.Clock.Now().Sub(o.began))
	}
	for !asleep {
		o.due()
		next := at
		for _, s := range o.sources {
			when, some, err := s.Next(o.Context())
			o.ok(err)
			if some && when.Before(next) {
				next = when
			}
		}
		if !next.Before(at) || !next.After(o.Clock.Now()) {
			break
		}
		o.Clock.Set(next)
	}
	o.Clock.Set(at)
	if !asleep {
		o.due()
	}
}

// due does what is due now.
func (o *office) due() {
	o.Helper()
	for range 50 {
		n := 0
		for _, s := range o.sources {
			did, err := s.Run(o.Context(), o.Clock.Now())
			o.ok(err)
			n += did
		}
		if n == 0 {
			return
		}
	}
	o.Fatal("it never ends")
}

// say has somebody do something with the task that the act is about.
func (o *office) say(verb, who string, a act) error {
	o.Helper()
	switch verb {
	case "ask", "extend", "revoke":
		return o.ask(verb, who, a)
	case "undelegate":
		return o.undelegate(who, a.To[0])
	case "race":
		return o.race(append(a.To, who), a)
	}
	f := o.followed(a.Task)
	ref, step, why, ctx := string(f.ID), f.Step(), "because", o.as(who)
	if a.Silent {
		why = ""
	}
	if a.Stale {
		step = f.first
	}
	do, ok := o.verbs(ctx, ref, step, why, a)[verb]
	if !ok {
		o.Fatalf("nobody can %q", verb)
	}
	_, err := do()
	return err
}

func (o *office) verbs(ctx context.Context, ref string, step task.StepID, why string, a act) map[string]func() (task.Task, error) {
	s := o.house.tasks
	return map[string]func() (task.Task, error){
		"approve":  func() (task.Task, error) { return s.Approve(ctx, ref, step, why) },
		"deny":     func() (task.Task, error) { return s.Deny(ctx, ref, step, why) },
		"skip":     func() (task.Task, error) { return s.SkipStep(ctx, ref, step, why) },
		"reassign": func() (task.Task, error) { return s.Reassign(ctx, ref, step, o.users(a.To), why) },
		"restart":  func() (task.Task, error) { return s.Restart(ctx, ref, step, why) },
		"close":    func() (task.Task, error) { return s.Close(ctx, ref, why) },
		"reset":    func() (task.Task, error) { return s.Reset(ctx, ref, why) },
		"process":  func() (task.Task, error) { return s.Process(ctx, ref) },
		"escalate": func() (task.Task, error) { return s.Escalate(ctx, ref, step, why) },
		"comment":  func() (task.Task, error) { return s.Comment(ctx, ref, why) },
		"retry":    func() (task.Task, error) { return s.RetryProvisioning(ctx, ref, step, why) },
		"complete": func() (task.Task, error) { return s.CompleteManual(ctx, ref, step, why) },
		"fail":     func() (task.Task, error) { return s.FailManual(ctx, ref, step, why) },
		"duration": func() (task.Task, error) { return s.UpdateDuration(ctx, ref, a.Lasting.span) },
		"data": func() (task.Task, error) {
			return s.UpdateData(ctx, ref, json.RawMessage(`{"at":"`+o.Clock.Now().String()+`"}`))
		},
	}
}

// ask makes a task, and compares whom it asks with what a dry run said right before.
func (o *office) ask(verb, who string, a act) error {
	o.Helper()
	subject := a.For
	if subject == "" {
		subject = who
	}
	what := task.Ask{
		App: o.app.ID, Entitlement: o.of.ID, Subject: o.user(subject), Duration: a.Lasting.span, Emergency: a.Urgent, Extension: verb == "extend",
		Description: "for the release",
	}
	request, kind := o.house.tasks.RequestGrant, task.Grant
	if verb == "revoke" {
		request, kind = o.house.tasks.RequestRevoke, task.Revoke
	}
	dry, dryErr := o.house.tasks.DryRun(o.as(who), kind, what)
	t, err := request(o.as(who), what)
	if err != nil {
		return err
	}
	o.ok(dryErr)
	o.last = a.As
	f := &followed{Task: t, first: t.Step(), lines: map[string]bool{}}
	o.tasks[o.last] = f
	if t.State == task.Open {
		o.predicted(dry, t)
	}
	return nil
}

// predicted compares the step that is open with what a dry run said of it.
func (o *office) predicted(dry task.Dry, t task.Task) {
	o.Helper()
	r, err := o.house.tasks.Eligible(o.Context(), t)
	o.ok(err)
	for _, s := range dry.Steps {
		if t.Current != nil && s.Index == t.Current.Index && (o.list(s.Resolution) != o.list(r) || s.Tier != r.Tier) {
			o.Errorf("the dry run said that %s %s would decide, and it is %s %s", s.Tier, o.list(s.Resolution), r.Tier, o.list(r))
		}
	}
}

// race has several people approve at once: one is heard, the others come too late.
func (o *office) race(people []string, a act) error {
	o.Helper()
	f := o.followed(a.Task)
	var all sync.WaitGroup
	errs := make([]error, len(people))
	for i, who := range people {
		ctx := o.as(who)
		all.Go(func() { _, errs[i] = o.house.tasks.Approve(ctx, string(f.ID), f.Step(), "") })
	}
	all.Wait()
	heard := 0
	for _, err := range errs {
		switch {
		case err == nil:
			heard++
		case !fault.Is(err, fault.Conflict):
			return err
		}
	}
	if heard != 1 {
		o.Errorf("%d of %d were heard: %v", heard, len(people), errs)
	}
	return nil
}

// followed is the task of that name; empty is the last asked for, "taken" the last revocation that nobody asked for.
func (o *office) followed(name string) *followed {
	o.Helper()
	if name == "" {
		name = o.last
	}
	if name == "taken" {
		var id string
		o.ok(o.DB.Q(o.Context()).Row(`select id from task where app_id = $1 and kind = 'REVOKE' and origin = 'TIME_REVOKE'
			order by number desc limit 1`, string(o.app.ID)).Scan(&id))
		if f := o.tasks[name]; f == nil || string(f.ID) != id {
			o.tasks[name] = &followed{Task: task.Task{ID: task.ID(id)}, lines: map[string]bool{}}
		}
	}
	f, ok := o.tasks[name]
	if !ok {
		o.Fatalf("no task is called %q", name)
	}
	t, err := o.house.tasks.Get(o.Context(), string(f.ID))
	o.ok(err)
	f.Task = t
	return f
}
