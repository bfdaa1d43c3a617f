package delegation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// columns are the columns scan reads; alias is the table's alias with its dot, or empty.
func columns(alias string) string {
	names := []string{
		"id", "delegator", "delegate", "from_at", "until_at", "mode", "reason", "created_by", "created_at", "updated_at", "deleted_at",
		"closed_at", "doc", "version",
	}
	return alias + strings.Join(names, ", "+alias)
}

// doc is what a row keeps beside its columns: the offsets from UTC, in seconds, that the window was written with.
type doc struct {
	FromOffset  int `json:"fromOffset,omitempty"`
	UntilOffset int `json:"untilOffset,omitempty"`
}

func scan(r *db.Rows) (d Delegation, err error) {
	return d, scanMore(r, &d)
}

// scanMore reads the columns, and after them those that more are for.
func scanMore(r *db.Rows, d *Delegation, more ...any) error {
	var (
		raw                    string
		from, created, updated int64
		until, deleted, closed *int64
		offsets                doc
	)
	into := []any{
		&d.ID, &d.Delegator, &d.Delegate, &from, &until, &d.Mode, &d.Reason, &d.CreatedBy, &created, &updated, &deleted, &closed, &raw,
		&d.Version,
	}
	if err := r.Scan(append(into, more...)...); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(raw), &offsets); err != nil {
		return fmt.Errorf("delegation %s: %w", d.ID, err)
	}
	d.From, d.Until = at(clock.FromMicros(from), offsets.FromOffset), at(clock.FromNull(until), offsets.UntilOffset)
	d.CreatedAt, d.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	d.DeletedAt, d.ClosedAt = clock.FromNull(deleted), clock.FromNull(closed)
	return nil
}

// Get reads one delegation, deleted ones too. NotFound if there is none.
func Get(q db.Q, delegation ID) (Delegation, error) { return get(q, delegation, "") }

func get(q db.Q, delegation ID, lock string) (Delegation, error) {
	d, err := db.One(q, scan, `select `+columns("")+` from delegation where id = $1`+lock, string(delegation))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("delegation", string(delegation))
	}
	return d, err
}

// reassignOf reads the REASSIGN of a delegator that is not deleted, if there is one.
func reassignOf(q db.Q, delegator directory.UserID, lock string) (Delegation, bool, error) {
	d, err := db.One(q, scan, reassignSQL+lock, string(delegator))
	if errors.Is(err, db.ErrNoRows) {
		return Delegation{}, false, nil
	}
	return d, err == nil, err
}

var reassignSQL = `select ` + columns("") + ` from delegation where mode = 'REASSIGN' and deleted_at is null and delegator = $1`

func insert(tx *db.Tx, d Delegation) error {
	raw, err := json.Marshal(d.offsets())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into delegation (id, delegator, delegate, from_at, until_at, mode, reason, created_by, created_at, updated_at,
			deleted_at, closed_at, doc, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$9,null,$10,$11,1)`,
		string(d.ID), string(d.Delegator), string(d.Delegate), clock.Micros(d.From), clock.Null(d.Until), string(d.Mode), d.Reason,
		string(d.CreatedBy), clock.Micros(d.CreatedAt), clock.Null(d.ClosedAt), string(raw))
	return err
}

// update writes d over the version it was read at. Conflict if somebody else was faster.
func update(tx *db.Tx, d *Delegation) error {
	raw, err := json.Marshal(d.offsets())
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update delegation set from_at = $3, until_at = $4, reason = $5, updated_at = $6, deleted_at = $7, doc = $8,
			version = version + 1
		where id = $1 and version = $2`,
		string(d.ID), d.Version, clock.Micros(d.From), clock.Null(d.Until), d.Reason, clock.Micros(d.UpdatedAt), clock.Null(d.DeletedAt),
		string(raw))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "the delegation was changed by someone else; read it again")
	}
	d.Version++
	return nil
}

func (d Delegation) offsets() (o doc) {
	_, o.FromOffset = d.From.Zone()
	if !d.Until.IsZero() {
		_, o.UntilOffset = d.Until.Zone()
	}
	return o
}

// at shows t with an offset from UTC; the zero time stays as it is.
func at(t time.Time, offset int) time.Time {
	if t.IsZero() || offset == 0 {
		return t
	}
	return t.In(time.FixedZone("", offset))
}

// locked ends a statement whose rows nobody else is to change until tx ends; how is "update" or "share". SQLite has one writer.
func locked(tx *db.Tx, how string) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for " + how
}
