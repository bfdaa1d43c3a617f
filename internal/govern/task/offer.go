package task

import (
	"context"
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Offers say what can be asked for, by whom, and what a request has to bring; [item.Offers] does.
type Offers interface {
	// Requestable reports whether a user can ask for an entitlement at a moment.
	Requestable(q db.Q, user directory.UserID, of app.EntitlementRef, at time.Time) (bool, error)
	// FillForm answers what a request that has kept something keeps of data. Invalid, naming the field, unless that is what the form asks
	// for that holds for it.
	FillForm(ctx context.Context, a catalog.Applied, facts policy.Facts, kept, data json.RawMessage) (json.RawMessage, error)
	// PrefillForm answers what a request keeps that nobody fills in.
	PrefillForm(ctx context.Context, a catalog.Applied, facts policy.Facts) (json.RawMessage, error)
	// Defaults answers what holds for a request that does not say so itself.
	Defaults(q db.Q, e app.Entitlement) (catalog.Applied, error)
	// LongestWait is how long a request that is made now may wait; zero: for ever.
	LongestWait(q db.Q) (time.Duration, error)
}

var _ Offers = item.Offers{}

// offer judges whether a may be asked for, and reads what it stands on. What somebody holds they may ask to keep, whatever catalogs and
// items have become since; what they filled in for it stands.
func (s *Service) offer(ctx context.Context, kind Kind, a Ask) (ground, error) {
	q, ref := s.DB.Q(ctx), app.EntitlementRef{AppID: a.App, ID: a.Entitlement}
	g, err := s.ground(q, ref, kind)
	if err != nil || kind != Grant || s.Offers == nil {
		return g, err
	}
	if a.Bound && !a.Extension {
		who := a.Subject
		if a.Group.there() { // what somebody could not ask for themself they do not ask for a group
			who = directory.UserID(audit.From(ctx).UserID)
		}
		switch ok, err := s.Offers.Requestable(q, who, ref, s.Clock.Now()); {
		case err != nil:
			return g, err
		case !ok:
			return g, NotRequestable()
		}
	}
	return g, nil
}

// fillIn answers what t, a task that is about to be made, keeps of what was filled in for it.
func (s *Service) fillIn(ctx context.Context, g ground, t Task) (json.RawMessage, error) {
	if t.Kind != Grant || s.Offers == nil || t.Extension && t.Data == nil {
		return t.Data, nil
	}
	if t.Source.Via.ID != "" { // nobody asks who could fill a form in; whom it is for may later
		return s.Offers.PrefillForm(ctx, g.defaults, s.policyFacts(g, t))
	}
	return s.Offers.FillForm(ctx, g.defaults, s.policyFacts(g, t), nil, t.Data)
}

// NotRequestable refuses what the person it is for may not ask for, in upstream's words.
func NotRequestable() error {
	return fault.New(fault.Denied, "Permission denied, target user is not allowed to request this entitlement")
}
