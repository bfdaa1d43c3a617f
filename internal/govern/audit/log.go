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
	edge  edge

	look, most int // how many events are looked at for a page of [Log.Find], at first and in all
}

// New returns the log kept in d, with times from c.
func New(d *db.DB, c clock.Clock) *Log { return &Log{db: d, clock: c, look: firstLook, most: maxLook} }

const columns = `id, at, kind, activity, failed, actor_kind, actor_id, actor_name, actor_email, client_key, on_behalf_of,
	source_ip, request_id, object_type, object_id, app_id, user_id, message, data`

// Record writes e as done by actor, in the transaction tx of the change it tells of. The id is always new; the time is e.At, or
// now where that is zero.
func (l *Log) Record(tx *db.Tx, actor Actor, e Event) error {
	return l.RecordAll(tx, actor, []Event{e})
}

// atOnce is how many events one statement writes.
const atOnce = 50

// RecordAll is Record for the many events of one act, in their order, with few statements.
func (l *Log) RecordAll(tx db.Queuer, actor Actor, events []Event) error {
	by := []any{actor.Kind, actor.UserID, actor.Name, actor.Email, actor.ClientKey, actor.OnBehalfOf, actor.IP, actor.RequestID}
	for _, chunk := range db.Chunks(events, atOnce) {
		args := make([]any, 0, len(by)+ofEvent*len(chunk))
		for i, e := range chunk {
			own, err := l.values(e)
			if err != nil {
				return err
			}
			args = append(args, own[:beforeActor]...)
			if i == 0 {
				args = append(args, by...)
			}
			args = append(args, own[beforeActor:]...)
		}
		tx.Queue(inserts[len(chunk)], args...)
	}
	return nil
}

// The columns of an event: those before its actor's, its actor's, and how many it has without.
const beforeActor, ofActor, ofEvent = 5, 8, 11

// values are those of the columns of e without its actor's.
func (l *Log) values(e Event) (own [ofEvent]any, err error) {
	now := l.clock.Now()
	if e.At.IsZero() {
		e.At = now
	}
	data := []byte("{}")
	if len(e.Data) > 0 {
		if data, err = json.Marshal(e.Data); err != nil {
			return own, fmt.Errorf("audit data of %s: %w", e.Kind, err)
		}
	}
	return [ofEvent]any{
		id.New(now), clock.Micros(e.At), e.Kind, int(e.Activity), e.Failed, e.ObjectType, e.ObjectID, e.AppID, e.UserID, e.Message,
		string(data),
	}, nil
}

// inserts are the statements that write so many events of one actor. The parameters are numbered as they first appear.
var inserts = func() (all [atOnce + 1]string) {
	text, last := []byte("insert into event ("+columns+") values "), 0
	for n := 1; n <= atOnce; n++ {
		text = append(text, '(')
		for column := range ofEvent + ofActor {
			p := column + 1 // the first event's, and every event's actor
			if actor := column >= beforeActor && column < beforeActor+ofActor; n == 1 || !actor {
				last++
				p = last
			}
			text = strconv.AppendInt(append(text, '$'), int64(p), 10)
			text = append(text, ',')
		}
		text[len(text)-1] = ')'
		all[n] = string(text)
		text = append(text, ',')
	}
	return all
}()

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
	rows, err := db.Collect(q, scanEvent, `select `+columns+` from event`+sql+` order by `+order+fmt.Sprintf(` limit %d`, r.Size+1), args...)
	if err != nil {
		return page.Page[Event]{}, err
	}
	return page.Cut(rows, r.Size, keyOf), nil
}

func keyOf(e Event) page.Key { return page.Key{strconv.FormatInt(clock.Micros(e.At), 10), e.ID} }

func position(q db.Q, field, eventID string) (int64, error) {
	var at int64
	err := q.Row(`select at from event where id = $1`, eventID).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return 0, fault.InvalidField(field, "no such event")
	}
	return at, err
}

func scanEvent(r *db.Rows) (Event, error) { return scan(r) }

// scan reads the columns of an event, and what follows them into more.
func scan(r *db.Rows, more ...any) (Event, error) {
	var (
		e        Event
		at       int64
		activity int
		data     string
	)
	err := r.Scan(append([]any{
		&e.ID, &at, &e.Kind, &activity, &e.Failed, &e.Actor.Kind, &e.Actor.UserID, &e.Actor.Name, &e.Actor.Email,
		&e.Actor.ClientKey, &e.Actor.OnBehalfOf, &e.Actor.IP, &e.Actor.RequestID, &e.ObjectType, &e.ObjectID, &e.AppID, &e.UserID,
		&e.Message, &data,
	}, more...)...)
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
