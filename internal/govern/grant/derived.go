package grant

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// AddDerived makes via an entitlement that passes k on to its account: the target itself lets the account in, so no call is made
// for it. Naming one twice changes nothing. It joins the caller's transaction. NotFound and Precondition as for [Service.Create];
// Conflict while an earlier grant of k is being removed.
func (s *Service) AddDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	now := s.Clock.Now()
	h, err := lockLive(tx, k)
	if fault.Is(err, fault.NotFound) {
		return s.beginDerived(tx, actor, k, func(g Grant) (Grant, Effect) { return g.Derive(now), Effect{Kind: "grant.created"} },
			source{via: via}, now)
	}
	if err != nil {
		return err
	}
	after, effect, err := h.AddSource(now)
	if err != nil {
		return err
	}
	if fresh, err := addSource(tx, h.ID, source{via: via}, now); err != nil || !fresh {
		return err
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

// Keep is [Service.AddDerived] where the target does not let the account in by itself: Interim keeps the membership there as long as
// via is a source, as if somebody had given it. That is until an end (zero: without end), from which on via gives no access, whenever
// somebody gets to remove it. What via passes on already stays as it is but for its end, which is moved; a source that is past its end
// is never moved, but ended, and another begins.
func (s *Service) Keep(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, until time.Time) error {
	return s.keep(tx, actor, k, via, until, Provenance{By: person(actor)})
}

func (s *Service) keep(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, until time.Time, given Provenance) error {
	now := s.Clock.Now()
	if clock.Passed(until, now) {
		return nil
	}
	h, err := lockLive(tx, k)
	if fault.Is(err, fault.NotFound) {
		return s.beginDerived(tx, actor, k, func(g Grant) (Grant, Effect) { g.Given = given; return g.BeginKept(until, now) },
			source{via: via, kept: true, until: until}, now)
	}
	if err != nil {
		return err
	}
	before, err := sources(tx, h.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(before, func(s source) bool { return s.via == via })
	switch {
	case at < 0:
		return s.keepMore(tx, actor, h, source{via: via, kept: true, until: until}, now)
	case before[at].until.Equal(until):
		return nil
	}
	old := before[at].until
	before[at].until = until
	after, effect, err := h.MoveSources(lastOf(before), now)
	if err != nil {
		return err
	}
	if clock.Passed(old, now) {
		tx.Queue(endSourceSQL, h.ID, via.AppID, via.ID, us(old))
		if _, err := addSource(tx, h.ID, source{via: via, kept: before[at].kept, until: until}, now); err != nil {
			return err
		}
	} else {
		tx.Queue(`update grant_source set until_at = $4 where grant_id = $1 and via_app_id = $2 and via_entitlement_id = $3
			and ended_at is null`, h.ID, via.AppID, via.ID, clock.Null(until))
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

const endSourceSQL = `update grant_source set ended_at = $4 where grant_id = $1 and via_app_id = $2 and via_entitlement_id = $3
	and ended_at is null`

func (s *Service) keepMore(tx *db.Tx, actor audit.Actor, h held, more source, now time.Time) error {
	after, effect, err := h.Keep(more.until, now)
	if err != nil {
		return err
	}
	if fresh, err := addSource(tx, h.ID, more, now); err != nil || !fresh {
		return err
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

func (s *Service) beginDerived(
	tx *db.Tx, actor audit.Actor, k Key, begin func(Grant) (Grant, Effect), first source, now time.Time,
) error {
	p, err := s.parents(tx, k)
	if err != nil {
		return err
	}
	g, effect := begin(Grant{
		ID: ID(id.New(now)), Key: k, Connector: p.connector, Given: Provenance{By: person(actor)}, UpdatedAt: now, Version: 1,
	})
	if err := s.begin(tx, actor, g, p.user, effect, now); err != nil {
		return err
	}
	_, err = addSource(tx, g.ID, first, now)
	return err
}

// RemoveDerived takes via from the entitlements that pass k on, kept or not; the grant lives on as long as it has another source of
// any kind, and its membership stays in the target as long as one needs it there. Taking one that does not pass it on changes nothing. It
// joins the caller's transaction. Conflict if somebody else was faster.
func (s *Service) RemoveDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	return s.removeDerived(tx, actor, k, via, "")
}

func (s *Service) removeDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, task string) error {
	now := s.Clock.Now()
	h, err := lockLive(tx, k)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	left, err := sources(tx, h.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(left, func(s source) bool { return s.via == via })
	if at < 0 {
		return nil
	}
	taken := left[at]
	end := now
	if clock.Passed(taken.until, now) {
		end = taken.until
	}
	if _, err := tx.Exec(endSourceSQL, h.ID, via.AppID, via.ID, us(end)); err != nil {
		return err
	}
	after, effect := h.DropSource(taken.kept, lastOf(slices.Delete(left, at, at+1)), now)
	if effect.Kind == "" {
		return nil // it is on its way out with all its sources
	}
	if over(h.Grant, after) {
		after.EndedTask = task
	}
	return s.apply(tx, actor, h, &after, effect, now)
}

// LeaveDerived is [Service.RemoveDerived], but that the access stays: what via passed on is held directly from now on, until the end that
// it had by via, or later where it is held directly until then. What is past that end is not left.
func (s *Service) LeaveDerived(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef) error {
	now := s.Clock.Now()
	h, err := lockLive(tx, k)
	if err != nil {
		return unheld(err)
	}
	list, err := sources(tx, h.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(s source) bool { return s.via == via })
	if at >= 0 && !h.Over(now) && !clock.Passed(list[at].until, now) {
		after, effect, err := h.Extend(Manual, list[at].until, now)
		if err == nil && effect.Kind != "" {
			err = s.apply(tx, actor, h, &after, effect, now)
		}
		if err != nil {
			return err
		}
	}
	return s.RemoveDerived(tx, actor, k, via)
}

// RevokeWith is [Service.RemoveDerived], and takes the direct source as well, for the reason in note. What others pass on stays.
func (s *Service) RevokeWith(tx *db.Tx, actor audit.Actor, k Key, via app.EntitlementRef, note string) error {
	return s.revokeWith(tx, actor, Taking{Key: k, By: person(actor), Note: note}, via)
}

func (s *Service) revokeWith(tx *db.Tx, actor audit.Actor, t Taking, via app.EntitlementRef) error {
	if err := s.removeDerived(tx, actor, t.Key, via, t.Task); err != nil {
		return err
	}
	now := s.Clock.Now()
	h, err := lockLive(tx, t.Key)
	if err != nil || h.Over(now) || !h.HeldDirectly(now) {
		return unheld(err)
	}
	_, err = s.Take(tx, actor, t, now)
	return err
}

// unheld leaves out of an error that there is nothing to take.
func unheld(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// source is an entitlement that passes a grant on.
type source struct {
	via   app.EntitlementRef
	kept  bool
	until time.Time // zero: without end
}

// lastOf is when the last of the sources ends; zero if one has no end, or there is none.
func lastOf(list []source) (last time.Time) {
	for i, s := range list {
		if last = clock.Later(last, s.until); i == 0 {
			last = s.until
		}
	}
	return last
}

// sources are those of a grant that nobody has ended, past their ends or not.
func sources(tx *db.Tx, g ID) ([]source, error) {
	return db.Collect(tx, func(r *db.Rows) (s source, err error) {
		var until *int64
		err = r.Scan(&s.via.AppID, &s.via.ID, &s.kept, &until)
		s.until = clock.FromNull(until)
		return s, err
	}, `select via_app_id, via_entitlement_id, kept, until_at from grant_source where grant_id = $1 and ended_at is null
		order by via_app_id, via_entitlement_id`, g)
}

// addSource reports whether the source was not there before. One that was taken at this very moment, while time stands still, is as if it
// had not been.
func addSource(tx *db.Tx, g ID, of source, now time.Time) (bool, error) {
	n, err := tx.Exec(`update grant_source set ended_at = null, kept = $5, until_at = $6 where grant_id = $1 and via_app_id = $2
		and via_entitlement_id = $3 and created_at = $4 and ended_at is not null`,
		g, of.via.AppID, of.via.ID, us(now), of.kept, clock.Null(of.until))
	if err != nil || n == 1 {
		return n == 1, err
	}
	n, err = tx.Exec(`insert into grant_source (grant_id, via_app_id, via_entitlement_id, created_at, ended_at, kept, until_at)
		values ($1, $2, $3, $4, null, $5, $6) on conflict (grant_id, via_app_id, via_entitlement_id) where ended_at is null do nothing`,
		g, of.via.AppID, of.via.ID, us(now), of.kept, clock.Null(of.until))
	return n == 1, err
}

// Sources returns the entitlements that passed the grants on at a moment, in the order in which they began to. Grants without any
// are left out, and so is what is no entitlement: an on-call schedule, which has no app.
func Sources(q db.Q, grants []ID, at time.Time) (map[ID][]app.EntitlementRef, error) {
	all := map[ID][]app.EntitlementRef{}
	for _, chunk := range db.Chunks(grants) {
		rows, err := q.Query(`select grant_id, via_app_id, via_entitlement_id from grant_source
			where created_at <= $1 and (ended_at is null or ended_at > $1) and (until_at is null or until_at > $1) and via_app_id <> ''
				and grant_id in `+db.In(len(chunk), 2)+`
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
