package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// Log records and reads events.
type Log struct {
	db    *db.DB
	clock clock.Clock
}

// New returns the log kept in d, with times from c.
func New(d *db.DB, c clock.Clock) *Log { return &Log{db: d, clock: c} }

const columns = `id, at, kind, activity, failed, actor_kind, actor_id, actor_name, actor_email, client_key, on_behalf_of,
	source_ip, request_id, object_type, object_id, app_id, user_id, message, data`

// Record writes e as done by actor, in the transaction tx of the change it tells of. The id is always new; the time is e.At, or
// now where that is zero.
func (l *Log) Record(tx *db.Tx, actor Actor, e Event) error {
	if e.At.IsZero() {
		e.At = l.clock.Now()
	}
	data := "{}"
	if len(e.Data) > 0 {
		b, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("audit data of %s: %w", e.Kind, err)
		}
		data = string(b)
	}
	tx.Queue(`insert into event (`+columns+`)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)`,
		id.New(l.clock.Now()), clock.Micros(e.At), e.Kind, int(e.Activity), e.Failed, actor.Kind, actor.UserID, actor.Name, actor.Email,
		actor.ClientKey, actor.OnBehalfOf, actor.IP, actor.RequestID, e.ObjectType, e.ObjectID, e.AppID, e.UserID, e.Message, data)
	return nil
}

// List answers the events that match f in the order of their time, oldest first unless f.Newest. An unknown SinceID or UntilID is
// Invalid. For people who may read the system log.
func (l *Log) List(ctx context.Context, f Filter, r page.Request) (page.Page[Event], error) {
	q := l.db.Q(ctx)
	var w db.Where
	if !f.Since.IsZero() {
		w.And("at >= ?", clock.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		w.And("at < ?", clock.Micros(f.Until))
	}
	for _, edge := range []struct{ id, field, op string }{{f.SinceID, "sinceEventUid", ">"}, {f.UntilID, "untilEventUid", "<"}} {
		if edge.id == "" {
			continue
		}
		at, err := position(q, edge.field, edge.id)
		if err != nil {
			return page.Page[Event]{}, err
		}
		w.And("(at, id) "+edge.op+" (?, ?)", at, edge.id)
	}
	if f.ObjectID != "" {
		w.And("object_type = ?", f.ObjectType)
		w.And("object_id = ?", f.ObjectID)
	}
	if f.UserID != "" {
		w.And("user_id = ?", f.UserID)
	}
	order, op := "at, id", ">"
	if f.Newest {
		order, op = "at desc, id desc", "<"
	}
	if len(r.After) > 0 {
		at, err := strconv.ParseInt(r.After[0], 10, 64) // the token was signed by us for this list
		if err != nil {
			return page.Page[Event]{}, fmt.Errorf("event page key: %w", err)
		}
		w.And("(at, id) "+op+" (?, ?)", at, r.After[1])
	}
	sql, args := w.SQL()
	rows, err := db.Collect(q, scan, `select `+columns+` from event`+sql+` order by `+order+fmt.Sprintf(` limit %d`, r.Size+1), args...)
	if err != nil {
		return page.Page[Event]{}, err
	}
	return page.Cut(rows, r.Size, func(e Event) page.Key {
		return page.Key{strconv.FormatInt(clock.Micros(e.At), 10), e.ID}
	}), nil
}

func position(q db.Q, field, eventID string) (int64, error) {
	var at int64
	err := q.Row(`select at from event where id = $1`, eventID).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return 0, fault.InvalidField(field, "no such event")
	}
	return at, err
}

func scan(r *db.Rows) (Event, error) {
	var (
		e        Event
		at       int64
		activity int
		data     string
	)
	err := r.Scan(&e.ID, &at, &e.Kind, &activity, &e.Failed, &e.Actor.Kind, &e.Actor.UserID, &e.Actor.Name, &e.Actor.Email,
		&e.Actor.ClientKey, &e.Actor.OnBehalfOf, &e.Actor.IP, &e.Actor.RequestID, &e.ObjectType, &e.ObjectID, &e.AppID, &e.UserID,
		&e.Message, &data)
	if err != nil {
		return e, err
	}
	e.At, e.Activity = clock.FromMicros(at), Activity(activity)
	if data != "" && data != "{}" {
		if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
			return e, fmt.Errorf("data of event %s: %w", e.ID, err)
		}
	}
	return e, nil
}
