package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// AddDerived makes via an entitlement that passes k on to its account: the target itself lets the account in, so no call is made
// for it. Naming one twice changes nothing. It joins the caller's transaction. NotFound and Precondition as for [Service.Create];
// Conflict while an earlier grant of k is being removed.
func (s *Service) AddDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	return s.derive(tx, actor, k, via, false)
}

// Keep is [Service.AddDerived] where the target does not let the account in by itself: Interim keeps the membership there as long as
// via is a source, as if somebody had given it. What via passes on already, kept or not, stays as it is.
func (s *Service) Keep(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	return s.derive(tx, actor, k, via, true)
}

func (s *Service) derive(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, kept bool) error {
	now := s.Clock.Now()
	h, err := lockLive(tx, k)
	if fault.Is(err, fault.NotFound) {
		return s.beginDerived(tx, actor, k, via, kept, now)
	}
	if err != nil {
		return err
	}
	step := Grant.AddSource
	if kept {
		step = Grant.Keep
	}
	after, effect, err := step(h.Grant, now)
	if err != nil {
		return err
	}
	if fresh, err := addSource(tx, h.ID, via, kept, now); err != nil || !fresh {
		return err
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

func (s *Service) beginDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, kept bool, now time.Time) error {
	p, err := s.parents(tx, k)
	if err != nil {
		return err
	}
	g := Grant{ID: ID(id.New(now)), Key: k, Connector: p.connector, Given: Provenance{By: person(actor)}, UpdatedAt: now, Version: 1}
	effect := Effect{Kind: "grant.created"}
	if kept {
		g, effect = g.BeginKept(now)
	} else {
		g = g.Derive(now)
	}
	if err := s.begin(tx, actor, g, p.user, effect, now); err != nil {
		return err
	}
	_, err = addSource(tx, g.ID, via, kept, now)
	return err
}

// RemoveDerived takes via from the entitlements that pass k on, kept or not; the grant lives on as long as it has another source of
// any kind, and its membership stays in the target as long as one needs it there. Taking one that does not pass it on changes nothing. It
// joins the caller's transaction. Conflict if somebody else was faster.
func (s *Service) RemoveDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	now := s.Clock.Now()
	h, err := lockLive(tx, k)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	taken, err := db.Collect(tx, func(r *db.Rows) (kept bool, err error) { return kept, r.Scan(&kept) },
		`update grant_source set ended_at = $4 where grant_id = $1 and via_app_id = $2 and via_entitlement_id = $3 and ended_at is null
			returning kept`, h.ID, via.AppID, via.ID, us(now))
	if err != nil || len(taken) == 0 {
		return err
	}
	after, effect := h.DropSource(taken[0], now)
	if effect.Kind == "" {
		return nil // it is on its way out with all its sources
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

// addSource reports whether the source was not there before. One that was taken at this very moment, while time stands still, is as if it
// had not been.
func addSource(tx *db.Tx, g ID, via app.EntitlementRef, kept bool, now time.Time) (bool, error) {
	n, err := tx.Exec(`update grant_source set ended_at = null, kept = $5 where grant_id = $1 and via_app_id = $2
		and via_entitlement_id = $3 and created_at = $4 and ended_at is not null`, g, via.AppID, via.ID, us(now), kept)
	if err != nil || n == 1 {
		return n == 1, err
	}
	n, err = tx.Exec(`insert into grant_source (grant_id, via_app_id, via_entitlement_id, created_at, ended_at, kept)
		values ($1, $2, $3, $4, null, $5) on conflict (grant_id, via_app_id, via_entitlement_id) where ended_at is null do nothing`,
		g, via.AppID, via.ID, us(now), kept)
	return n == 1, err
}

// Sources returns the entitlements that passed the grants on at a moment, in the order in which they began to. Grants without any
// are left out, and so is what is no entitlement: an on-call schedule, which has no app.
func Sources(q db.Q, grants []ID, at time.Time) (map[ID][]app.EntitlementRef, error) {
	all := map[ID][]app.EntitlementRef{}
	for _, chunk := range db.Chunks(grants) {
		rows, err := q.Query(`select grant_id, via_app_id, via_entitlement_id from grant_source
			where created_at <= $1 and (ended_at is null or ended_at > $1) and via_app_id <> '' and grant_id in `+db.In(len(chunk), 2)+`
			order by grant_id, created_at, via_app_id, via_entitlement_id`, bind(chunk, us(at))...)
		if err != nil {
			return nil, err
		}
		if err := each(rows, func() error {
			var g ID
			var via app.EntitlementRef
			err := rows.Scan(&g, &via.AppID, &via.ID)
			all[g] = append(all[g], via)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}
