package task

import (
	"context"
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Offers say what can be asked for, by whom, and what a request has to bring; package catalog does.
type Offers interface {
	// Requestable reports whether a user can ask for an entitlement at a moment.
	Requestable(q db.Q, user directory.UserID, of app.EntitlementRef, at time.Time) (bool, error)
	// CheckForm answers Invalid, naming the field, unless data is what the form of the entitlement asks for.
	CheckForm(ctx context.Context, of app.EntitlementRef, data json.RawMessage) error
	// Defaults answers what holds for a request that does not say so itself. NotFound.
	Defaults(q db.Q, of app.EntitlementRef) (catalog.Applied, error)
}

// offer judges whether a may be asked for as it is, and answers what holds where it is silent. What somebody holds they may ask to keep,
// whatever the catalogs have become since; what they filled in for it stands.
func (s *Service) offer(ctx context.Context, kind Kind, a Ask) (catalog.Applied, error) {
	q, ref := s.DB.Q(ctx), app.EntitlementRef{AppID: a.App, ID: a.Entitlement}
	if kind != Grant {
		return catalog.Applied{}, nil
	}
	if s.Offers == nil {
		return s.defaults(q, ref)
	}
	if a.Bound && !a.Extension {
		switch ok, err := s.Offers.Requestable(q, a.Subject, ref, s.Clock.Now()); {
		case err != nil:
			return catalog.Applied{}, err
		case !ok:
			return catalog.Applied{}, NotRequestable()
		}
	}
	if !a.Extension || a.Data != nil {
		if err := s.Offers.CheckForm(ctx, ref, a.Data); err != nil {
			return catalog.Applied{}, err
		}
	}
	return s.defaults(q, ref)
}

// NotRequestable refuses what the person it is for may not ask for, in upstream's words.
func NotRequestable() error {
	return fault.New(fault.Denied, "Permission denied, target user is not allowed to request this entitlement")
}

// defaults answers what holds for a request for an entitlement that does not say so itself.
func (s *Service) defaults(q db.Q, ref app.EntitlementRef) (catalog.Applied, error) {
	if s.Offers != nil {
		return s.Offers.Defaults(q, ref)
	}
	e, err := app.GetEntitlement(q, ref.AppID, ref.ID)
	return catalog.Defaults{}.Apply(e), err
}

// policyFor is the policy that decides on an entitlement: its own, else that of the request defaults of its app, else as
// [Policies] say.
func (s *Service) policyFor(q db.Q, ref app.EntitlementRef, kind policy.Kind, emergency bool) (policy.ID, error) {
	if kind != policy.Grant {
		return s.Policies.For(q, ref, kind, emergency)
	}
	d, err := s.defaults(q, ref)
	switch {
	case err != nil:
		return "", err
	case emergency && !d.Emergency.EmergencyGrantEnabled:
		return s.Policies.For(q, ref, kind, true) // which says why not
	case emergency && d.Emergency.EmergencyGrantPolicyID != "":
		return policy.ID(d.Emergency.EmergencyGrantPolicyID), nil
	case d.Policy != "":
		return policy.ID(d.Policy), nil
	default:
		return s.Policies.For(q, ref, kind, false)
	}
}
