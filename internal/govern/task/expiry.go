package task

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/id"
)

// GrantsMoved implements [grant.Notice]: tasks that wait for a grant go on.
func (s *Service) GrantsMoved(tx *db.Tx, moved []grant.Step, _ time.Time) error {
	if len(moved) == 0 {
		return nil
	}
	steps := make(map[grant.ID]grant.Step, len(moved))
	args := make([]any, len(moved))
	for i, one := range moved {
		steps[one.ID], args[i] = one, string(one.ID)
	}
	return s.inside(tx, audit.System(), `grant_id <> '' and step = 'PROVISION' and grant_id in `+db.In(len(args), 1), args,
		func(v *turn) Event { return v.t.carried(steps[v.t.Grant]) })
}

// carried is what a step of its grant means to a task; nil for nothing.
func (t Task) carried(g grant.Step) Event {
	switch {
	case t.Kind == Revoke && g.State == grant.Ended, t.Kind == Revoke && g.Kind == "grant.direct_removed":
		return Carried{Grant: g.ID, Over: true}
	case t.Kind == Grant && g.State == grant.Active:
		return Carried{Grant: g.ID, Over: true}
	case t.Kind == Grant && (g.State == grant.Ended || g.State == grant.Ending):
		return Carried{Grant: g.ID, Error: "the grant was ended before it was in force", Final: true}
	default:
		return nil
	}
}

// GrantsFailed implements [grant.Notice]: the task shows the error; the target is called again by itself.
func (s *Service) GrantsFailed(tx *db.Tx, failed map[grant.ID]string, _ time.Time) error {
	args := make([]any, 0, len(failed))
	for g := range failed {
		args = append(args, string(g))
	}
	return s.inside(tx, audit.System(), `grant_id <> '' and step = 'PROVISION' and grant_id in `+db.In(len(args), 1), args,
		func(v *turn) Event { return Carried{Error: failed[v.t.Grant]} })
}

// GrantsExpired implements [grant.Notice]: a task begins for each grant whose end has come, in the transaction that ends it. What the
// entitlement's revoke policy has to be asked passes by itself, so only how it has access removed counts: its provision steps. A policy
// with rules is asked right after, since no expression runs in here: its task begins without a plan, and [Begin] brings that. Access is
// over all the same.
//
// A task whose beginning asks somebody, a person or a webhook, begins in the transaction; the others are put together before.
func (s *Service) GrantsExpired(q db.Q, ended []grant.Step, now time.Time) (grant.Expiry, error) {
	facts, err := s.endings(q, ended)
	if err != nil {
		return grant.Expiry{}, err
	}
	var alone, asking []*turn
	var later [][]any
	var extended []any
	tasks := make(map[grant.ID]string, len(ended))
	for _, one := range ended {
		f := facts[one.ID]
		v := s.takes(one, f, now)
		tasks[one.ID] = string(v.t.ID)
		if f.rules {
			later = append(later, []any{string(v.t.ID), beginning, clock.Micros(now)})
		}
		if f.extended {
			extended = append(extended, string(one.ID))
		}
		fresh := *v
		switch err := v.apply(f.begins()); {
		case errors.Is(err, errAsks):
			asks := fresh
			asking = append(asking, &asks)
		case err != nil:
			return grant.Expiry{}, err
		default:
			alone = append(alone, v)
		}
	}
	overtaken, err := extensions(q, extended)
	if err != nil {
		return grant.Expiry{}, err
	}
	var script db.Script
	queue(&script, `insert into task_later (task_id, event, due_at)`, 3, later)
	if err := s.begin(&script, alone, facts); err != nil {
		return grant.Expiry{}, err
	}
	return grant.Expiry{Tasks: tasks, Write: func(tx *db.Tx) error {
		script.Run(tx)
		for _, v := range alone {
			for _, at := range v.wake {
				due.Wake(tx, at)
			}
		}
		if len(overtaken) > 0 {
			which := `select id as task_id from task where state = 'OPEN' and id in ` + db.In(len(overtaken), 1)
			if err := s.cancel(tx, audit.System(), overtakenByTheEnd, which, overtaken...); err != nil {
				return err
			}
		}
		return s.ask(tx, asking, facts)
	}}, nil
}

// overtakenByTheEnd is why an extension is cancelled that nobody decided in time.
const overtakenByTheEnd = "the access ended before this was decided; ask for it anew"

// extending joins a grant g with the tasks t that would have moved its end. From its end on no grant can be extended any more.
const extending = `t.target = g.account_id and t.app_id = g.app_id and t.entitlement_id = g.entitlement_id
	and t.kind = 'GRANT' and t.state = 'OPEN' and t.origin <> 'TIME_REVOKE' and t.extension`

