package task

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// turn is one task in one transaction: events are applied, what their effects bring back is applied too, and what has become of the
// task is written at the end.
type turn struct {
	*Service

	tx      *db.Tx
	actor   audit.Actor
	now     time.Time
	known   *known
	before  Task // as it is in the database; without a version it is not there yet
	t       Task
	entries []Entry
	notices []Notify
	names   map[directory.UserID]string // of those in whose place somebody is told to decide
	closing bool
	swept   bool        // it is denied because another is that was asked for with it
	over    *Carried    // the grant has ended already: the answer to RevokeAccess
	wake    []time.Time // when the due loop is to look
}

// apply applies an event, and whatever its effects bring back.
func (v *turn) apply(e Event) error {
	after, effects, err := v.t.Apply(e, v.now)
	if err != nil {
		return err
	}
	v.t = after
	for _, one := range effects {
		if err := v.effect(one); err != nil {
			return err
		}
	}
	return nil
}

func (v *turn) effect(e Effect) error {
	if v.tx == nil && !v.ahead(e) {
		return errAsks
	}
	switch e := e.(type) {
	case Audit:
		v.entries = append(v.entries, Entry{
			Task: v.t.ID, At: v.now, Kind: e.Kind, User: e.By, For: e.For, Step: e.Step, Comment: e.Comment, Data: e.Data,
		})
	case Notify:
		return v.notify(e)
	case Spare:
		if v.Notices != nil {
			return v.Notices.Spare(v.tx, string(v.t.ID), notify.Decide, e.Users)
		}
	case Closing:
		v.closing = true
	case WakeAt:
		v.wakes(e.At)
	case Hurry:
		v.Grants.Hurry(v.tx, v.t.Grant, v.now)
	case Resolve:
		return v.resolveStep(e)
	case Check:
		answer, ok := v.known.holds[e.Condition]
		if !ok {
			return &need{task: v.t, condition: e.Condition}
		}
		return v.apply(Checked{Step: e.Step, Holds: answer.holds, Error: answer.err})
	case Replan:
		return v.replan(e)
	case GrantAccess:
		return v.give(e)
	case RevokeAccess:
		return v.takeAway(e)
	case Deliver:
		return v.deliver(e)
	}
	return nil
}

// ahead reports whether an effect of a task that begins at the end of its grant needs no transaction.
func (v *turn) ahead(e Effect) bool {
	switch e.(type) {
	case Audit, Closing, WakeAt:
		return true
	case RevokeAccess:
		return v.over != nil
	}
	return false
}

// wakes has the due loop look at a time, or whoever writes the task ahead of whose transaction it begins.
func (v *turn) wakes(at time.Time) {
	if v.tx == nil {
		v.wake = append(v.wake, at)
		return
	}
	due.Wake(v.tx, at)
}

// replan finds the steps of another policy. If that is gone, the step stays with whom it asks.
func (v *turn) replan(e Replan) error {
	answer, ok := v.known.plans[e.Policy]
	switch {
	case !ok:
		return &need{task: v.t, plan: e.Policy}
	case answer.refused != "":
		v.entries = append(v.entries, Entry{
			Task: v.t.ID, At: v.now, Kind: ExpressionFailed, Step: v.t.Step(), Data: map[string]any{"error": answer.refused},
		})
		return nil
	}
	return v.apply(Planned{Plan: answer.plan, Why: e.Why})
}

// resolveStep finds who decides the step that was opened.
func (v *turn) resolveStep(e Resolve) error {
	r := Resolved{Step: e.Step}
	i := v.t.Current
	var named namedBy
	if a := i.Step.Approval; a != nil && a.Kind == policy.Expression && !i.Assigned {
		var ok bool
		if named, ok = v.known.approvers[together(a.Expressions)]; !ok {
			return &need{task: v.t, approvers: a.Expressions}
		}
		r.Error, r.Skip = named.err, named.err == "" && len(named.users) == 0
	}
	if !r.Skip {
		q := v.t.Question(i, named.users)
		if a := i.Step.Approval; a != nil && !i.Assigned && len(q.Seats) == 0 { // found again also where it had been found before
			q.Named = v.t.slots(a, named.users)
		}
		var err error
		if r.Resolution, err = v.answer(v.tx, q, v.now); err != nil {
			return err
		}
	}
	return v.apply(r)
}

