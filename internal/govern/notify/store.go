package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/page"
)

const columns = `id, user_id, kind, channel, task_id, body, state, lease, attempts, last_error, created_at, done_at, people`

func scan(r *db.Rows) (n Notification, err error) {
	var body string
	var created int64
	var done *int64
	var people *string
	err = r.Scan(&n.ID, &n.User, &n.Kind, &n.Channel, &n.TaskID, &body, &n.State, &n.lease, &n.Attempts, &n.LastError, &created, &done,
		&people)
	if err != nil {
		return n, err
	}
	n.CreatedAt = clock.FromMicros(created)
	if done != nil {
		n.DoneAt = clock.FromMicros(*done)
	}
	if people != nil {
		if err := json.Unmarshal([]byte(*people), &n.people); err != nil {
			return n, err
		}
	}
	return n, json.Unmarshal([]byte(body), &n.Data)
}

// Failed lists the notifications that were given up within the last 30 days, newest first.
func (s *Service) Failed(ctx context.Context, r page.Request) (page.Page[Notification], error) {
	var w db.Where
	w.And("state = 'failed'")
	w.Before([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	found, err := db.Collect(s.DB.Q(ctx), scan, `select `+columns+` from notification`+sql+` order by id desc limit `+limit, args...)
	if err != nil {
		return page.Page[Notification]{}, err
	}
	return page.Cut(found, r.Size, func(n Notification) page.Key { return page.Key{string(n.ID)} }), nil
}

// claim takes at most a batch of what is due: it is the holder of the lease's until that ends.
func claim(tx *db.Tx, lease string, now time.Time) ([]Notification, error) {
	until := now.Add(Lease)
	due.Wake(tx, until)
	return db.Collect(tx, scan, `with ready as materialized (select id from notification
			where state = 'open' and due_at <= $1 order by due_at, id limit $4`+tx.Skip()+`)
		update notification set due_at = $2, lease = $3, attempts = attempts + 1 where id in (select id from ready) returning `+columns,
		clock.Micros(now), clock.Micros(until), lease, batch)
}

// held reports whether n is still open under its lease, and keeps it so until the transaction ends.
func held(tx *db.Tx, n Notification) (bool, error) {
	sql := `select 1 from notification where id = $1 and state = 'open' and lease = $2`
	if tx.Skip() != "" {
		sql += " for update"
	}
	var one int
	err := tx.Row(sql, string(n.ID), n.lease).Scan(&one)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func finish(tx *db.Tx, n Notification, c Channel, to State, why string, now, forgotten time.Time) {
	tx.Queue(`update notification set state = $2, channel = $3, last_error = $4, done_at = $5, due_at = $6, lease = '' where id = $1`,
		string(n.ID), string(to), string(c), why, clock.Micros(now), clock.Micros(forgotten))
}

func handedOver(tx *db.Tx, n Notification, forgotten time.Time) {
	tx.Queue(`update notification set state = 'handed', channel = $2, due_at = $3, lease = '' where id = $1`,
		string(n.ID), string(Webhook), clock.Micros(forgotten))
}

// finishHanded closes what a webhook had.
func finishHanded(tx *db.Tx, n ID, to State, why string, now, forgotten time.Time) {
	tx.Queue(`update notification set state = $2, last_error = $3, done_at = $4, due_at = $5 where id = $1 and state = 'handed'`,
		string(n), string(to), why, clock.Micros(now), clock.Micros(forgotten))
}

func retry(tx *db.Tx, n Notification, why string, dueAt time.Time) {
	tx.Queue(`update notification set due_at = $2, lease = '', channel = $3, last_error = $4 where id = $1`,
		string(n.ID), clock.Micros(dueAt), string(Mail), why)
}

// giveBack undoes a claim that led to no try.
func giveBack(tx *db.Tx, n Notification, dueAt time.Time) {
	tx.Queue(`update notification set due_at = $2, lease = '', attempts = attempts - 1 where id = $1`, string(n.ID), clock.Micros(dueAt))
}

// drop deletes what nobody is to be told.
func drop(tx *db.Tx, list []Notification) {
	if len(list) == 0 {
		return
	}
	args := make([]any, len(list))
	for i, n := range list {
		args[i] = string(n.ID)
	}
	tx.Queue(`delete from notification where id in `+db.In(len(list), 1), args...)
}
