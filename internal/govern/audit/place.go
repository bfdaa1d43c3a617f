package audit

import (
	"context"
	"sync"

	"github.com/interim-access/interim/internal/platform/db"
)

// Place is where an event lies in the log: 1 and up, in an order in which nothing is put in before what was [Log.Settled] already. Times
// and ids do not have that: transactions commit in any order, and clocks differ.
type Place int64

// Placed is an event and its place.
type Placed struct {
	Event

	Place Place
}

// placeColumn is where an engine keeps the place. SQLite's rows are numbered as its one writer commits them, and events are never
// deleted, so that no number is ever another's.
var placeColumn = map[db.Engine]string{db.SQLite: "rowid", db.Postgres: "seq"}

// edge is what this process knows of where the log is settled.
type edge struct {
	sync.Mutex

	settled Place // nothing will ever be put in at or before it
	seen    Place // this will be settled once every transaction up to before has ended
	before  int64 // id of a transaction on PostgreSQL; 0: nothing is waited for
}

// Settled answers up to which place the log will not change any more. It moves on when it is asked: to what could be seen when it was
// asked before, once nobody writes any more who did then.
//
// On PostgreSQL an event's transaction has its id before the event has its place. So of whoever sees an event, every transaction that
// may still put one in before it has its id already, and that is lower than one that is given out now. Once all these have ended, what
// they recorded is there, or never will be. (The upper end of a snapshot would not do: transactions above it may be under way.)
func (l *Log) Settled(ctx context.Context) (Place, error) {
	q, e := l.db.Q(ctx), &l.edge
	e.Lock()
	defer e.Unlock()
	if l.db.Engine() == db.SQLite {
		last, err := End(q, db.SQLite)
		e.settled = max(e.settled, last)
		return e.settled, err
	}
	for range 2 {
		var last Place
		var oldest int64 // transaction that has not ended
		err := q.Row(`select coalesce((select max(seq) from event where seq is not null), 0), pg_snapshot_xmin(s)::text::bigint
			from pg_current_snapshot() s`).Scan(&last, &oldest)
		if err != nil {
			return e.settled, err
		}
		if e.before > 0 && oldest > e.before {
			e.settled, e.before = e.seen, 0
		}
		if e.before > 0 || last <= e.settled {
			break
		}
		err = q.Row(`select max(seq), pg_current_xact_id()::text::bigint from event where seq is not null`).Scan(&e.seen, &e.before)
		if err != nil {
			return e.settled, err
		}
	}
	return e.settled, nil
}

// End answers the last place there is to be seen; others may still be put in before it, see [Log.Settled].
func End(q db.Q, e db.Engine) (last Place, err error) {
	column := placeColumn[e]
	err = q.Row(`select coalesce((select max(` + column + `) from event where ` + column + ` is not null), 0)`).Scan(&last)
	return last, err
}

// Between answers the first n events after one place and up to another, in the order of their places. For what passes events on.
func (l *Log) Between(ctx context.Context, after, until Place, n int) ([]Placed, error) {
	sql, args := betweenSQL(l.db.Engine(), after, until, n)
	return db.Collect(l.db.Q(ctx), func(r *db.Rows) (p Placed, err error) {
		p.Event, err = scan(r, &p.Place)
		return p, err
	}, sql, args...)
}

func betweenSQL(e db.Engine, after, until Place, n int) (string, []any) {
	column := placeColumn[e]
	return `select ` + columns + `, ` + column + ` from event where ` + column + ` > $1 and ` + column + ` <= $2
			order by ` + column + ` limit $3`,
		[]any{int64(after), int64(until), n}
}