// extensions are those of grants that are known to have some.
func extensions(q db.Q, grants []any) ([]any, error) {
	if len(grants) == 0 {
		return nil, nil
	}
	return db.Collect(q, func(r *db.Rows) (any, error) {
		var t string
		err := r.Scan(&t)
		return t, err
	}, `select t.id from grants g join task t on `+extending+` where g.id in `+db.In(len(grants), 1), grants...)
}

// errAsks is the answer to a task that begins outside a transaction and needs one.
var errAsks = errors.New("the task asks somebody")

// takes is the task that takes a grant whose end has come. It has not begun.
func (s *Service) takes(one grant.Step, f ending, now time.Time) *turn {
	t := Task{
		ID: ID(id.New(now)), Kind: Revoke, Origin: ByTime, Auto: true, App: one.App, Entitlement: one.Entitlement, Account: one.Account,
		Resource: f.resource, ResourceType: f.resourceType, Subject: one.User, DisplayName: f.names.Entitlement, Names: f.names,
		Source: Source{ExpiredAt: one.EndingAt}, CreatedAt: now, Grant: one.ID,
	}
	if t.Source.ExpiredAt.IsZero() {
		t.Source.ExpiredAt = now
	}
	return &turn{
		Service: s, actor: audit.System(), now: now, known: &known{}, t: t, over: &Carried{Grant: one.ID, Over: removed(one.Grant)},
	}
}

// begin writes tasks that ask nobody.
func (s *Service) begin(w db.Queuer, turns []*turn, facts map[grant.ID]ending) error {
	for _, chunk := range db.Chunks(turns, many) {
		var args []any
		for n, v := range chunk {
			text, err := v.t.doc()
			if err != nil {
				return err
			}
			own := insertArgs(v.t, facts[v.t.Grant].by, text)
			if n == 0 {
				args = make([]any, 0, len(chunk)*len(own))
			}
			args = append(args, own...)
		}
		w.Queue(insertSQL+db.Values(len(chunk), len(args)/len(chunk), 1), args...)
	}
	return begun(w, turns)
}

// begun writes the histories of tasks that have begun. The audit tells of them with the ends of their grants.
func begun(w db.Queuer, turns []*turn) error {
	lines := make([]Entry, 0, len(turns)*LinesPerRow/2)
	for _, v := range turns {
		for n := range v.entries {
			v.entries[n].State = v.t.State
		}
		lines = append(lines, v.entries...)
	}
	return entries(w, lines)
}

// ask writes tasks that ask somebody as they begin.
func (s *Service) ask(tx *db.Tx, turns []*turn, facts map[grant.ID]ending) error {
	made := make([]*turn, len(turns))
	for n := range turns {
		fresh := *turns[n] // the transaction may be made again
		v := &fresh
		made[n], v.tx = v, tx
		if err := v.apply(facts[v.t.Grant].begins()); err != nil {
			return err
		}
		if err := insert(tx, &v.t, facts[v.t.Grant].by); err != nil {
			return err
		}
		saveAsks(tx, Task{}, v.t)
		if s.Notices != nil && len(v.notices) > 0 {
			if err := s.Notices.Tell(tx, v.told()...); err != nil {
				return err
			}
		}
	}
	return begun(tx, made)
}

// beginning is the event that a task waits for which began without a plan.
const beginning = `{"begin":true}`

// removed reports whether the target has nothing to do about the end of a grant's direct source, or has done it.
func removed(g grant.Grant) bool {
	return g.State == grant.Ended || g.State == grant.Active && (g.Connector == "" || g.Kept > 0)
}

// begins is the beginning of a task whose plan is found now, and what has become of its grant meanwhile.
func (v *turn) begins() (Event, error) {
	plan, err := v.plan(v.t)
	if err != nil {
		return nil, err
	}
	over, err := v.Grants.Settled(v.tx, v.t.Grant)
	if err != nil {
		return nil, err
	}
	v.over = &Carried{Grant: v.t.Grant, Over: over}
	return Begin{plan}, nil
}

// endingPlan is what the revoke policy says of the end of a grant, its rules too. Where it cannot say, it is as if it had none.
func (s *Service) endingPlan(ctx context.Context, g ground, t Task) (Plan, error) {
	p, err := s.plan(ctx, g, t)
	if text, broken := words(err); text == "" || broken != nil {
		return p, broken
	}
	p, _, err = s.endPlan(s.DB.Q(ctx), g.of, g.in)
	return p, err
}

// ending is what the task at the end of a grant is made of.
type ending struct {
	resource     app.ResourceID
	resourceType app.ResourceTypeID
	names        Names
	plan         Plan
	rules        bool // the policy has rules, which are asked later: plan is empty
	extended     bool // an extension is open
	by           sorts
}

