package read

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Happening is what happened to a grant.
type Happening string

// What the feed tells of.
const (
	Added   Happening = "ADDED"   // access began
	Removed Happening = "REMOVED" // access ended
)

// FeedEvent is one event of the feed.
type FeedEvent struct {
	grant.Key

	Grant grant.ID
	At    time.Time
	What  Happening
	Task  string // behind it; empty: none
}

// Feed lists when the grants that match f began and ended in [after, before), newest first; a zero edge does not narrow. A grant that
// was never in force is not in it. An event counts as theirs who held the account when it happened: that another takes over an account
// is no event of its grants.
func (s *Service) Feed(ctx context.Context, f GrantFilter, after, before time.Time, r page.Request) (page.Page[FeedEvent], error) {
	sql, args, err := feedSQL(f, after, before, r)
	if err != nil {
		return page.Page[FeedEvent]{}, err
	}
	rows, err := db.Collect(s.db.Q(ctx), func(r *db.Rows) (e FeedEvent, err error) {
		var at int64
		err = r.Scan(&at, &e.Grant, &e.What, &e.App, &e.Entitlement, &e.Account, &e.Task)
		e.At = clock.FromMicros(at)
		return e, err
	}, sql, args...)
	return page.Cut(rows, r.Size, func(e FeedEvent) page.Key {
		return momentKey(e.At, string(e.Grant), string(e.What))
	}), err
}

const feedColumns = `at, id, what, app_id, entitlement_id, account_id, task`

// feedSQL joins two lists, each read from its own index and cut to what a page can hold before they are merged.
func feedSQL(f GrantFilter, after, before time.Time, r page.Request) (string, []any, error) {
	var args []any
	sql := ""
	for _, half := range []struct {
		what                  Happening
		at, happened, taskCol string
		then                  whose
	}{
		{Added, "g.active_at", "g.active_at is not null", "g.granted_task", began},
		{Removed, "g.ending_at", "g.ending_at is not null and g.active_at is not null", "g.ended_task", ended},
	} {
		w := db.Where{}
		for _, v := range args { // the halves are one statement, so their values are counted through
			w.Bind(v)
		}
		what := "'" + string(half.what) + "'"
		w.And(half.happened)
		if !after.IsZero() {
			w.And(half.at+" >= ?", clock.Micros(after))
		}
		if !before.IsZero() {
			w.And(half.at+" < ?", clock.Micros(before))
		}
		if len(r.After) > 0 {
			at, err := micros(r.After)
			if err != nil {
				return "", nil, err
			}
			w.And(half.at+" <= ? and ("+half.at+", g.id, "+what+") < (?, ?, ?)", at, at, r.After[1], r.After[2])
		}
		f.where(&w, half.then)
		limit := w.Bind(r.Size + 1)
		var where string
		where, args = w.SQL()
		if sql != "" {
			sql += " union all "
		}
		sql += `select ` + feedColumns + ` from (select ` + half.at + ` as at, g.id as id, ` + what + ` as what, g.app_id, g.entitlement_id,
			g.account_id, ` + half.taskCol + ` as task from grants g` + where + `
			order by ` + half.at + ` desc, g.id desc limit ` + limit + `) as ` + string(half.what)
	}
	return `select ` + feedColumns + ` from (` + sql + `) as feed order by at desc, id desc, what desc limit ` + limitOf(r), args, nil
}
