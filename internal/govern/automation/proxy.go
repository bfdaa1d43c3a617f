package automation

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// GetProxy reads a live proxy. NotFound if there is none.
func (s *Service) GetProxy(ctx context.Context, b Binding) (Proxy, error) {
	return getProxy(s.DB.Q(ctx), b, s.Clock.Now(), "")
}

// Bind makes a proxy that lasts until an end (zero: without end); the holders of the source hold the destination soon after. NotFound for
// an entitlement that is not there; Invalid for an end that is not in the future; Exists for a proxy that there is; Precondition for a
// destination that is a source of the source, itself included, and above [MaxProxies] of one source and [MaxSourcesOf] one destination.
func (s *Service) Bind(ctx context.Context, b Binding, until time.Time) (p Proxy, err error) {
	if err := mayPass(ctx, s.DB.Q(ctx), b.Destination); err != nil {
		return p, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		var fresh bool
		p, fresh, err = s.bind(tx, audit.From(ctx), Proxy{Binding: b, Until: until})
		if err == nil && !fresh {
			err = fault.New(fault.Exists, "the entitlements are bound already")
		}
		return err
	})
	return p, err
}

// Hold is [Service.Bind] in the caller's transaction, but that what is bound already is extended: the later end wins. Of p its binding, its
// end and its task count; a task that extends is named in the audit only.
func (s *Service) Hold(tx *db.Tx, actor audit.Actor, p Proxy) (Proxy, error) {
	made, fresh, err := s.bind(tx, actor, p)
	if err != nil || fresh {
		return made, err
	}
	return s.moveEnd(tx, actor, p, func(old time.Time) time.Time { return clock.Later(old, p.Until) })
}

// Undo takes away, in the caller's transaction, a binding that was made by a task; one that was there before, or made since, stays.
func (s *Service) Undo(tx *db.Tx, actor audit.Actor, b Binding, task string) error {
	p, err := getProxy(tx, b, s.Clock.Now(), locked(tx))
	if fault.Is(err, fault.NotFound) || err == nil && p.Task != task {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Release(tx, actor, b)
}

// Holdable answers the faults that [Service.Hold] would, as things are now, but for those about the end.
func (*Service) Holdable(q db.Q, b Binding) error {
	if err := present(q, b); err != nil {
		return err
	}
	return bindable(q, b)
}

// present refuses to bind what is not there.
func present(q db.Q, b Binding) error {
	for _, e := range []app.EntitlementRef{b.Source, b.Destination} {
		if _, err := app.GetEntitlement(q, e.AppID, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// bindable refuses a binding that makes a circle, or one too many.
func bindable(q db.Q, b Binding) error {
	if err := acyclic(q, "", b); err != nil {
		return err
	}
	return countProxies(q, b)
}

// Reach are the entitlements that all who hold one hold as well, by bindings that are live now, by whatever way. Precondition above
// [MaxReach]: what is judged by some of them might be judged otherwise by all.
func (s *Service) Reach(q db.Q, of app.EntitlementRef) ([]app.EntitlementRef, error) {
	reached := []app.EntitlementRef{of}
	for n := 0; n < len(reached); n++ {
		if len(reached)-1 > MaxReach {
			return nil, fault.New(fault.Precondition,
				"more than %d entitlements hang on the group by bindings, and who may ask for this is said by groups: remove some first", MaxReach)
		}
		next, err := db.Collect(q, scanRef, reachSQL, string(reached[n].AppID), string(reached[n].ID), clock.Micros(s.Clock.Now()))
		if err != nil {
			return nil, err
		}
		for _, e := range next {
			if !slices.Contains(reached, e) {
				reached = append(reached, e)
			}
		}
	}
	return reached[1:], nil
}

// bind makes a proxy unless there is one, and reports whether it did. Faults come before anything is written: a task that cannot be
// carried out says so in the transaction that holds the rest.
func (s *Service) bind(tx *db.Tx, actor audit.Actor, p Proxy) (_ Proxy, fresh bool, err error) {
	b, now := p.Binding, s.Clock.Now()
	until := p.Until.UTC().Truncate(time.Microsecond)
	p = Proxy{Binding: b, OnLoss: p.OnLoss, Ask: p.Ask, Until: until, Task: p.Task, CreatedAt: now, UpdatedAt: now}
	if clock.Passed(until, now) {
		return p, false, inThePast()
	}
	if err := present(tx, b); err != nil {
		return p, false, err
	}
	if err := tx.Lock("automation:chain"); err != nil {
		return p, false, err
	}
	if err := bindable(tx, b); err != nil {
		return p, false, err
	}
	n, err := tx.Exec(`insert into proxy (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, due_at, created_at, updated_at,
			deleted_at, until_at, task_id, on_loss, ask_giving, ask_taking)
		values ($1, $2, $3, $4, $5, $5, $5, null, $6, $7, $8, $9, $10)
		on conflict (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id) do update
		set due_at = $5, created_at = $5, updated_at = $5, deleted_at = null, until_at = $6, task_id = $7, on_loss = $8,
			ask_giving = $9, ask_taking = $10
		where proxy.deleted_at is not null or proxy.until_at <= $5`,
		append(b.args(), clock.Micros(now), clock.Null(until), p.Task, string(p.OnLoss), p.Ask.Giving, p.Ask.Taking)...)
	if err != nil || n == 0 {
		return p, false, err
	}
	s.wake(tx, now)
	e := p.event("proxy.created", audit.Create, "bound an entitlement to another")
	if !until.IsZero() {
		e.Data["until"] = until.Format(time.RFC3339Nano)
	}
	return p, true, s.Audit.Record(tx, actor, e)
}

func inThePast() error { return fault.InvalidField("until", "must be in the future") }

// SetEnd moves the end of a live proxy to exactly until, or clears it where until is zero; what it passed on ends then, soon after this
// call. NotFound, also for a proxy that is past its end: that never comes back; Invalid for an end that is not in the future;
// Denied for a destination that gives powers beyond the caller's roles.
func (s *Service) SetEnd(ctx context.Context, b Binding, until time.Time) (p Proxy, err error) {
	if err := mayPass(ctx, s.DB.Q(ctx), b.Destination); err != nil {
		return p, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err = s.moveEnd(tx, audit.From(ctx), Proxy{Binding: b}, func(time.Time) time.Time { return until })
		return err
	})
	return p, err
}

func (s *Service) moveEnd(tx *db.Tx, actor audit.Actor, by Proxy, to func(old time.Time) time.Time) (Proxy, error) {
	b, now := by.Binding, s.Clock.Now()
	p, err := getProxy(tx, b, now, locked(tx))
	if err != nil {
		return p, err
	}
	until := to(p.Until)
	if !until.IsZero() {
		until = until.UTC().Truncate(time.Microsecond)
	}
	switch {
	case clock.Passed(until, now):
		return p, inThePast()
	case until.Equal(p.Until):
		return p, nil
	}
	kind, message := "proxy.end_moved", "moved the end of a binding"
	if until.IsZero() {
		kind, message = "proxy.end_cleared", "cleared the end of a binding"
	}
	e := by.event(kind, audit.Update, message)
	e.Data["from"], e.Data["to"] = shown(p.Until), shown(until)
	p.Until, p.UpdatedAt = until, now
	tx.Queue(`update proxy set until_at = $5, updated_at = $6, due_at = $6 where `+ofBinding,
		append(b.args(), clock.Null(until), clock.Micros(now))...)
	due.Wake(tx, now)
	return p, s.Audit.Record(tx, actor, e)
}

// shown is a time as the audit shows it, nil for none.
func shown(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339Nano)
}

// Unbind takes a proxy away, and soon what it gave. NotFound.
func (s *Service) Unbind(ctx context.Context, b Binding) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.Release(tx, audit.From(ctx), b) })
}