// give makes the grant. That it cannot be given is what becomes of the task, not of whoever decided.
func (v *turn) give(e GrantAccess) error {
	if v.t.Group.there() {
		return v.bind(e)
	}
	account, refused, err := v.accountIn(e.Of.AppID)
	if err != nil {
		return err
	}
	if refused != "" {
		return v.apply(Carried{Error: refused, Final: true})
	}
	if e.Of.AppID == v.t.App {
		v.t.Account = account
	}
	by, standing := v.t.Decider()
	g, err := v.gives(e, grant.Gift{
		Key: grant.Key{App: e.Of.AppID, Entitlement: e.Of.ID, Account: account}, For: v.t.Subject, End: e.End, Extend: e.Extend,
		Given: grant.Provenance{
			By: grant.Person{ID: v.t.Opener, Name: v.t.Names.Opener}, Task: string(v.t.ID), PolicyVersion: string(v.t.Generation),
			DecidedBy: by, DecidedFor: standing,
		},
	})
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code != fault.Conflict {
		return v.apply(Carried{Error: f.Message, Final: true})
	}
	if err != nil {
		return err
	}
	return v.apply(Carried{Grant: g.ID, Over: g.State == grant.Active})
}

// accountIn is the account of the subject in an app, which is made where there is none.
func (v *turn) accountIn(in app.ID) (account app.AccountID, refused string, err error) {
	if in == v.t.App && v.t.Account != "" {
		return v.t.Account, "", nil
	}
	answer, ok := v.known.accounts[in]
	if !ok {
		return "", "", &need{task: v.t, account: in}
	}
	return answer.id, answer.err, nil
}

// takeAway ends the grant. What is not held is taken already.
func (v *turn) takeAway(e RevokeAccess) error {
	if v.over != nil {
		return v.apply(*v.over)
	}
	if v.t.Group.there() {
		return v.unbind(e)
	}
	if v.t.enrolls() {
		return v.part(e)
	}
	account, refused, err := v.accountIn(e.Of.AppID)
	if err != nil {
		return err
	}
	if refused != "" {
		return v.apply(Carried{Over: true})
	}
	taking := grant.Taking{
		Key: grant.Key{App: e.Of.AppID, Entitlement: e.Of.ID, Account: account}, Task: string(v.t.ID), Own: e.Undo,
		By: grant.Person{ID: v.t.Opener, Name: v.t.Names.Opener}, Note: cut(v.t.Description),
	}
	g, err := v.Grants.Take(v.tx, v.actor, taking, v.now)
	switch f, ok := errors.AsType[*fault.Fault](err); {
	case err == nil:
		return v.apply(Carried{Grant: g.ID, Over: g.State == grant.Ended || g.State == grant.Active})
	case ok && f.Code == fault.NotFound:
		return v.apply(Carried{Over: true})
	case ok && f.Code != fault.Conflict:
		return v.apply(Carried{Error: f.Message, Final: true})
	default:
		return err
	}
}

// cut makes a note of a description.
func cut(s string) string {
	if r := []rune(s); len(r) > grant.MaxNote {
		return string(r[:grant.MaxNote])
	}
	return s
}

// deliver calls a webhook. One that is not there, or none at all, does not answer.
func (v *turn) deliver(e Deliver) error {
	if v.Webhooks == nil {
		return v.apply(Answered{Step: e.Step, GaveUp: true, Text: "webhooks are not served"})
	}
	if v.t.Current != nil && v.t.Current.Delivery != "" { // it is asked anew, and an answer to what it was asked before counts no more
		if err := v.Webhooks.Cancel(v.tx, refOf(v.t.ID, e.Step)); err != nil {
			return err
		}
	}
	event := webhook.EventApproval
	if e.Event == "provision" {
		event = webhook.EventProvision
	}
	d, err := v.Webhooks.Deliver(v.tx, webhook.ID(e.Webhook), event, refOf(v.t.ID, e.Step), nil)
	if fault.Is(err, fault.NotFound) {
		return v.apply(Answered{Step: e.Step, GaveUp: true, Text: "the webhook is not there any more"})
	}
	if err == nil && v.t.Current != nil {
		current := *v.t.Current
		current.Delivery, v.t.Current = string(d), &current
	}
	if last := len(v.entries) - 1; last >= 0 && v.entries[last].Data["webhookId"] != nil { // the line that says it is called
		v.entries[last].Data["deliveryId"] = string(d)
	}
	return err
}

// write writes what has become of the task, unless nothing has.
func (v *turn) write() error {
	if !v.changed() {
		return nil
	}
	if err := save(v.tx, v.before, &v.t); err != nil {
		return err
	}
	return v.rest()
}

