package task

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// batch is how many tasks are looked at in a row.
const batch = 100

// putOff is how long a task waits for another try whose time had come and led to an error.
const putOff = time.Minute

// Clockwork is the due source of tasks: steps escalate, waits end, conditions are looked at, and what happened to tasks elsewhere is
// brought to its end.
type Clockwork struct{ *Service }

// Due is the due source of tasks.
func (s *Service) Due() due.Source { return Clockwork{s} }

// Name implements due.Source.
func (Clockwork) Name() string { return "task" }

const (
	nextSQL = `select min(at) from (select min(due_at) as at from task where due_at is not null
		union all select min(due_at) as at from task_later) x`
	lateSQL = `select task_id from task_later where due_at <= $1 order by due_at, number limit $2`
	dueSQL  = `select id from task where due_at is not null and due_at <= $1 order by due_at, number limit $2`
)

// Next implements due.Source.
func (c Clockwork) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := c.DB.Q(ctx).Row(nextSQL).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

func scanID(r *db.Rows) (i ID, err error) { return i, r.Scan(&i) }

// Run implements due.Source. A task that leads to an error does not hold up the others, and loses nothing: it is tried again after a
// while.
func (c Clockwork) Run(ctx context.Context, now time.Time) (int, error) {
	q := c.DB.Q(ctx)
	waiting, err := db.Collect(q, scanID, lateSQL, clock.Micros(now), batch)
	if err != nil {
		return 0, err
	}
	ready, err := db.Collect(q, scanID, dueSQL, clock.Micros(now), batch)
	if err != nil {
		return 0, err
	}
	waiting = each(waiting)
	for n, one := range append(waiting, ready...) {
		bring, hindered := c.reached, c.putOff
		if n < len(waiting) {
			bring, hindered = c.late, c.hindered
		}
		err := bring(ctx, one)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return 0, err
		}
		c.Log.WarnContext(ctx, "a task that was due led to an error", slog.String("task", string(one)), slog.Any("error", err))
		if err := hindered(ctx, one, err); err != nil {
			return 0, err
		}
	}
	return len(waiting) + len(ready), nil
}

// each are the ids without those that came before.
func each(list []ID) []ID {
	var once []ID
	seen := map[ID]bool{}
	for _, one := range list {
		if !seen[one] {
			seen[one], once = true, append(once, one)
		}
	}
	return once
}

// late brings the oldest event that waits for a task. What a task that is closed is told comes too late.
func (c Clockwork) late(ctx context.Context, id ID) error {
	if _, err := Get(c.DB.Q(ctx), string(id)); fault.Is(err, fault.NotFound) {
		return c.forget(ctx, id)
	}
	_, err := c.change(ctx, audit.System(), string(id), func(v *turn) (Event, error) {
		var number int64
		var text string
		err := v.tx.Row(`select number, event from task_later where task_id = $1 order by number limit 1`, string(id)).Scan(&number, &text)
		if errors.Is(err, db.ErrNoRows) { // another replica was faster
			return nil, nil //nolint:nilnil // no event
		}
		var l late
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil { //nolint:musttag // as it was written
			return nil, fault.Wrap(fault.Invalid, err, "it cannot be read")
		}
		v.tx.Queue(`delete from task_later where number = $1`, number)
		if l.By != nil {
			v.actor = *l.By
		}
		if v.t.State != Open {
			return nil, nil //nolint:nilnil // no event
		}
		if l.Begin {
			return v.begins()
		}
		return l.event(v.t), nil
	})
	return err
}

// forget drops what waits for a task that is deleted.
func (c Clockwork) forget(ctx context.Context, id ID) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from task_later where task_id = $1`, string(id))
		return err
	})
}

// reached tells a task that its time has come.
func (c Clockwork) reached(ctx context.Context, id ID) error {
	t, err := Get(c.DB.Q(ctx), string(id))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case t.Kind == Offboarding && !t.Spread:
		return c.spread(ctx, t)
	}
	_, err = c.change(ctx, audit.System(), string(id), func(*turn) (Event, error) { return Reached{}, nil })
	return err
}

// putOff has a task tried again after a while.
func (c Clockwork) putOff(ctx context.Context, id ID, _ error) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update task set due_at = $2 where id = $1 and state = 'OPEN'`, string(id), clock.Micros(c.Clock.Now().Add(putOff)))
		return err
	})
}