// begins is how the task does.
func (e ending) begins() Event { return Created{Plan: e.plan, Later: e.rules} }

// endings reads what the tasks at the ends of grants are made of: one statement for the names, one for the policies.
func (s *Service) endings(q db.Q, ended []grant.Step) (map[grant.ID]ending, error) {
	out := make(map[grant.ID]ending, len(ended))
	of := map[app.EntitlementRef]app.Entitlement{}
	for _, chunk := range db.Chunks(ended) {
		args := make([]any, len(chunk))
		refs := make([]app.EntitlementRef, 0, len(chunk))
		for i, one := range chunk {
			args[i] = string(one.ID)
			if ref := (app.EntitlementRef{AppID: one.App, ID: one.Entitlement}); of[ref].ID == "" {
				of[ref], refs = app.Entitlement{ID: ref.ID}, append(refs, ref)
			}
		}
		known, err := app.ManyEntitlements(q, refs)
		if err != nil {
			return nil, err
		}
		for _, e := range known {
			of[e.Ref()] = e
		}
		rows, err := q.Query(`select g.id, p.display_name, e.display_name, e.sort_name, a.display_name, a.sort_name,
					coalesce(u.display_name, ''), coalesce(u.email, ''), exists (select 1 from task t where `+extending+`)
				from grants g join app p on p.id = g.app_id
				join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
				join account a on a.app_id = g.app_id and a.id = g.account_id
				left join users u on u.id = a.user_id where g.id in `+db.In(len(args), 1), args...)
		if err != nil {
			return nil, err
		}
		if err := scanEndings(rows, out); err != nil {
			return nil, err
		}
	}
	in, err := appsOf(q, ended)
	if err != nil {
		return nil, err
	}
	plans := map[app.EntitlementRef]ending{}
	for _, one := range ended {
		ref := app.EntitlementRef{AppID: one.App, ID: one.Entitlement}
		by, ok := plans[ref]
		if !ok {
			if by.plan, by.rules, err = s.endPlan(q, of[ref], in[one.App]); err != nil {
				return nil, err
			}
			if by.rules {
				by.plan = Plan{}
			}
			plans[ref] = by
		}
		f := out[one.ID]
		f.plan, f.rules, f.resource, f.resourceType = by.plan, by.rules, of[ref].ResourceID, of[ref].TypeID
		out[one.ID] = f
	}
	return out, nil
}

// appsOf reads the apps of grants.
func appsOf(q db.Q, ended []grant.Step) (map[app.ID]app.App, error) {
	of, ids := map[app.ID]app.App{}, []app.ID(nil)
	for _, one := range ended {
		if _, known := of[one.App]; !known {
			of[one.App], ids = app.App{}, append(ids, one.App)
		}
	}
	list, err := app.ManyApps(q, ids)
	for _, a := range list {
		of[a.ID] = a
	}
	return of, err
}

func scanEndings(rows *db.Rows, out map[grant.ID]ending) error {
	defer rows.Close()
	for rows.Next() {
		var g grant.ID
		var f ending
		var account, email string
		err := rows.Scan(&g, &f.names.App, &f.names.Entitlement, &f.by.resource, &account, &f.by.account, &f.names.Subject, &email,
			&f.extended)
		if err != nil {
			return err
		}
		if f.by.subject = app.SortName(f.names.Subject); f.names.Subject == "" {
			f.names.Subject, f.by.subject = account, ""
		}
		f.by.search = db.Fold(f.names.Entitlement + " " + f.names.App + " " + f.names.Subject + " " + email)
		out[g] = f
	}
	return rows.Err()
}

// endPlan is what the revoke policy of an entitlement does at the end of a grant where no rule of it holds, and whether it has any. Where
// it cannot be found, access is removed as the entitlement says.
func (s *Service) endPlan(q db.Q, e app.Entitlement, in app.App) (plan Plan, rules bool, err error) {
	bare := Plan{Steps: Flatten(nil, e.Deprovision)}
	if e.AppID == "" || !e.DeletedAt.IsZero() {
		return bare, false, nil
	}
	pid, err := s.Policies.For(e, in, policy.Revoke, false)
	if err != nil {
		return Plan{}, false, err
	}
	for range policy.MaxDepth {
		list, err := s.Policies.Many(q, []policy.ID{pid})
		if err != nil {
			return Plan{}, false, err
		}
		if len(list) == 0 {
			break
		}
		p := list[0]
		rules = rules || len(p.Rules) > 0
		if p.BaselineID == "" {
			key := policy.Revoke.Baseline()
			return Plan{Policy: p.ID, Generation: p.Generation, Key: key, Steps: Flatten(p.Steps[key], e.Deprovision)}, rules, nil
		}
		pid = p.BaselineID
	}
	return bare, rules, nil
}
