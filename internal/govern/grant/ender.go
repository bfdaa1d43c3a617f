package grant

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// atOnce is how many grants one transaction moves: more would keep other writers waiting.
const atOnce = 500

// Ender notices that grants are past their end: it moves them to ending, or to ended where there is no target, and has the
// memberships removed. Access does not wait for it; it was over at the end itself.
type Ender struct{ *Service }

// Ender is the due source of ends.
func (s *Service) Ender() due.Source { return Ender{s} }

// Name implements due.Source.
func (Ender) Name() string { return "grant-end" }

// Next implements due.Source: the earliest end of a grant that is still thought to be live.
func (e Ender) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := e.DB.Q(ctx).Row(nextEnd).Scan(&at)
	return moment(at), at != nil, err
}

const nextEnd = `select min(deprovision_at) from grants where state in ('pending', 'active') and deprovision_at is not null`

// Run implements due.Source: one batch of grants whose end has come by now.
func (e Ender) Run(ctx context.Context, now time.Time) (int, error) {
	handled := 0
	err := e.DB.Write(ctx, func(tx *db.Tx) error {
		over, err := db.Collect(tx, scan, expireSQL(tx.Skip()), us(now), atOnce)
		if err != nil {
			return err
		}
		direct, err := db.Collect(tx, scan, expireDirectSQL(tx.Skip()), us(now), atOnce)
		if err != nil {
			return err
		}
		handled = len(over) + len(direct)
		if handled == 0 {
			return nil
		}
		tx.OnCommit(func() { e.metrics.late(over, e.Clock.Now()) })
		return e.ended(tx, over, direct, now)
	})
	return handled, err
}

// ended opens the operations and tells the audit. A grant that somebody or something ended before its time was told of then; its
// event here says that the time has come.
func (e Ender) ended(tx *db.Tx, over, direct []Grant, now time.Time) error {
	if err := dropSources(tx, over, now); err != nil {
		return err
	}
	var onTime, early []Grant
	for _, g := range over {
		if g.EndReason == Expired {
			onTime = append(onTime, g)
		} else {
			early = append(early, g)
		}
	}
	if err := e.Provision.Replace(tx, provision.Revoke, append(orders(over...), orders(direct...)...), now); err != nil {
		return err
	}
	for _, told := range []struct {
		kind   string
		grants []Grant
	}{{"grant.ended_on_time", onTime}, {"grant.ended", early}, {"grant.direct_ended_on_time", direct}} {
		if len(told.grants) == 0 {
			continue
		}
		if err := e.record(tx, audit.System(), told.kind, told.grants, endOf); err != nil {
			return err
		}
	}
	return nil
}

func endOf(g Grant) map[string]any {
	if g.EndingAt.IsZero() {
		return nil
	}
	more := map[string]any{"endedAt": shown(g.EndingAt)}
	if g.EndedBy.ID != "" {
		more["endedBy"] = string(g.EndedBy.ID)
	}
	return more
}

// overdue is the head of the statements that claim a batch of grants past their end: $1 now, $2 how many.
func overdue(which, skip string) string {
	return `with ready as materialized (select id from grants where state in ('pending', 'active') and deprovision_at is not null
		and deprovision_at <= $1 and ` + which + ` order by deprovision_at, id limit $2` + skip + `) `
}

// expireSQL is Grant.Expire for a batch of grants that end with all their sources. Access ended at the end, not now.
func expireSQL(skip string) string {
	return overdue(`(derived = 0 or force_end)`, skip) + `update grants set
			state = case when connector_id is null then 'ended' else 'ending' end,
			ending_at = deprovision_at,
			ended_at = case when connector_id is null then $1 else ended_at end,
			end_reason = case when end_reason = '' then 'EXPIRED' else end_reason end,
			updated_at = $1, version = version + 1
		where id in (select id from ready) returning ` + Columns("")
}

// expireDirectSQL is Grant.Expire for a batch of grants that other entitlements pass on beyond the end of their direct source.
func expireDirectSQL(skip string) string {
	return overdue(`derived > 0 and not force_end`, skip) + `update grants set
			direct = '', deprovision_at = null, updated_at = $1, version = version + 1
		where id in (select id from ready) returning ` + Columns("")
}

// dropSources ends the derived sources of grants that ended with all their sources.
func dropSources(tx *db.Tx, over []Grant, now time.Time) error {
	var had []ID
	for _, g := range over {
		if g.Derived > 0 {
			had = append(had, g.ID)
		}
	}
	if len(had) == 0 {
		return nil
	}
	if _, err := tx.Exec(`update grants set derived = 0 where id in `+db.In(len(had), 1), bind(had)...); err != nil {
		return err
	}
	_, err := tx.Exec(`update grant_source set ended_at = $1 where ended_at is null and grant_id in `+db.In(len(had), 2),
		bind(had, us(now))...)
	return err
}
