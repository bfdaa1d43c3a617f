package automation

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// When passes are made.
const (
	period = 5 * time.Minute // between two passes that nothing woke: catches what no notice told
	lease  = 2 * time.Minute // after which a pass whose process died is made again
	settle = time.Second     // after a change, so that many changes make one pass
)

// Keeper makes the passes that are due.
type Keeper struct{ *Service }

// Keeper is the due source of passes.
func (s *Service) Keeper() due.Source { return Keeper{s} }

// Name implements due.Source.
func (Keeper) Name() string { return "automation" }

const nextSQL = `select min(due_at) from (select min(due_at) due_at from automation union all select min(due_at) from proxy) d`

// Next implements due.Source.
func (k Keeper) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := k.DB.Q(ctx).Row(nextSQL).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

// Run implements due.Source: one pass of a rule and one of a proxy.
func (k Keeper) Run(ctx context.Context, now time.Time) (int, error) {
	rules, badRule := k.runRule(ctx, now)
	proxies, badProxy := k.runProxy(ctx, now)
	return rules + proxies, errors.Join(badRule, badProxy)
}

const dueRuleSQL = `select ` + ruleColumns + ` from automation where due_at <= $1 order by due_at, app_id, entitlement_id limit 1`

func (k Keeper) runRule(ctx context.Context, now time.Time) (int, error) {
	var list []Rule
	until := clock.Micros(now.Add(lease))
	err := k.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if list, err = db.Collect(tx, scanRule, dueRuleSQL+tx.Skip(), clock.Micros(now)); err != nil || len(list) == 0 {
			return err
		}
		tx.Queue(`update automation set due_at = $3, status = case when deleted_at is null then 'IN_PROGRESS' else status end
			where app_id = $1 and entitlement_id = $2`, string(list[0].Of.AppID), string(list[0].Of.ID), until)
		list[0].Sources, err = sources(tx, list[0].Of)
		return err
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	r := list[0]
	out, err := k.keep(ctx, r, now)
	if err != nil && fault.Of(err).Code == fault.Internal {
		return 0, err // of the server, not of the rule: it is made again when the lease is over
	}
	return 1, k.close(ctx, r, until, out, err)
}

// close writes down how a pass went. Where somebody wanted another meanwhile, that one stays due.
func (k Keeper) close(ctx context.Context, r Rule, until int64, out outcome, failure error) error {
	now := k.Clock.Now()
	of := []any{string(r.Of.AppID), string(r.Of.ID)}
	return k.DB.Write(ctx, func(tx *db.Tx) error {
		if !r.DeletedAt.IsZero() {
			if out.more { // it is claimed again at once
				tx.Queue(`update automation set due_at = $3 where app_id = $1 and entitlement_id = $2`, append(of, clock.Micros(now))...)
				return nil
			}
			n, err := tx.Exec(`delete from automation where app_id = $1 and entitlement_id = $2 and deleted_at = $3`,
				append(of, clock.Micros(r.DeletedAt))...)
			if err == nil && n > 0 { // it was not made anew meanwhile
				forgetAll(tx, Binding{r.Of, r.Of})
			}
			return err
		}
		next := now.Add(period)
		if out.more {
			next = now
		}
		status, why, doubt := Done, out.words(), Doubt("")
		if failure != nil {
			status, why = Failed, fault.Of(failure).Message
		}
		if errors.Is(failure, errDoubt) {
			doubt = Refused
		}
		tx.Queue(`update automation set status = $3, error = $4, completed_at = $5, due_at = case when due_at < $6 then due_at else $7 end,
				doubt = case when version = $8 then $9 else doubt end, matched = $10
			where app_id = $1 and entitlement_id = $2 and deleted_at is null`,
			append(of, string(status), why, clock.Micros(now), until, clock.Micros(next), r.Version, string(doubt), out.matched)...)
		if out.given == 0 && out.taken == 0 && out.asked == 0 && (why == "" || why == r.Error) {
			return nil // nothing that was not told before
		}
		e := r.event("automation.ran", audit.Update, "the automation was run")
		e.Failed = failure != nil
		e.Data["given"], e.Data["taken"], e.Data["asked"], e.Data["error"] = out.given, out.taken, out.asked, why
		return k.Audit.Record(tx, audit.System(), e)
	})
}

// errDoubt is the cause of a pass that was refused for what it would have taken.
var errDoubt = errors.New("too much to take")

// keep brings grants in step with a rule.
func (k Keeper) keep(ctx context.Context, r Rule, now time.Time) (out outcome, err error) {
	q := k.DB.Q(ctx)
	out.matched = r.Matched
	if r.Paused && r.DeletedAt.IsZero() {
		return out, nil
	}
	e, err := app.GetEntitlement(q, r.Of.AppID, r.Of.ID)
	if fault.Is(err, fault.NotFound) {
		return out, fault.New(fault.Precondition, "the entitlement was deleted")
	}
	if err != nil {
		return out, err
	}
	p := pass{
		of: r.Of, via: r.Of, by: Binding{r.Of, r.Of}, since: r.UpdatedAt, now: now,
		mode: mode{ask: Asking{r.Asks, r.Asks}, made: r.CreatedAt, released: !r.DeletedAt.IsZero()},
	}
	if p.have, err = k.passedOn(q, p.of, p.via); err != nil {
		return out, err
	}
	if p.asked, err = remembered(q, p.by); err != nil {
		return out, err
	}
	if r.DeletedAt.IsZero() {
		users, err := k.matches(ctx, r, e, now)
		if err != nil {
			return out, err
		}
		p.should.users = make(map[directory.UserID]time.Time, len(users))
		for u := range users {
			p.should.users[u] = time.Time{}
		}
	}
	matched := int64(len(p.should.users))
	out.matched = matched
	c, err := k.deliberate(q, &p)
	if err != nil {
		return out, err
	}
	if r.tooMuch(c.have, c.lost, int(matched)) {
		return out, fault.Wrap(fault.Precondition, errDoubt, "of %d whom the automation gave it, %d match no longer, and nothing was taken; "+
			"save it again as it is to take it from them", c.have, c.lost)
	}
	out, err = k.step(ctx, p)
	if err == nil {
		err = k.attend(ctx, p, c, &out)
	}
	out.matched = matched
	return out, err
}

