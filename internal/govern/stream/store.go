package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

const columns = `id, name, url, credentials, enabled, reason, place, due_at, lease, failures, last_error, sent_at, created_by, created_at,
	updated_at, version`

func (s *Service) scan(r *db.Rows) (v Stream, err error) {
	var sealed []byte
	var dueAt, created, updated int64
	var sent *int64
	err = r.Scan(&v.ID, &v.Name, &v.URL, &sealed, &v.Enabled, &v.Reason, &v.place, &dueAt, &v.lease, &v.Failures, &v.LastError, &sent,
		&v.CreatedBy, &created, &updated, &v.Version)
	if err != nil {
		return v, err
	}
	v.SentAt, v.dueAt = clock.FromNull(sent), clock.FromMicros(dueAt)
	v.CreatedAt, v.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	plain, err := s.Box.Open(purpose(v.ID), sealed)
	if err != nil {
		return v, fmt.Errorf("credentials of stream %s: %w", v.ID, err)
	}
	return v, json.Unmarshal(plain, &v.Credentials)
}

// purpose ties sealed credentials to their row.
func purpose(streamID ID) string { return "event stream/" + string(streamID) }

func (s *Service) seal(v Stream) ([]byte, error) {
	plain, err := json.Marshal(v.Credentials)
	if err != nil {
		return nil, err
	}
	return s.Box.Seal(purpose(v.ID), plain)
}

// all are the streams, oldest first; there are at most MaxStreams.
func (s *Service) all(q db.Q) ([]Stream, error) {
	return db.Collect(q, s.scan, `select `+columns+` from event_stream order by id`)
}

// get reads a stream with its secrets. NotFound.
func (s *Service) get(q db.Q, streamID ID) (Stream, error) {
	v, err := db.One(q, s.scan, `select `+columns+` from event_stream where id = $1`, string(streamID))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("event stream", string(streamID))
	}
	return v, err
}

func insert(tx *db.Tx, v Stream, sealed []byte) {
	tx.Queue(`insert into event_stream (`+columns+`) values ($1,$2,$3,$4,$5,'',$6,$7,'',0,'',null,$8,$9,$9,1)`,
		string(v.ID), v.Name, v.URL, sealed, v.Enabled, int64(v.place), clock.Micros(v.dueAt), string(v.CreatedBy), clock.Micros(v.CreatedAt))
}

// update writes v over the version it was read at; who sends a batch meanwhile goes on. Conflict if somebody else was faster.
func update(tx *db.Tx, v Stream, sealed []byte) error {
	n, err := tx.Exec(`update event_stream set name = $3, url = $4, credentials = $5, enabled = $6, updated_at = $7, version = version + 1
		where id = $1 and version = $2`,
		string(v.ID), v.Version, v.Name, v.URL, sealed, v.Enabled, clock.Micros(v.UpdatedAt))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the event stream was changed by someone else; read it again")
	}
	return err
}

// resume forgets the failures of a stream. A batch under way is waited for: else two might be, and arrive in the wrong order.
func resume(tx *db.Tx, streamID ID, now time.Time) {
	tx.Queue(`update event_stream set failures = 0, reason = '', due_at = case when lease = '' then $2 else due_at end where id = $1`,
		string(streamID), clock.Micros(now))
}

// claim takes those of the streams that are still due: they are the holder of the lease's until it ends.
func (s *Service) claim(tx *db.Tx, list []Stream, lease string, now, until time.Time) ([]Stream, error) {
	args := []any{clock.Micros(now), clock.Micros(until), lease}
	for _, v := range list {
		args = append(args, string(v.ID))
	}
	due.Wake(tx, until)
	return db.Collect(tx, s.scan, `update event_stream set due_at = $2, lease = $3
		where enabled and due_at <= $1 and id in `+db.In(len(list), 4)+` returning `+columns, args...)
}

// sent writes down that what was sent up to a place was answered.
func sent(tx *db.Tx, v Stream, now time.Time) error {
	_, err := tx.Exec(`update event_stream set place = $3, due_at = $4, lease = '', failures = 0, last_error = '', sent_at = $4
		where id = $1 and lease = $2`, string(v.ID), v.lease, int64(v.place), clock.Micros(now))
	return err
}

// retry writes down that a call failed, and when it is tried again.
func retry(tx *db.Tx, v Stream, again time.Time) error {
	_, err := tx.Exec(`update event_stream set due_at = $3, lease = '', failures = $4, last_error = $5 where id = $1 and lease = $2`,
		string(v.ID), v.lease, clock.Micros(again), v.Failures, v.LastError)
	return err
}

// switchOff writes down that a call failed and none is tried again. 0: somebody switched the stream off already, or has it now.
func switchOff(tx *db.Tx, v Stream, now time.Time) (int64, error) {
	n, err := tx.Exec(`update event_stream set due_at = $3, lease = '', failures = $4, last_error = $5, reason = $5, enabled = false,
		updated_at = $3, version = version + 1 where id = $1 and lease = $2 and enabled`,
		string(v.ID), v.lease, clock.Micros(now), v.Failures, v.LastError)
	if err == nil && n == 0 {
		err = giveBack(tx, v, now)
	}
	return n, err
}

// giveBack undoes a claim.
func giveBack(tx *db.Tx, v Stream, now time.Time) error {
	_, err := tx.Exec(`update event_stream set due_at = $3, lease = '' where id = $1 and lease = $2`, string(v.ID), v.lease, clock.Micros(now))
	return err
}
