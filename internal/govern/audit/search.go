package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// Search narrows a search for events. Zero members do not narrow; lists hold at most 500 values.
type Search struct {
	Since, Until time.Time // half-open [Since, Until)
	About        string    // an object, or the person it is about
	ActorID      string
	Kinds        []string
	Credentials  []string // that the actor used, by ids
}

// examined reports whether events have to be looked at one by one: what they are looked up by has no index, which every event written
// would have to pay for.
func (s Search) examined() bool { return s.ActorID != "" || len(s.Kinds) > 0 || len(s.Credentials) > 0 }

// How many events are looked at: at first, where that did not fill a page that many times as many, and for one page at most.
const (
	firstLook = 1_000
	deeper    = 8
	maxLook   = 50_000
)

// Find searches events, newest first. A page may hold fewer than were asked for, or none, and have another after it: a search among
// events that have no index stops for this page after [maxLook] of them, and the next goes on there. For people who may read the
// system log.
func (l *Log) Find(ctx context.Context, s Search, r page.Request) (page.Page[Event], error) {
	q := l.db.Q(ctx)
	from, err := sources(q, s)
	if err != nil || len(from) == 0 {
		return page.Page[Event]{}, err
	}
	if !s.examined() {
		sql, args, err := findSQL(s, from, r.After, 0, r.Size+1)
		if err != nil {
			return page.Page[Event]{}, err
		}
		rows, err := db.Collect(q, scanEvent, sql, args...)
		return page.Cut(rows, r.Size, keyOf), err
	}
	return l.walk(q, s, from, r)
}

// walk looks at events from r.After on, until a page is found, or enough was looked at.
func (l *Log) walk(q db.Q, s Search, from []source, r page.Request) (p page.Page[Event], err error) {
	at := r.After
	for looked, width := 0, l.look; looked < l.most; width *= deeper {
		width = min(width, l.most-looked)
		sql, args, err := findSQL(s, from, at, width, r.Size+1-len(p.Items))
		if err != nil {
			return p, err
		}
		rows, err := db.Collect(q, scanEvent, sql, args...)
		if err != nil {
			return p, err
		}
		p.Items = append(p.Items, rows...)
		if len(p.Items) > r.Size {
			return page.Cut(p.Items, r.Size, keyOf), nil
		}
		if at, err = lastOf(q, s, from, at, width); err != nil || at == nil {
			return p, err
		}
		looked += width
	}
	p.Next = at
	return p, nil
}

// lastOf is the position of the last of the next n events of the sources after another; nil where there are fewer.
func lastOf(q db.Q, s Search, from []source, after page.Key, n int) (page.Key, error) {
	s.ActorID, s.Kinds, s.Credentials = "", nil, nil
	sql, args, err := unionSQL("at, id", s, from, after, n)
	if err != nil {
		return nil, err
	}
	var at int64
	var id string
	err = q.Row(`select at, id from (`+sql+`) e order by at desc, id desc limit 1 offset `+strconv.Itoa(n-1), args...).Scan(&at, &id)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return page.Key{strconv.FormatInt(at, 10), id}, err
}

// source is events that an index has in order: "" all, else a condition with what it is about.
type source struct {
	cond string
	args []any
}

// sources are where the events are that s can find. An object is looked up by its type and id, so the types come first; there are few.
func sources(q db.Q, s Search) ([]source, error) {
	if s.About == "" {
		return []source{{}}, nil
	}
	types, err := db.Collect(q, func(r *db.Rows) (t string, err error) { return t, r.Scan(&t) }, typesSQL, s.About)
	if err != nil {
		return nil, err
	}
	var from []source
	for _, t := range types {
		from = append(from, source{"object_type = ? and object_id = ?", []any{t, s.About}})
	}
	// Spelled as the index of these rows is; an event is found once.
	return append(from, source{"user_id = ? and user_id <> '' and object_id <> ?", []any{s.About, s.About}}), nil
}

// typesSQL steps from one type of objects to the next, and keeps those under which there is an event of the object.
const typesSQL = `with recursive types (t) as (
		select min(object_type) from event
		union all select (select min(object_type) from event where object_type > t) from types where t is not null
	) select t from types where t is not null and exists (select 1 from event where object_type = t and object_id = $1)`

// findSQL reads at most n events that match s after a position; look > 0: of the first so many.
func findSQL(s Search, from []source, after page.Key, look, n int) (string, []any, error) {
	limit := n
	if look > 0 {
		limit = look
	}
	sql, args, err := unionSQL(columns, s, from, after, limit)
	if err != nil || look == 0 {
		return sql, args, err
	}
	var w db.Where
	for _, a := range args {
		w.Bind(a)
	}
	if s.ActorID != "" {
		w.And("actor_id = ?", s.ActorID)
	}
	w.In("kind", s.Kinds)
	w.In("client_key", s.Credentials)
	where, args := w.SQL()
	return `select ` + columns + ` from (select ` + columns + ` from (` + sql + `) u order by at desc, id desc
			limit ` + strconv.Itoa(look) + `) e` + where + ` order by at desc, id desc limit ` + strconv.Itoa(n), args, nil
}

// unionSQL reads the first n events of the sources in the time of s after a position, each from its own index.
func unionSQL(what string, s Search, from []source, after page.Key, n int) (string, []any, error) {
	var args []any
	parts := make([]string, len(from))
	for i, src := range from {
		var w db.Where
		for _, a := range args {
			w.Bind(a)
		}
		if src.cond != "" {
			w.And(src.cond, src.args...)
		}
		if !s.Since.IsZero() {
			w.And("at >= ?", clock.Micros(s.Since))
		}
		if !s.Until.IsZero() {
			w.And("at < ?", clock.Micros(s.Until))
		}
		if len(after) == 2 {
			at, err := strconv.ParseInt(after[0], 10, 64) // the token was signed by us for this list
			if err != nil {
				return "", nil, fmt.Errorf("event page key: %w", err)
			}
			w.And("(at, id) < (?, ?)", at, after[1])
		}
		var where string
		where, args = w.SQL()
		parts[i] = `select ` + what + ` from event` + where + fmt.Sprintf(` order by at desc, id desc limit %d`, n)
	}
	if len(parts) == 1 {
		return parts[0], args, nil
	}
	for i, p := range parts {
		parts[i] = `select ` + what + ` from (` + p + `) e` + strconv.Itoa(i)
	}
	return `select ` + what + ` from (` + strings.Join(parts, " union all ") + `) u order by at desc, id desc limit ` + strconv.Itoa(n),
		slices.Clone(args), nil
}

// Get reads one event. NotFound. For people who may read the system log.
func (l *Log) Get(ctx context.Context, eventID string) (Event, error) {
	e, err := db.One(l.db.Q(ctx), scanEvent, `select `+columns+` from event where id = $1`, eventID)
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("event", eventID)
	}
	return e, err
}
