package contact

import (
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// What the keeper of duties asks and writes; see package automation.

// NextDuty is when the first duty is due; false if there is none.
func NextDuty(q db.Q) (time.Time, bool, error) {
	var at *int64
	err := q.Row(nextDutySQL).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

const (
	nextDutySQL = `select min(due_at) from on_call_duty`
	dueDutySQL  = `select app_id, resource_id, schedule_id, entitlement_id, updated_at, deleted_at from on_call_duty
		where due_at <= $1 order by due_at, schedule_id, resource_id limit 1`
	ofDuty = `app_id = $1 and resource_id = $2 and schedule_id = $3 and entitlement_id = $4`
)

func (d Duty) args(rest ...any) []any {
	return append([]any{string(d.AppID), string(d.ID), string(d.Schedule), string(d.Gives)}, rest...)
}

// ClaimDuty takes a duty that is due; nobody else does before until.
func ClaimDuty(tx *db.Tx, now, until time.Time) (Duty, bool, error) {
	d, err := db.One(tx, func(r *db.Rows) (d Duty, err error) {
		var updated int64
		var deleted *int64
		err = r.Scan(&d.AppID, &d.ID, &d.Schedule, &d.Gives, &updated, &deleted)
		d.UpdatedAt, d.DeletedAt = clock.FromMicros(updated), clock.FromNull(deleted)
		return d, err
	}, dueDutySQL+tx.Skip(), clock.Micros(now))
	if errors.Is(err, db.ErrNoRows) {
		return Duty{}, false, nil
	}
	if err == nil {
		tx.Queue(`update on_call_duty set due_at = $5 where `+ofDuty, d.args(clock.Micros(until))...)
	}
	return d, err == nil, err
}

// CloseDuty has a duty that was claimed until then looked at next at that time; of one that is deleted nothing stays behind. What was
// changed meanwhile stays due.
func CloseDuty(tx *db.Tx, d Duty, until, next time.Time) {
	if !d.DeletedAt.IsZero() {
		tx.Queue(`delete from on_call_duty where `+ofDuty+` and deleted_at = $5`, d.args(clock.Micros(d.DeletedAt))...)
		return
	}
	tx.Queue(`update on_call_duty set due_at = $5 where `+ofDuty+` and due_at = $6`, d.args(clock.Micros(next), clock.Micros(until))...)
}

// DropDuty takes a duty away whose group gives nothing any more.
func DropDuty(tx *db.Tx, d Duty) { tx.Queue(`delete from on_call_duty where `+ofDuty, d.args()...) }

// hurry makes the duties of a schedule due.
func hurry(tx *db.Tx, schedule ScheduleID, now time.Time) error {
	_, err := tx.Exec(hurrySQL, string(schedule), clock.Micros(now))
	return err
}

const hurrySQL = `update on_call_duty set due_at = $2, updated_at = $2 where schedule_id = $1 and deleted_at is null`

const enabledShiftsSQL = `select s.user_id, s.from_at, s.until_at from on_call_shift s join users u on u.id = s.user_id
	where s.schedule_id = $1 and u.status = 'ENABLED' order by s.place`

// EnabledShifts are the shifts of a schedule of those who are enabled, in their order.
func EnabledShifts(q db.Q, schedule ScheduleID) ([]Shift, error) {
	return db.Collect(q, scanShift, enabledShiftsSQL, string(schedule))
}

const liveDutySQL = `select 1 from on_call_duty where ` + ofDuty + ` and deleted_at is null`

// OnDuty reports whether somebody holds what a duty gives at a moment, and until when, by the shifts as they are in tx. Nobody changes
// those before it ends.
func OnDuty(tx *db.Tx, d Duty, user directory.UserID, at time.Time) (t Turn, ok bool, err error) {
	if err := tx.Lock(scheduleKey(d.Schedule)); err != nil {
		return t, false, err
	}
	var one int
	if err := tx.Row(liveDutySQL, d.args()...).Scan(&one); err != nil {
		if errors.Is(err, db.ErrNoRows) {
			err = nil
		}
		return t, false, err
	}
	list, err := EnabledShifts(tx, d.Schedule)
	for _, t := range OnCall(list, at) {
		if t.User == user {
			return t, true, nil
		}
	}
	return t, false, err
}
