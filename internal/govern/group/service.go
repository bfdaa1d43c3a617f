package group

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Audit    *audit.Log
	Grants   *grant.Service
	Items    *item.Service
	Bindings *automation.Service
}

// Service holds the use cases about groups as principals. Who may call them is for the door to ask.
//
// It implements grant.Watcher, app.ResourceEnded and task.Redirects; the server introduces it to those.
type Service struct {
	Deps

	known known
	stop  func()
}

// New returns the use cases over d. [Service.Close] ends its listening.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.stop = d.DB.Subscribe(topic, func(string) { s.known.forget() })
	return s
}

// Close ends listening for changes that other replicas make.
func (s *Service) Close() { s.stop() }

// Give has the members of a group hold a thing until an end (zero: without end), soon after this call; what they hold already is extended:
// the later end wins. NotFound, Invalid for an end that is not in the future; Precondition for what would hold itself, and above [MaxHeld]
// and [MaxHolders].
func (s *Service) Give(ctx context.Context, g item.Item, t Thing, until time.Time) (Holding, error) {
	h := Holding{Group: g, Thing: t}
	if err := s.mayPass(ctx, t); err != nil {
		return h, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		members, err := s.members(tx, g)
		if err != nil {
			return err
		}
		to := automation.Binding{Source: members, Destination: t.Level.Entitlement}
		p, err := s.Bindings.Hold(tx, audit.From(ctx), automation.Proxy{Binding: to, Until: until})
		h.Since, h.Until = p.CreatedAt, p.Until
		return err
	})
	return h, err
}

// mayPass is [iam.MayPass] for things: to have a group hold something is to give it to its members.
func (s *Service) mayPass(ctx context.Context, things ...Thing) error {
	objects := make([]iam.Object, len(things))
	for n, t := range things {
		e := t.Level.Entitlement
		objects[n] = iam.Object{Type: "entitlement", AppID: string(e.AppID), ID: string(e.ID)}
	}
	return iam.MayPass(ctx, s.DB.Q(ctx), objects...)
}

// Take has the members of a group hold a thing no longer, soon after this call. NotFound where they do not.
func (s *Service) Take(ctx context.Context, g item.Item, t Thing) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		members, err := s.members(tx, g)
		if err != nil {
			return err
		}
		return s.Bindings.Release(tx, audit.From(ctx), automation.Binding{Source: members, Destination: t.Level.Entitlement})
	})
}

// Set has the members of a group hold these things, of those that are no groups, and no others. What they hold already keeps its end; the
// rest is without end. Faults as for [Service.Give]; then nothing is changed.
func (s *Service) Set(ctx context.Context, g item.Item, things []Thing) error {
	if len(things) > MaxHeld {
		return fault.InvalidField("resources", "has %d entries; at most %d are allowed", len(things), MaxHeld)
	}
	if err := s.mayPass(ctx, things...); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		members, err := s.members(tx, g)
		if err != nil {
			return err
		}
		if err := tx.Lock("group:" + string(g.ID)); err != nil { // two lists at once: the later counts, not a mixture
			return err
		}
		held, err := s.Held(tx, g, false)
		if err != nil {
			return err
		}
		keep := make(map[app.EntitlementRef]bool, len(things))
		for _, t := range things {
			keep[t.Level.Entitlement] = true
		}
		for _, h := range held {
			to := automation.Binding{Source: members, Destination: h.Level.Entitlement}
			if keep[to.Destination] {
				delete(keep, to.Destination)
			} else if err := s.Bindings.Release(tx, audit.From(ctx), to); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		for _, t := range things {
			if !keep[t.Level.Entitlement] {
				continue
			}
			delete(keep, t.Level.Entitlement)
			b := automation.Binding{Source: members, Destination: t.Level.Entitlement}
			if _, err := s.Bindings.Hold(tx, audit.From(ctx), automation.Proxy{Binding: b}); err != nil {
				return err
			}
		}
		return nil
	})
}
