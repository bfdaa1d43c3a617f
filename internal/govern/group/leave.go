package group

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// topic is told that other groups are linked.
const topic = "group-link"

// leavers is how many of those who left a group are looked at in a row. Each is taken out of one other group in a transaction, since what
// hangs on that group goes with it.
const leavers = 20

// putOff is how long whoever left waits, where to take them out of the others led to an error.
const putOff = time.Minute

// gone are the reasons for which a membership ends that say nothing about the person: what ended is the group itself, or who keeps it.
var gone = map[grant.Reason]bool{
	grant.Reason(app.ReasonApp): true, grant.Reason(app.ReasonEntitlement): true, grant.NoConnector: true,
}

// known remembers what the members of linked groups hold; most grants are not of it, and cost nothing more.
type known struct {
	mu    sync.Mutex
	refs  map[app.EntitlementRef]bool // nil: to be read
	times int                         // how often it was forgotten
}

func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refs = nil
	k.times++
}

const linkedSQL = `select app_id, entitlement_id from group_link_member`

func (k *known) read(q db.Q) (map[app.EntitlementRef]bool, error) {
	k.mu.Lock()
	refs, times := k.refs, k.times
	k.mu.Unlock()
	if refs != nil {
		return refs, nil
	}
	list, err := db.Collect(q, scanRef, linkedSQL)
	if err != nil {
		return nil, err
	}
	refs = make(map[app.EntitlementRef]bool, len(list))
	for _, e := range list {
		refs[e] = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.times == times {
		k.refs = refs
	}
	return refs, nil
}

// GrantsChanged implements grant.Watcher: it writes down who no longer is a member of a linked group, whoever or whatever ended it.
func (s *Service) GrantsChanged(tx *db.Tx, changed []grant.Step, at time.Time) error {
	refs, err := s.known.read(tx)
	if err != nil || len(refs) == 0 {
		return err
	}
	for _, c := range changed {
		left := c.State == grant.Ending || c.State == grant.Ended && c.Kind != "grant.removed" && c.Kind != "grant.abandoned"
		if !left || c.User == "" || gone[c.EndReason] || !refs[app.EntitlementRef{AppID: c.App, ID: c.Entitlement}] {
			continue
		}
		tx.Queue(`insert into group_leaver (app_id, entitlement_id, user_id, due_at) values ($1, $2, $3, $4)
			on conflict (app_id, entitlement_id, user_id) do nothing`, string(c.App), string(c.Entitlement), string(c.User), clock.Micros(at))
		due.Wake(tx, at)
	}
	return nil
}

// Porter takes who left a linked group out of the others.
type Porter struct{ *Service }

// Porter is the due source of it.
func (s *Service) Porter() due.Source { return Porter{s} }

// Name implements due.Source.
func (Porter) Name() string { return "group-leave" }

// Next implements due.Source.
func (p Porter) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := p.DB.Q(ctx).Row(`select min(due_at) from group_leaver`).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

// leaver is who left what.
type leaver struct {
	of   app.EntitlementRef
	user directory.UserID
}

const leaversSQL = `select app_id, entitlement_id, user_id from group_leaver where due_at <= $1
	order by due_at, app_id, entitlement_id, user_id limit $2`

const ofLeaver = ` where app_id = $1 and entitlement_id = $2 and user_id = $3`

func (l leaver) args() []any { return []any{string(l.of.AppID), string(l.of.ID), string(l.user)} }

func scanLeaver(r *db.Rows) (l leaver, err error) { return l, r.Scan(&l.of.AppID, &l.of.ID, &l.user) }

// Run implements due.Source: a few who left, each by themself. Whoever is back meanwhile, or was a member in two ways, has not left. One
// with whom it leads to an error does not hold up the others, and is seen to again after a while.
func (p Porter) Run(ctx context.Context, now time.Time) (handled int, err error) {
	list, err := db.Collect(p.DB.Q(ctx), scanLeaver, leaversSQL, clock.Micros(now), leavers)
	if err != nil {
		return 0, err
	}
	for _, l := range list {
		if err := p.out(ctx, l); err != nil {
			if ctx.Err() != nil {
				return handled, err
			}
			slog.Default().WarnContext(ctx, "who left a group could not be taken out of another", slog.String("user", string(l.user)),
				slog.String("group", string(l.of.ID)), slog.Any("error", err))
			later := clock.Micros(p.Clock.Now().Add(putOff))
			if err := p.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`update group_leaver set due_at = $4`+ofLeaver, append(l.args(), later)...)
				return err
			}); err != nil {
				return handled, err
			}
		}
		handled++
	}
	return handled, nil
}

// out takes one who left out of the others, a group in a transaction.
func (p Porter) out(ctx context.Context, l leaver) error {
	for more := true; more; {
		if err := p.DB.Write(ctx, func(tx *db.Tx) error {
			more = false
			found, err := db.Collect(tx, scanLeaver, `select app_id, entitlement_id, user_id from group_leaver`+ofLeaver+tx.Skip(), l.args()...)
			if err != nil || len(found) == 0 { // another replica is at it
				return err
			}
			if more, err = p.see(tx, l, p.Clock.Now()); err == nil && !more {
				tx.Queue(`delete from group_leaver`+ofLeaver, l.args()...)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

var isMemberSQL = `select g.app_id, g.entitlement_id, g.account_id from account a cross join grants g
	where a.user_id = $1 and a.app_id = $2 and g.account_id = a.id and g.entitlement_id = $3 and g.app_id || '' = a.app_id
		and ` + grant.NotOverSQL("g.", "$4")

const besideSQL = `select m.app_id, m.entitlement_id from group_link_member o join group_link_member m on m.link_id = o.link_id
	where o.app_id = $1 and o.entitlement_id = $2 and m.group_id <> o.group_id order by m.group_id`

// see takes one who left a group out of one of the others that it is linked with, and reports whether there was one.
func (p Porter) see(tx *db.Tx, l leaver, now time.Time) (taken bool, err error) {
	still, err := memberships(tx, l.of, l.user, now)
	if err != nil || len(still) > 0 {
		return false, err
	}
	others, err := db.Collect(tx, scanRef, besideSQL, string(l.of.AppID), string(l.of.ID))
	if err != nil {
		return false, err
	}
	for _, other := range others {
		keys, err := memberships(tx, other, l.user, now)
		if err != nil {
			return false, err
		}
		for _, k := range keys {
			_, err := p.Grants.Take(tx, audit.System(), grant.Taking{Key: k, Note: "left a group that is linked with this one"}, now)
			if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Precondition) { // what other entitlements pass on is theirs
				return err == nil, err
			}
		}
	}
	return false, nil
}

// memberships are the grants of an entitlement that a user has, by whichever account.
func memberships(tx *db.Tx, of app.EntitlementRef, user directory.UserID, now time.Time) ([]grant.Key, error) {
	return db.Collect(tx, func(r *db.Rows) (k grant.Key, err error) { return k, r.Scan(&k.App, &k.Entitlement, &k.Account) },
		isMemberSQL, string(user), string(of.AppID), string(of.ID), clock.Micros(now))
}
