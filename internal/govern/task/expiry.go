package task

import (
	"context"
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

// onTime is what a grant's audit says when its end has come; it is then that a task takes it away.
const (
	onTime       = "grant.ended_on_time"
	directOnTime = "grant.direct_ended_on_time"
)

// GrantsMoved implements [grant.Notice]: tasks that wait for a grant go on, and where the end of one has come a task begins.
func (s *Service) GrantsMoved(tx *db.Tx, moved []grant.Step, at time.Time) error {
	if len(moved) == 0 {
		return nil
	}
	steps := make(map[grant.ID]grant.Step, len(moved))
	args := make([]any, len(moved))
	for i, one := range moved {
		steps[one.ID], args[i] = one, string(one.ID)
	}
	err := s.inside(tx, audit.System(), `grant_id <> '' and step = 'PROVISION' and grant_id in `+db.In(len(args), 1), args,
		func(v *turn) Event { return v.t.carried(steps[v.t.Grant]) })
	if kind := moved[0].Kind; err == nil && (kind == onTime || kind == directOnTime) { // all took the same step
		err = s.expired(tx, moved, at)
	}
	return err
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

// expired opens a task for each grant whose end has come, in the transaction that ends it. What the entitlement's revoke policy has
// to be asked passes by itself, so only how it has access removed counts: its provision steps. A policy with rules is asked right after,
// since no expression runs in here: its task begins without a plan, and [Begin] brings that. Access is over all the same.
func (s *Service) expired(tx *db.Tx, ended []grant.Step, now time.Time) error {
	facts, err := s.endings(tx, ended)
	if err != nil {
		return err
	}
	turns, taken := make([]*turn, 0, len(ended)), map[grant.ID]string{}
	var later [][]any
	for _, one := range ended {
		f := facts[one.ID]
		t := Task{
			ID: ID(id.New(now)), Kind: Revoke, Origin: ByTime, Auto: true, App: one.App, Entitlement: one.Entitlement, Account: one.Account,
			Resource: f.resource, ResourceType: f.resourceType, Subject: one.User, DisplayName: f.names.Entitlement, Names: f.names,
			Source: Source{ExpiredAt: one.EndingAt}, CreatedAt: now, Grant: one.ID,
		}
		if t.Source.ExpiredAt.IsZero() {
			t.Source.ExpiredAt = now
		}
		v := &turn{Service: s, tx: tx, actor: audit.System(), now: now, known: knowing(), t: t}
		v.over = &Carried{Grant: one.ID, Over: removed(one.Grant)}
		if err := v.apply(Created{Plan: f.plan, Later: f.rules}); err != nil {
			return err
		}
		if f.rules {
			later = append(later, []any{string(t.ID), beginning, clock.Micros(now)})
		}
		turns = append(turns, v)
		if one.Kind == onTime { // otherwise it lives on by what else gives it
			taken[one.ID] = string(t.ID)
		}
	}
	grant.Taken(tx, taken)
	if len(later) > 0 {
		queue(tx, `insert into task_later (task_id, event, due_at)`, 3, later)
		due.Wake(tx, now)
	}
	return s.insertAll(tx, turns, facts)
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
	by           sorts
}

// endings reads what the tasks at the ends of grants are made of: one statement for the names, one for the policies.
func (s *Service) endings(tx *db.Tx, ended []grant.Step) (map[grant.ID]ending, error) {
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
		known, err := app.ManyEntitlements(tx, refs)
		if err != nil {
			return nil, err
		}
		for _, e := range known {
			of[e.Ref()] = e
		}
		rows, err := tx.Query(`select g.id, p.display_name, e.display_name, e.sort_name, a.display_name, a.sort_name,
					coalesce(u.display_name, ''), coalesce(u.email, '')
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
	in, err := appsOf(tx, ended)
	if err != nil {
		return nil, err
	}
	plans := map[app.EntitlementRef]ending{}
	for _, one := range ended {
		ref := app.EntitlementRef{AppID: one.App, ID: one.Entitlement}
		by, ok := plans[ref]
		if !ok {
			if by.plan, by.rules, err = s.endPlan(tx, of[ref], in[one.App]); err != nil {
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
		err := rows.Scan(&g, &f.names.App, &f.names.Entitlement, &f.by.resource, &account, &f.by.account, &f.names.Subject, &email)
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

// insertAll writes new tasks with few statements.
func (s *Service) insertAll(tx *db.Tx, turns []*turn, facts map[grant.ID]ending) error {
	for _, chunk := range db.Chunks(turns, many) {
		if err := insertMany(tx, chunk, facts); err != nil {
			return err
		}
	}
	var lines []Entry
	for _, v := range turns {
		for n := range v.entries {
			v.entries[n].State = v.t.State
		}
		lines = append(lines, v.entries...)
		saveAsks(tx, Task{}, v.t)
		if s.Notices != nil && len(v.notices) > 0 {
			if err := s.Notices.Tell(tx, v.told()...); err != nil {
				return err
			}
		}
	}
	if err := entries(tx, lines); err != nil {
		return err
	}
	return s.Audit.RecordAll(tx, audit.System(), openings(turns))
}

// openings is one audit event for each task: its history has the rest, and the grant's end has an event of its own.
func openings(turns []*turn) []audit.Event {
	list := make([]audit.Event, len(turns))
	for i, v := range turns {
		list[i] = v.t.event(v.entries[0])
		list[i].Data["state"], list[i].Data["outcome"] = string(v.t.State), string(v.t.Outcome)
		list[i].Data["expiredAt"] = shown(v.t.Source.ExpiredAt)
	}
	return list
}

// insertMany adds tasks that nothing stands in the way of, and tells them their numbers.
func insertMany(tx *db.Tx, turns []*turn, facts map[grant.ID]ending) error {
	var args []any
	var values []byte
	byID := map[ID]*turn{}
	for _, v := range turns {
		text, err := v.t.doc()
		if err != nil {
			return err
		}
		row := insertArgs(v.t, facts[v.t.Grant].by, text)
		values = append(append(values, ','), db.In(len(row), len(args)+1)...)
		args, byID[v.t.ID] = append(args, row...), v
	}
	numbers, err := db.Collect(tx, func(r *db.Rows) (n numbered, err error) { return n, r.Scan(&n.id, &n.number) },
		insertSQL+string(values[1:])+` returning id, number`, args...)
	for _, n := range numbers {
		byID[n.id].t.Number, byID[n.id].t.Version = n.number, 1
	}
	return err
}

type numbered struct {
	id     ID
	number int64
}
