package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// Warner tells people, some time before it, that their access ends.
//
// It goes along the ends of grants and writes down how far it came, in the transaction that queues the notices: so each end is told of
// once, an end that is moved away is told of when it comes near again, and there is nothing to write when an end is set. The grants
// that end at one moment may be many; a batch has a bounded number. What is told is at most a minute late.
type Warner struct {
	*Service

	lead  time.Duration // this long before the end
	after time.Duration // and not this long: then another Warner does; 0 for the last
}

// Warners are the due sources of what people are told before the end, one for each time ahead of it.
func (s *Service) Warners(leads []time.Duration) []due.Source {
	leads = slices.Compact(slices.Sorted(slices.Values(leads)))
	list := make([]due.Source, len(leads))
	after := time.Duration(0)
	for i, lead := range leads {
		list[i], after = Warner{s, lead, after}, lead
	}
	return list
}

// Name implements due.Source.
func (w Warner) Name() string { return fmt.Sprintf("grant-warn-%dm", int(w.lead.Minutes())) }

// mark is how far ends were told of.
type mark struct {
	at int64
	id ID
}

// last is behind the identity of every grant.
const last = ID("~")

func (w Warner) mark(q db.Q, how string) (m mark, err error) {
	err = q.Row(`select told_at, told_id from grant_warning where lead = $1`+how, w.lead.Microseconds()).Scan(&m.at, &m.id)
	return m, err
}

// Next implements due.Source: the earliest end that was not told of, less the time ahead of it.
func (w Warner) Next(ctx context.Context) (time.Time, bool, error) {
	if !w.tells() {
		return time.Time{}, false, nil
	}
	q := w.DB.Q(ctx)
	m, err := w.mark(q, "")
	if errors.Is(err, db.ErrNoRows) {
		return w.Clock.Now(), true, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	var at int64
	err = q.Row(nextWarning, m.at, m.id).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return clock.FromMicros(at).Add(-w.lead), err == nil, err
}

const nextWarning = `select deprovision_at from grants where deprovision_at is not null and ending_at is null
	and (deprovision_at, id) > ($1, $2) order by deprovision_at, id limit 1`

// warnSQL is a batch of grants that end behind the mark ($1, $2) and by $3. See dueSQL for why $3 stands in a query of its own.
var warnSQL = `select ` + heldColumns + heldFrom + `where g.deprovision_at is not null and g.ending_at is null
	and (g.deprovision_at, g.id) > ($1, $2) and g.deprovision_at <= (select cast($3 as bigint))
	order by g.deprovision_at, g.id limit $4`

// Run implements due.Source.
func (w Warner) Run(ctx context.Context, now time.Time) (handled int, err error) {
	err = w.DB.Write(audit.With(ctx, audit.System()), func(tx *db.Tx) error {
		handled = 0
		m, err := w.mark(tx, tx.Skip())
		reach := mark{us(now.Add(w.lead)), last}
		if errors.Is(err, db.ErrNoRows) { // the first time, or another replica is at it: what ends sooner was not watched
			n, err := tx.Exec(`insert into grant_warning (lead, told_at, told_id) values ($1,$2,$3) on conflict do nothing`,
				w.lead.Microseconds(), reach.at, reach.id)
			handled = int(n)
			return err
		}
		if err != nil {
			return err
		}
		grants, err := db.Collect(tx, scanHeld, warnSQL, m.at, m.id, reach.at, atOnce)
		if err != nil || len(grants) == 0 {
			return err
		}
		if handled = len(grants); handled == atOnce {
			end := grants[handled-1]
			reach = mark{us(end.DeprovisionAt), end.ID}
		}
		tx.Queue(`update grant_warning set told_at = $2, told_id = $3 where lead = $1`, w.lead.Microseconds(), reach.at, reach.id)
		return w.inform(tx, notify.EndsSoon, grants, func(h held) bool { return w.concerns(h.Grant, now) })
	})
	return handled, err
}

// concerns reports whether g is told of at now: it is in force, its end is one, and was that long off when it was set.
func (w Warner) concerns(g Grant, now time.Time) bool {
	end := g.Until()
	return g.State == Active && !g.ForceEnd && !end.IsZero() && end.After(now.Add(w.after)) && g.UpdatedAt.Before(end.Add(-w.lead))
}
