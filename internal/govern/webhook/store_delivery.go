package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const deliveryColumns = `id, webhook_id, event, ref_id, payload, state, lease, attempts, last_error, last_attempt_at, verdict, created_at,
	updated_at, expires_at, done_at`

func scanDelivery(r *db.Rows) (d Delivery, err error) {
	var created, updated int64
	var last, expires, done *int64
	err = r.Scan(&d.ID, &d.Webhook, &d.Event, &d.Ref, &d.payload, &d.State, &d.lease, &d.Attempts, &d.LastError, &last, &d.Verdict, &created,
		&updated, &expires, &done)
	d.CreatedAt, d.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	d.LastAttemptAt, d.ExpiresAt, d.DoneAt = clock.FromNull(last), clock.FromNull(expires), clock.FromNull(done)
	return d, err
}

func insertDelivery(tx *db.Tx, d Delivery, dueAt time.Time) {
	tx.Queue(`insert into webhook_delivery (id, webhook_id, event, ref_id, payload, state, due_at, lease, attempts, last_error,
			last_attempt_at, verdict, created_at, updated_at, expires_at, done_at)
		values ($1,$2,$3,$4,$5,'open',$6,$7,$8,'',$9,'',$10,$10,null,null)`,
		string(d.ID), string(d.Webhook), string(d.Event), d.Ref, d.payload, clock.Micros(dueAt), d.lease, d.Attempts,
		clock.Null(d.LastAttemptAt), clock.Micros(d.CreatedAt))
}

func getDelivery(q db.Q, deliveryID DeliveryID) (Delivery, error) {
	d, err := db.One(q, scanDelivery, `select `+deliveryColumns+` from webhook_delivery where id = $1`, string(deliveryID))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("delivery", string(deliveryID))
	}
	return d, err
}

// Deliveries lists the deliveries of a webhook, newest first, deleted webhooks' too. Closed ones are kept for 30 days.
func (s *Service) Deliveries(ctx context.Context, webhookID ID, r page.Request) (page.Page[Delivery], error) {
	var w db.Where
	w.And("webhook_id = ?", string(webhookID))
	w.Before([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	rows, err := db.Collect(s.DB.Q(ctx), scanDelivery,
		`select `+deliveryColumns+` from webhook_delivery`+sql+` order by id desc limit `+limit, args...)
	if err != nil {
		return page.Page[Delivery]{}, err
	}
	return page.Cut(rows, r.Size, func(d Delivery) page.Key { return page.Key{string(d.ID)} }), nil
}

// open are the deliveries to be sent, but those to some webhooks.
func open(except []ID) *db.Where {
	w := &db.Where{}
	w.And("state = 'open'")
	w.NotIn("webhook_id", except)
	return w
}

// dueDeliveries returns the first n due deliveries without claiming them.
func dueDeliveries(q db.Q, except []ID, now time.Time, n int) ([]Delivery, error) {
	w := open(except)
	w.And("due_at <= ?", clock.Micros(now))
	limit := w.Bind(n)
	sql, args := w.SQL()
	return db.Collect(q, scanDelivery, `select `+deliveryColumns+` from webhook_delivery`+sql+` order by due_at, id limit `+limit, args...)
}

// claim takes those of the deliveries that are still due: they are the holder of the lease's until it ends.
func claim(tx *db.Tx, list []Delivery, lease string, now time.Time) ([]Delivery, error) {
	until := now.Add(Lease)
	args := []any{clock.Micros(now), clock.Micros(until), lease}
	for _, d := range list {
		args = append(args, string(d.ID))
	}
	due.Wake(tx, until)
	return db.Collect(tx, scanDelivery, `update webhook_delivery set due_at = $2, lease = $3, attempts = attempts + 1, last_attempt_at = $1,
			updated_at = $1
		where state = 'open' and due_at <= $1 and id in `+db.In(len(list), 4)+` returning `+deliveryColumns, args...)
}

// lockDelivery reads a delivery that is open under the lease and keeps it so until the transaction ends; with an empty lease, one in any
// state. ErrNoRows otherwise.
func lockDelivery(tx *db.Tx, deliveryID DeliveryID, lease string) (Delivery, error) {
	sql := `select ` + deliveryColumns + ` from webhook_delivery where id = $1 and ($2 = '' or state = 'open' and lease = $2)`
	if tx.Skip() != "" {
		sql += " for update"
	}
	return db.One(tx, scanDelivery, sql, string(deliveryID), lease)
}

func keepPayload(tx *db.Tx, d Delivery) error {
	_, err := tx.Exec(`update webhook_delivery set payload = $3 where id = $1 and lease = $2`, string(d.ID), d.lease, d.payload)
	return err
}

func retry(tx *db.Tx, d Delivery, now, dueAt time.Time) {
	tx.Queue(`update webhook_delivery set due_at = $2, lease = '', last_error = $3, updated_at = $4 where id = $1`,
		string(d.ID), clock.Micros(dueAt), d.LastError, clock.Micros(now))
}

// giveBack undoes a claim: the server stops, which is no fault of the receiver's.
func giveBack(tx *db.Tx, d Delivery, now time.Time) {
	tx.Queue(`update webhook_delivery set due_at = $2, lease = '', attempts = attempts - 1 where id = $1`, string(d.ID), clock.Micros(now))
}

func wait(tx *db.Tx, d Delivery, now, until time.Time) {
	tx.Queue(`update webhook_delivery set state = 'waiting', due_at = $2, expires_at = $2, lease = '', last_error = '', updated_at = $3
		where id = $1`, string(d.ID), clock.Micros(until), clock.Micros(now))
}

// closeDelivery writes down the end of d, and when it is forgotten.
func closeDelivery(tx *db.Tx, d Delivery, forgotten time.Time) {
	tx.Queue(`update webhook_delivery set state = $2, due_at = $3, lease = '', last_error = $4, verdict = $5, updated_at = $6, done_at = $6
		where id = $1`, string(d.ID), string(d.State), clock.Micros(forgotten), d.LastError, string(d.Verdict), clock.Micros(d.DoneAt))
}

func cancel(tx *db.Tx, ref string, now time.Time) error {
	_, err := tx.Exec(`update webhook_delivery set state = 'cancelled', due_at = $2, lease = '', updated_at = $3, done_at = $3
		where ref_id = $1 and done_at is null`, ref, clock.Micros(now.Add(Kept)), clock.Micros(now))
	return err
}

// makeDue has the loop look now at what a deleted webhook leaves unanswered, and find that it is deleted.
func (s *Service) makeDue(tx *db.Tx, webhookID ID, now time.Time) {
	tx.Queue(`update webhook_delivery set state = 'open', due_at = $2, lease = '', expires_at = null
		where webhook_id = $1 and done_at is null`, string(webhookID), clock.Micros(now))
	due.Wake(tx, now)
}

// overdue takes deliveries whose callback did not come in time, and those that are to be forgotten.
func overdue(tx *db.Tx, now time.Time) ([]Delivery, error) {
	return db.Collect(tx, scanDelivery, `select `+deliveryColumns+` from webhook_delivery
		where state <> 'open' and due_at <= $1 order by due_at, id limit $2`+tx.Skip(), clock.Micros(now), keepBatch)
}

func forget(tx *db.Tx, list []Delivery) error {
	if len(list) == 0 {
		return nil
	}
	args := make([]any, len(list))
	for i, d := range list {
		args[i] = string(d.ID)
	}
	_, err := tx.Exec(`delete from webhook_delivery where id in `+db.In(len(list), 1), args...)
	return err
}