// RequestOffboarding asks that all is taken that somebody holds: a task for each grant, which the due loop makes. Faults as for
// [Service.RequestGrant].
func (s *Service) RequestOffboarding(ctx context.Context, a Ask) (Task, error) {
	if err := checkText("description", a.Description, MaxDescription); err != nil {
		return Task{}, err
	}
	now := s.Clock.Now()
	t := offboarding(ctx, a, now)
	var by sorts
	if err := new(ground).about(s.DB.Q(ctx), &t, &by); err != nil {
		return Task{}, err
	}
	return alone(s.create(ctx, []prepared{{Task: t, by: by, begin: Created{By: Who{User: t.Opener}}}}, nil))
}

// spread makes the tasks of an offboarding. What is being taken already is taken.
func (c Clockwork) spread(ctx context.Context, t Task) error {
	type item struct {
		of      app.EntitlementRef
		account app.AccountID
	}
	q := c.DB.Q(ctx)
	list, err := db.Collect(q, func(r *db.Rows) (i item, err error) {
		return i, r.Scan(&i.of.AppID, &i.of.ID, &i.account)
	}, `select g.app_id, g.entitlement_id, g.account_id from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
		where a.user_id = $1 and g.ended_at is null and g.ending_at is null and g.direct <> '' order by g.id`, string(t.Subject))
	if err != nil {
		return err
	}
	ctx = audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: string(t.Opener), Name: t.Names.Opener})
	if t.Opener == "" {
		ctx = audit.With(ctx, audit.System())
	}
	made := 0
	var others []string // tasks of others that take something of it already
	for _, one := range list {
		_, err := c.RequestRevoke(ctx, Ask{
			App: one.of.AppID, Entitlement: one.of.ID, Account: one.account, Description: t.Description, Origin: t.Origin, Parent: t.ID,
			Source: Source{RequestedBy: t.Opener},
		})
		switch f, ours := errors.AsType[*fault.Fault](err); {
		case err == nil:
			made++
		case !ours:
			return err
		case f.Code == fault.Exists && len(f.Details) > 0:
			others = append(others, f.Details[0].Metadata["taskId"])
		default: // it is gone since
			c.Log.InfoContext(ctx, "a grant needs no task of its own", slog.String("offboarding", string(t.ID)), slog.String("why", f.Message))
		}
	}
	_, err = c.change(ctx, audit.System(), string(t.ID), func(v *turn) (Event, error) {
		if err := v.apply(Spreading{Tasks: made}); err != nil {
			return nil, err
		}
		for _, one := range others { // what they come to, the offboarding waits for as well
			if _, err := v.tx.Exec(adoptSQL, one, string(t.ID)); err != nil {
				return nil, err
			}
		}
		e, err := v.ready()
		if err != nil || e == nil {
			return nil, errors.Join(err, v.write())
		}
		return e, nil
	})
	return err
}

const adoptSQL = `update task set parent_id = $2 where id = $1 and parent_id = '' and state = 'OPEN'`

// ready is the end of the offboarding of the turn; nil while a task that belongs to it is open.
func (v *turn) ready() (Event, error) {
	open, err := children(v.tx, v.t.ID)
	if err != nil || open > 0 {
		return nil, err
	}
	var e Ready
	err = v.tx.Row(`select count(*) from account a join grants g on g.app_id = a.app_id and g.account_id = a.id
		where a.user_id = $1 and g.ended_at is null and g.ending_at is null and g.direct <> ''`, string(v.t.Subject)).Scan(&e.Held)
	return e, err
}

// children counts the open tasks that belong to an offboarding.
func children(q db.Q, of ID) (n int, err error) {
	err = q.Row(`select count(*) from task where parent_id = $1 and state = 'OPEN'`, string(of)).Scan(&n)
	return n, err
}

// childClosed ends the offboarding that the task belonged to, if it was the last one open.
func (v *turn) childClosed() error {
	p, err := v.turn(v.tx, audit.System(), string(v.t.Parent), v.known)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	e, err := p.ready()
	if err != nil || e == nil {
		return err
	}
	if err := p.apply(e); err != nil {
		return err
	}
	return p.write()
}