// Release is [Service.Unbind] in the caller's transaction.
func (s *Service) Release(tx *db.Tx, actor audit.Actor, b Binding) error {
	now := s.Clock.Now()
	p, err := getProxy(tx, b, now, locked(tx))
	if err != nil {
		return err
	}
	tx.Queue(`update proxy set deleted_at = $5, due_at = $5, updated_at = $5 where `+ofBinding, append(b.args(), clock.Micros(now))...)
	due.Wake(tx, now)
	return s.Audit.Record(tx, actor, p.event("proxy.deleted", audit.Delete, "unbound an entitlement from another"))
}

func (b Binding) event(kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "entitlement", ObjectID: string(b.Destination.ID), AppID: string(b.Destination.AppID),
		Message: message,
		Data:    map[string]any{"sourceAppId": b.Source.AppID, "sourceEntitlementId": b.Source.ID},
	}
}

// event is that of b, with the task by which p was made.
func (p Proxy) event(kind string, a audit.Activity, message string) audit.Event {
	e := p.Binding.event(kind, a, message)
	if p.Task != "" {
		e.Data["taskId"] = p.Task
	}
	return e
}

// acyclic refuses a binding by which an entitlement would be a source of itself. field is the field at fault; none: it is in the path.
func acyclic(q db.Q, field string, b Binding) error {
	refused := func(why string) error {
		if field != "" {
			return fault.InvalidField(field, "%s", why)
		}
		return fault.New(fault.Precondition, "%s", why)
	}
	reached, open := map[app.EntitlementRef]bool{b.Destination: true}, []app.EntitlementRef{b.Destination}
	for len(open) > 0 {
		if reached[b.Source] {
			return refused("an entitlement cannot be its own source, by whatever way; nobody could lose it again")
		}
		if len(reached) > maxChain {
			return refused("too many entitlements hang together")
		}
		next, err := destinations(q, open[0])
		if err != nil {
			return err
		}
		open = open[1:]
		for _, e := range next {
			if !reached[e] {
				reached[e], open = true, append(open, e)
			}
		}
	}
	if reached[b.Source] {
		return refused("an entitlement cannot be its own source, by whatever way; nobody could lose it again")
	}
	return nil
}

// Onward answers the entitlements that whoever holds one of these comes to hold by rules and bindings, itself included, as far as that
// goes by holding alone. Precondition where more hang together than a binding could add to.
func Onward(q db.Q, from []app.EntitlementRef) ([]app.EntitlementRef, error) {
	return spread(q, from, destinations)
}

// Inward is Onward in the other direction: the entitlements whose holders come to hold one of these, itself included.
func Inward(q db.Q, to []app.EntitlementRef) ([]app.EntitlementRef, error) {
	return spread(q, to, sourcesOf)
}

func spread(
	q db.Q, from []app.EntitlementRef, step func(q db.Q, e app.EntitlementRef) ([]app.EntitlementRef, error),
) ([]app.EntitlementRef, error) {
	reached := make(map[app.EntitlementRef]bool, len(from))
	for _, e := range from {
		reached[e] = true
	}
	for out, at := slices.Clone(from), 0; ; at++ {
		if at == len(out) {
			return out, nil
		}
		if len(out) > maxChain {
			return nil, fault.New(fault.Precondition, "too many entitlements hang together")
		}
		next, err := step(q, out[at])
		if err != nil {
			return nil, err
		}
		for _, e := range next {
			if !reached[e] {
				reached[e], out = true, append(out, e)
			}
		}
	}
}
