package automation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// atOnce is how many grants one transaction gives or takes: each is a handful of statements.
const atOnce = 50

// pass is who holds an entitlement by way of another, and who should.
type pass struct {
	of, via app.EntitlementRef
	by      Binding // of the rule one of the entitlement to itself
	mode    mode
	since   time.Time // of the rule or the binding: whoever took what it kept out of the target before is not heeded any more
	now     time.Time
	have    []holder
	asked   []asked // about whom somebody was
	should  wanted

	// still asks once more whether an account should hold it and until when, in the transaction that would change it; nil: nobody can.
	still func(tx *db.Tx, h holder) (bool, time.Time, error)
}

// outcome is what came of a pass.
type outcome struct {
	matched      int64 // people, by a rule
	given, taken int
	asked        int  // about whom somebody was asked now
	more         bool // the next pass has more to do at once
	without      int  // people who have no account through which they could be given it
	yielded      int  // whom the target took it from again and again
	refused      int  // who could not be given it, or it not be taken from, just now
}

// words tell of those who were passed over; empty: nobody was.
func (o outcome) words() string {
	var parts []string
	for _, p := range []struct {
		n   int
		why string
	}{
		{o.without, "%d matching people have no account in the app, and its connector makes none"},
		{o.yielded, "from %d the target took it again and again; save the automation again to have it given once more"},
		{o.refused, "for %d it could not be done now; it is tried again"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf(p.why, p.n))
		}
	}
	return strings.Join(parts, "; ")
}

// lapsed reports whether what h has by way of the source is past its end: it is taken, whatever they should have by now.
func (p pass) lapsed(h holder) bool { return clock.Passed(h.until, p.now) }

// surplus are those of p who hold it and should not, or no longer by what they have.
func (p pass) surplus() (list []holder) {
	for _, h := range p.have {
		if _, should := p.should.until(h); !should || p.lapsed(h) {
			list = append(list, h)
		}
	}
	return list
}

// moved are those of p who hold it and should, until another time than they do.
func (p pass) moved() (list []holder) {
	for _, h := range p.have {
		if end, should := p.should.until(h); should && !p.lapsed(h) && !end.Equal(h.until) {
			h.until = end
			list = append(list, h)
		}
	}
	return list
}

// step gives and takes what differs, a few at a time. Whom it cannot be given or taken from now is tried again at the next pass.
func (k Keeper) step(ctx context.Context, p pass) (out outcome, err error) {
	surplus := p.surplus()
	if out.taken, err = k.each(ctx, surplus, func(tx *db.Tx, h holder) error {
		return k.settle(tx, p, h, false)
	}); err != nil {
		return out, err
	}
	if _, err := k.each(ctx, p.moved(), func(tx *db.Tx, h holder) error { return k.settle(tx, p, h, true) }); err != nil {
		return out, err
	}
	add, without, err := k.missing(ctx, p)
	out.without = without
	if err != nil {
		return out, err
	}
	ready, err := heed(k.DB.Q(ctx), p, add)
	if err != nil {
		return out, err
	}
	out.yielded = len(add) - len(ready)
	out.given, err = k.each(ctx, ready, func(tx *db.Tx, h holder) error { return k.settle(tx, p, h, true) })
	out.refused = len(surplus) - out.taken + len(ready) - out.given
	return out, err
}

// settle gives or takes one grant, or moves its end, unless what was true when the pass looked no longer is.
func (k Keeper) settle(tx *db.Tx, p pass, h holder, give bool) error {
	if p.still != nil && (give || !p.lapsed(h)) {
		still, until, err := p.still(tx, h)
		if err != nil || still != give {
			return err
		}
		h.until = until
	}
	key := grant.Key{App: p.of.AppID, Entitlement: p.of.ID, Account: h.account}
	if give {
		return k.Grants.Keep(tx, audit.System(), key, p.via, h.until)
	}
	return k.lose(tx, key, p.via, p.mode.loss)
}

// lose takes what a source passes on from who is to have it by that no longer.
func (s *Service) lose(tx *db.Tx, k grant.Key, via app.EntitlementRef, by Loss) error {
	switch by {
	case Left:
		return s.Grants.LeaveDerived(tx, audit.System(), k, via)
	case Revoked:
		return s.Grants.RevokeWith(tx, audit.System(), k, via, "no longer enrolled in the catalog")
	default:
		return s.Grants.RemoveDerived(tx, audit.System(), k, via)
	}
}

// missing are the accounts of those who should hold it and do not; without is how many people have none.
func (k Keeper) missing(ctx context.Context, p pass) (list []holder, without int, err error) {
	users, accounts := maps.Clone(p.should.users), maps.Clone(p.should.accounts)
	for _, h := range p.have {
		if !p.lapsed(h) {
			delete(users, h.user)
			delete(accounts, h.account)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(accounts)) {
		list = append(list, holder{account: a, until: accounts[a]})
	}
	for _, u := range slices.Sorted(maps.Keys(users)) {
		account, err := k.Grants.AccountFor(ctx, p.of.AppID, u)
		switch {
		case err == nil:
			list = append(list, holder{account: account, user: u, until: users[u]})
		case fault.Of(err).Code == fault.Internal:
			return nil, 0, err
		default:
			without++
		}
	}
	return list, without, nil
}

func yieldedSQL(n int) string {
	return `select account_id from grants where app_id = $1 and entitlement_id = $2 and end_reason = $3 and put_back >= $4
		and ended_at >= $5 and account_id in ` + db.In(n, 6)
}

// heed leaves those out from whom the target took it until Interim gave way.
func heed(q db.Q, p pass, list []holder) ([]holder, error) {
	yielded := map[app.AccountID]bool{}
	for _, chunk := range db.Chunks(list) {
		args := []any{string(p.of.AppID), string(p.of.ID), string(grant.RemovedInTarget), grant.MaxPutBacks, clock.Micros(p.since)}
		for _, h := range chunk {
			args = append(args, string(h.account))
		}
		found, err := db.Collect(q, func(r *db.Rows) (a app.AccountID, err error) { return a, r.Scan(&a) }, yieldedSQL(len(chunk)), args...)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			yielded[a] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(h holder) bool { return yielded[h.account] }), nil
}

// each does one thing for each of the holders, and counts those for whom it could be done. A transaction in which one is refused is
// made again, one by one.
func (k Keeper) each(ctx context.Context, list []holder, one func(tx *db.Tx, h holder) error) (int, error) {
	return inTurn(ctx, k, list, atOnce, one)
}

func inTurn[T any](ctx context.Context, k Keeper, list []T, most int, one func(tx *db.Tx, of T) error) (int, error) {
	done := 0
	for _, chunk := range db.Chunks(list, most) {
		err := together(ctx, k, chunk, one)
		if err == nil {
			done += len(chunk)
			continue
		}
		if fault.Of(err).Code == fault.Internal {
			return done, err
		}
		for _, h := range chunk {
			switch err := together(ctx, k, []T{h}, one); {
			case err == nil:
				done++
			case fault.Of(err).Code == fault.Internal:
				return done, err
			}
		}
	}
	return done, nil
}

func together[T any](ctx context.Context, k Keeper, list []T, one func(tx *db.Tx, of T) error) error {
	return k.DB.Write(ctx, func(tx *db.Tx) error {
		for _, h := range list {
			if err := one(tx, h); err != nil {
				return err
			}
		}
		return nil
	})
}
