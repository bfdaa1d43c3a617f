package sync

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
)

// reading is one run under way.
type reading struct {
	*Service

	connector app.Connector // as it was when the run began
	order     order
	token     string // of the lease
	run       Run
	changed   bool // something was written but when grants were last seen
}

// take reads the target and takes over what it shows. Nothing is written before judge, and after it the grants, have been judged. A
// target that panics fails its run and not the server.
func (r *reading) take(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	s, known, err := r.read(ctx)
	if err != nil {
		return err
	}
	r.run.Accounts, r.run.Resources, r.run.Entitlements, r.run.Grants =
		len(s.Accounts), len(s.Resources), len(s.Entitlements), len(s.Memberships)
	r.run.Message = s.said()
	gone, err := r.judge(s, known)
	if err != nil {
		return err
	}
	unknown, err := r.seen(ctx, s.Memberships, known)
	if err != nil {
		return err
	}
	if err := r.judgeGrants(ctx); err != nil {
		return err
	}
	if err := r.settle(ctx, s.Identity); err != nil {
		return err
	}
	now, err := r.objects(ctx, s)
	if err != nil {
		return err
	}
	if err := r.discover(ctx, append(unknown, without(s.Memberships, known, now)...)); err != nil {
		return err
	}
	if err := r.missing(ctx); err != nil {
		return err
	}
	return r.gone(ctx, gone)
}

// read answers what the target shows, sifted, and what was known of it before.
func (r *reading) read(ctx context.Context) (s Snapshot, known app.Known, err error) {
	settings, err := SettingsOf(r.connector)
	if err != nil {
		return s, known, err
	}
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	source, err := r.Sources.Source(ctx, r.connector)
	if err != nil {
		return s, known, err
	}
	if s, err = source.Read(ctx); err != nil {
		return s, known, fmt.Errorf("read the target: %w", err)
	}
	if err := s.measure(); err != nil {
		return s, known, err
	}
	err = r.DB.Read(ctx, func(q db.Q) (err error) {
		known, err = app.KnownOf(q, r.connector.Ref())
		return err
	})
	return s.sift(settings.ResourceTypes, known), known, err
}

// judge finds what the target no longer has, and refuses a reading that is not to be believed.
func (r *reading) judge(s Snapshot, known app.Known) (gone app.Gone, err error) {
	if err := s.empty(); err != nil {
		return gone, err
	}
	if err := r.stranger(s.Identity); err != nil {
		return gone, err
	}
	gone = app.Gone{
		Accounts:      lacking(known.Accounts, s.Accounts, func(a Account) string { return a.ExternalID }),
		ResourceTypes: lacking(known.ResourceTypes, s.ResourceTypes, func(t ResourceType) string { return t.ExternalID }),
		Resources:     lacking(known.Resources, s.Resources, func(v Resource) string { return v.ExternalID }),
		Entitlements:  lacking(known.Entitlements, s.Entitlements, func(e Entitlement) string { return e.ExternalID }),
	}
	if r.order.acceptLosses {
		return gone, nil
	}
	return gone, judge(
		count{"accounts", len(known.Accounts), len(gone.Accounts), true},
		count{"resources", len(known.Resources), len(gone.Resources), true},
		count{"entitlements", len(known.Entitlements), len(gone.Entitlements), true},
	)
}

// stranger refuses a target that is not the one that was read before, unless somebody said that it takes its place.
func (r *reading) stranger(identity string) error {
	switch was := r.connector.Target; {
	case was == "" || was == identity || r.order.acceptTarget:
		return nil
	case identity == "":
		return refusal("it cannot be told whether this is the target that was read before; a check says what to do")
	default:
		return refusal(fmt.Sprintf("this is another target (%s) than the one that was read before (%s); point the connector back, or "+
			"accept the new one", brief(identity, maxNote), brief(was, maxNote)))
	}
}

// settle keeps what the target calls itself: from now on the connector is let near no other.
func (r *reading) settle(ctx context.Context, identity string) error {
	if identity == r.connector.Target {
		return nil
	}
	return r.write(ctx, func(tx *db.Tx) error { return settle(tx, r.connector.Ref(), identity) })
}

// judgeGrants refuses a reading that did not see enough of the grants that it should have seen. After seen.
func (r *reading) judgeGrants(ctx context.Context) error {
	if r.order.acceptLosses {
		return nil
	}
	c := count{kind: "grants"} // that the last few people lose the last few grants is nothing strange
	err := r.DB.Read(ctx, func(q db.Q) (err error) {
		c.known, c.lost, err = r.Grants.Lost(q, r.target())
		return err
	})
	if err != nil {
		return err
	}
	return judge(c)
}

// lacking answers those of the known objects that the reading does not show, in the order of their identities.
func lacking[T ~string, S any](known map[string]T, seen []S, external func(S) string) []T {
	there := make(map[string]bool, len(seen))
	for _, v := range seen {
		there[external(v)] = true
	}
	var gone []T
	for e, id := range known {
		if !there[e] {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	return gone
}

// write runs fn in a transaction that also keeps the lease; it fails once the lease is lost.
func (r *reading) write(ctx context.Context, fn func(tx *db.Tx) error) error {
	return r.DB.Write(ctx, func(tx *db.Tx) error {
		held, err := renew(tx, r.connector.Ref(), r.token, r.Clock.Now())
		if err != nil {
			return err
		}
		if !held {
			return errLost
		}
		return fn(tx)
	})
}

// target is the reading as package grant knows it.
func (r *reading) target() grant.Reading {
	return grant.Reading{App: r.connector.AppID, Connector: r.connector.ID, Started: r.run.StartedAt}
}
