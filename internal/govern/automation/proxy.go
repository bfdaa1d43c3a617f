package automation

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// GetProxy reads a live proxy. NotFound if there is none.
func (s *Service) GetProxy(ctx context.Context, b Binding) (Proxy, error) {
	return getProxy(s.DB.Q(ctx), b, "")
}

// Bind makes a proxy; the holders of the source hold the destination soon after. NotFound for an entitlement that is not there;
// Exists for one that there is; Precondition for a destination that is a source of the source, itself included, and above
// [MaxProxies] of one source.
func (s *Service) Bind(ctx context.Context, b Binding) (Proxy, error) {
	p := Proxy{Binding: b}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, e := range []app.EntitlementRef{b.Source, b.Destination} {
			if _, err := app.GetEntitlement(tx, e.AppID, e.ID); err != nil {
				return err
			}
		}
		if err := tx.Lock("automation:chain"); err != nil {
			return err
		}
		if err := acyclic(tx, "", b); err != nil {
			return err
		}
		now := s.Clock.Now()
		p.CreatedAt, p.UpdatedAt = now, now
		n, err := tx.Exec(`insert into proxy (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, due_at, created_at, updated_at,
				deleted_at)
			values ($1, $2, $3, $4, $5, $5, $5, null)
			on conflict (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id) do update
			set due_at = $5, created_at = $5, updated_at = $5, deleted_at = null where proxy.deleted_at is not null`,
			append(b.args(), clock.Micros(now))...)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Exists, "the entitlements are bound already")
		}
		if err := countProxies(tx, b.Source); err != nil {
			return err
		}
		s.wake(tx, now)
		return s.Audit.Record(tx, audit.From(ctx), b.event("proxy.created", audit.Create, "bound an entitlement to another"))
	})
	return p, err
}

// Unbind takes a proxy away, and soon what it gave. NotFound.
func (s *Service) Unbind(ctx context.Context, b Binding) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := getProxy(tx, b, locked(tx)); err != nil {
			return err
		}
		now := s.Clock.Now()
		tx.Queue(`update proxy set deleted_at = $5, due_at = $5, updated_at = $5 where `+ofBinding, append(b.args(), clock.Micros(now))...)
		due.Wake(tx, now)
		return s.Audit.Record(tx, audit.From(ctx), b.event("proxy.deleted", audit.Delete, "unbound an entitlement from another"))
	})
}

func (b Binding) event(kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "entitlement", ObjectID: string(b.Destination.ID), AppID: string(b.Destination.AppID),
		Message: message,
		Data:    map[string]any{"sourceAppId": b.Source.AppID, "sourceEntitlementId": b.Source.ID},
	}
}

// acyclic refuses a binding by which an entitlement would be a source of itself. field is the field at fault; none: it is in the path.
func acyclic(tx *db.Tx, field string, b Binding) error {
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
		next, err := destinations(tx, open[0])
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
