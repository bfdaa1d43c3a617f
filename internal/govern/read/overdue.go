package read

import (
	"context"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// OverdueGrant is a grant that is past its end while its target may still let the account in.
type OverdueGrant struct {
	Binding

	EndedAt   time.Time
	Age       time.Duration // since EndedAt
	Attempts  int           // of removing it
	LastError string        // of the last attempt, in words for people; empty: none failed
}

// Overdue lists the grants past their end that their targets have not confirmed to be gone, longest overdue first; apps narrows it.
func (s *Service) Overdue(ctx context.Context, apps []app.ID, r page.Request) (page.Page[OverdueGrant], error) {
	now := s.clock.Now()
	sql, args, err := overdueSQL(apps, now, r)
	if err != nil {
		return page.Page[OverdueGrant]{}, err
	}
	var rows []OverdueGrant
	err = s.db.Read(ctx, func(q db.Q) error {
		rows, err = db.Collect(q, func(r *db.Rows) (o OverdueGrant, err error) {
			var at int64
			var attempts *int64
			var text *string
			if o.Grant, err = grant.Scan(r, &at, &attempts, &text); attempts != nil {
				o.Attempts, o.LastError = int(*attempts), *text
			}
			o.EndedAt = clock.FromMicros(at)
			o.Age = max(now.Sub(o.EndedAt), 0)
			return o, err
		}, sql, args...)
		if err != nil {
			return err
		}
		grants := make([]grant.Grant, len(rows))
		for i, o := range rows {
			grants[i] = o.Grant
		}
		bindings, err := bind(q, now, now, grants)
		for i, b := range bindings {
			rows[i].Binding = b
		}
		return err
	})
	return page.Cut(rows, r.Size, func(o OverdueGrant) page.Key { return momentKey(o.EndedAt, string(o.ID)) }), err
}

// overdueSQL joins those that are ending with those whose end has passed and was not noticed yet, be it that of what was given or the last
// of those by which it is passed on; whoever goes from one to the other
// between two pages keeps its place.
func overdueSQL(apps []app.ID, now time.Time, r page.Request) (string, []any, error) {
	var args []any
	sql := ""
	for i, part := range []struct{ at, which string }{
		{"g.ending_at", "g.ending_at is not null and g.ended_at is null"},
		{"g.deprovision_at", "g.deprovision_at is not null and g.ending_at is null and (g.derived = 0 or g.force_end)"},
		{"g.derived_until", "g.derived_until is not null and g.ending_at is null and not g.force_end"},
	} {
		w := db.Where{}
		for _, v := range args {
			w.Bind(v)
		}
		w.And(part.which)
		moment := w.Bind(clock.Micros(now))
		w.And(part.at + " <= " + moment)
		if part.at == "g.derived_until" {
			w.And(grant.OverSQL("g.", moment))
		}
		if len(r.After) > 0 {
			at, err := micros(r.After)
			if err != nil {
				return "", nil, err
			}
			w.And("("+part.at+", g.id) > (?, ?)", at, r.After[1])
		}
		in(&w, "g.app_id", apps)
		limit := w.Bind(r.Size + 1)
		var where string
		where, args = w.SQL()
		if sql != "" {
			sql += " union all "
		}
		sql += `select ` + grant.Columns("") + `, at from (select ` + grant.Columns("g.") + `, ` + part.at + ` as at from grants g` + where + `
			order by ` + part.at + `, g.id limit ` + limit + `) as part` + strconv.Itoa(i)
	}
	return `select ` + grant.Columns("late.") + `, late.at, o.attempts, o.last_error from (` + sql + `) as late
		left join operation o on o.grant_id = late.id and o.state = 'open' and o.kind = 'revoke'
		order by late.at, late.id limit ` + limitOf(r), args, nil
}

// limitOf is the number of rows to read for a page: one more than is shown.
func limitOf(r page.Request) string { return strconv.Itoa(r.Size + 1) }