func (v *turn) changed() bool { return len(v.entries) > 0 || !v.t.UpdatedAt.Equal(v.before.UpdatedAt) }

// rest writes what goes with the task's row.
func (v *turn) rest() error { return v.restOf(v.tx, v.actor, []*turn{v}) }

// restOf writes what goes with the rows of tasks that somebody changed at one moment, with few statements.
func (s *Service) restOf(tx *db.Tx, actor audit.Actor, turns []*turn) error {
	for _, v := range turns {
		saveAsks(tx, v.before, v.t)
		saveAsked(tx, v.before, v.t)
		undone(tx, v.before, v.t)
	}
	if err := s.record(tx, actor, turns); err != nil {
		return err
	}
	var told []notify.Notice
	for _, v := range turns {
		if err := v.left(); err != nil {
			return err
		}
		told = append(told, v.told()...)
	}
	if s.Notices != nil && len(told) > 0 {
		if err := s.Notices.Tell(tx, told...); err != nil {
			return err
		}
	}
	for _, v := range turns {
		if v.closing && v.t.Parent != "" {
			if err := v.childClosed(); err != nil {
				return err
			}
		}
		if v.closing {
			if err := v.sweep(); err != nil {
				return err
			}
		}
		if v.closing && v.t.enrolls() && v.Bindings != nil {
			v.Bindings.Decided(tx, v.t.proposal())
		}
	}
	return nil
}

// left takes back what was asked for the step that was open, if that has been left.
func (v *turn) left() error {
	old := v.before.Current
	if old == nil || old.ID == v.t.Step() {
		return nil
	}
	if v.Notices != nil && (old.approving() || old.manual()) {
		v.Notices.Cancel(v.tx, string(v.t.ID), notify.Decide)
	}
	if v.Webhooks != nil && old.Delivery != "" {
		return v.Webhooks.Cancel(v.tx, refOf(v.t.ID, old.ID))
	}
	return nil
}

// notify keeps a notice until the task is written, with the names it takes.
func (v *turn) notify(n Notify) error {
	v.notices = append(v.notices, n)
	if len(n.For) == 0 || v.Notices == nil {
		return nil
	}
	people, err := directory.Many(v.tx, slices.Compact(slices.Sorted(maps.Values(n.For))))
	if v.names == nil {
		v.names = map[directory.UserID]string{}
	}
	for _, u := range people {
		v.names[u.ID] = u.DisplayName
	}
	return err
}

// told are the notices as package notify knows them. Of a step that was left at once nobody is asked to decide it.
func (v *turn) told() []notify.Notice {
	var list []notify.Notice
	for _, n := range v.notices {
		if n.Kind == Decide && n.Step != v.t.Step() {
			continue
		}
		for _, u := range n.Users {
			own := u == v.t.Opener
			if n.Kind == Decided && v.t.Kind == Revoke && v.t.Outcome == Revoked && !own {
				continue // that their access has ended they are told
			}
			d := notify.Data{
				TaskNumber: v.t.Number, App: v.t.Names.App, Entitlement: v.t.Names.Entitlement, Subject: v.t.Names.Subject, By: v.t.Names.Opener,
				Reason: v.t.Description, Removal: v.t.Kind == Revoke, Lasts: v.t.Duration, For: v.names[n.For[u]],
			}
			if n.Kind == Decided {
				d.Outcome, d.By, d.Reason, d.Other = v.t.Outcome.words(), v.actor.Name, "", !own
			}
			list = append(list, notify.Notice{User: u, Kind: notify.Kind(n.Kind), TaskID: string(v.t.ID), Data: d})
		}
	}
	return list
}

// record writes the histories and the audit.
func (s *Service) record(tx *db.Tx, actor audit.Actor, turns []*turn) error {
	var lines []Entry
	var events []audit.Event
	for _, v := range turns {
		by, from := actor, len(events)
		for n := range v.entries {
			v.entries[n].State = v.t.State
			events = append(events, v.t.event(v.entries[n]))
			if v.entries[n].For != "" {
				by.OnBehalfOf = string(v.entries[n].For)
			}
		}
		lines = append(lines, v.entries...)
		if by == actor {
			continue
		}
		if err := s.Audit.RecordAll(tx, by, events[from:]); err != nil {
			return err
		}
		events = events[:from]
	}
	if err := entries(tx, lines); err != nil {
		return err
	}
	acts(tx, lines)
	return s.Audit.RecordAll(tx, actor, events)
}