// Count says how many users a rule would match now. Invalid where it cannot be worked out.
func (s *Service) Count(ctx context.Context, r Rule) (int, error) {
	if err := s.Check(r); err != nil {
		return 0, err
	}
	e, err := app.GetEntitlement(s.DB.Q(ctx), r.Of.AppID, r.Of.ID)
	if err != nil {
		return 0, err
	}
	users, err := Keeper{s}.matches(ctx, r, e, s.Clock.Now())
	return len(users), err
}

const dueProxySQL = `select ` + proxyColumns + ` from proxy where due_at <= $1 order by due_at, src_app_id, src_entitlement_id limit 1`

func (k Keeper) runProxy(ctx context.Context, now time.Time) (int, error) {
	var list []Proxy
	until := clock.Micros(now.Add(lease))
	err := k.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if list, err = db.Collect(tx, scanProxy, dueProxySQL+tx.Skip(), clock.Micros(now)); err != nil || len(list) == 0 {
			return err
		}
		tx.Queue(`update proxy set due_at = $5 where `+ofBinding, append(list[0].args(), until)...)
		if list[0].DeletedAt.IsZero() && clock.Passed(list[0].Until, now) {
			return k.endProxy(tx, &list[0])
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	p := list[0]
	gone, more, err := k.passProxy(ctx, p, now)
	if err != nil {
		return 0, err
	}
	return 1, k.DB.Write(ctx, func(tx *db.Tx) error {
		switch {
		case more: // it is claimed again at once
			tx.Queue(`update proxy set due_at = $5 where `+ofBinding, append(p.args(), clock.Micros(k.Clock.Now()))...)
		case !p.DeletedAt.IsZero():
			n, err := tx.Exec(`delete from proxy where `+ofBinding+` and deleted_at = $5`, append(p.args(), clock.Micros(p.DeletedAt))...)
			if n > 0 {
				forgetAll(tx, p.Binding)
			}
			return err
		case gone:
			forgetAll(tx, p.Binding)
			tx.Queue(`delete from proxy where `+ofBinding, p.args()...)
		default:
			next := clock.Sooner(k.Clock.Now().Add(period), p.Until)
			tx.Queue(`update proxy set due_at = $5 where `+ofBinding+` and due_at = $6`, append(p.args(), clock.Micros(next), until)...)
		}
		return nil
	})
}

// endProxy writes down that a proxy was found past its end: from now on it is a row that ended, and no comparison, so that a clock that is
// set back does not bring it back.
func (k Keeper) endProxy(tx *db.Tx, p *Proxy) error {
	p.DeletedAt = p.Until
	tx.Queue(`update proxy set deleted_at = until_at, updated_at = $5 where `+ofBinding, append(p.args(), clock.Micros(k.Clock.Now()))...)
	e := p.event("proxy.ended", audit.Delete, "a binding ended on time")
	e.Data["until"] = shown(p.Until)
	return k.Audit.Record(tx, audit.System(), e)
}

// passProxy brings grants in step with a proxy. gone says that one of its entitlements was deleted, so that nothing is left to do; more,
// that there is more to do at once.
func (k Keeper) passProxy(ctx context.Context, p Proxy, now time.Time) (gone, more bool, err error) {
	q := k.DB.Q(ctx)
	found, err := app.ManyEntitlements(q, []app.EntitlementRef{p.Source, p.Destination})
	if err != nil {
		return false, false, err
	}
	live := map[app.EntitlementRef]bool{}
	for _, e := range found {
		live[e.Ref()] = e.DeletedAt.IsZero()
	}
	if !live[p.Destination] {
		return true, false, nil // its grants end with it
	}
	through := pass{
		of: p.Destination, via: p.Source, by: p.Binding, since: p.UpdatedAt, now: now,
		mode: mode{ask: p.Ask, made: p.CreatedAt, released: !p.DeletedAt.IsZero()},
	}
	if through.have, err = k.passedOn(q, through.of, through.via); err != nil {
		return false, false, err
	}
	if through.asked, err = remembered(q, p.Binding); err != nil {
		return false, false, err
	}
	if p.DeletedAt.IsZero() {
		through.mode.loss = p.OnLoss
	}
	if p.DeletedAt.IsZero() && live[p.Source] {
		in := p.Destination.AppID
		if p.Ask != (Asking{}) || len(through.asked) > 0 { // people are asked about people
			in = ""
		}
		if through.should, err = k.holders(q, p.Source, in, now); err != nil {
			return false, false, err
		}
		through.should.within(p.Until)
		through.still = func(tx *db.Tx, h holder) (bool, time.Time, error) {
			holds, until, err := holdsNow(tx, p.Binding, h, k.Clock.Now())
			if err == nil && holds {
				until, err = p.within(tx, h, until)
			}
			return holds, until, err
		}
	}
	c, err := k.deliberate(q, &through)
	if err != nil {
		return false, false, err
	}
	out, err := k.step(ctx, through)
	if err == nil {
		err = k.attend(ctx, through, c, &out)
	}
	return !live[p.Source] && !c.waiting, out.more, err
}
