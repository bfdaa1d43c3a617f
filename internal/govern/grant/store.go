package grant

import (
	"errors"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

var names = []string{
	"id", "app_id", "entitlement_id", "account_id", "connector_id", "state", "direct", "derived", "deprovision_at", "force_end",
	"created_at", "active_at", "ending_at", "ended_at", "removed_at", "end_reason", "end_note", "target_note", "seen_at", "discovered",
	"granted_by", "granted_by_name", "granted_task", "policy_version", "decided_by", "decided_for", "ended_by", "ended_by_name",
	"ended_task", "updated_at", "version", "kept", "put_back", "derived_until",
}

// Columns are the columns [Scan] reads, for packages that join grants; alias is the table's alias with its dot, or empty.
func Columns(alias string) string { return alias + strings.Join(names, ", "+alias) }

// Scan reads one row of [Columns], and whatever follows them into rest.
func Scan(r *db.Rows, rest ...any) (g Grant, err error) {
	var connector *string
	var created, updated int64
	var deprovision, active, ending, ended, removed, seen, passed *int64
	err = r.Scan(append([]any{
		&g.ID, &g.App, &g.Entitlement, &g.Account, &connector, &g.State, &g.Direct, &g.Derived, &deprovision, &g.ForceEnd,
		&created, &active, &ending, &ended, &removed, &g.EndReason, &g.EndNote, &g.TargetNote, &seen, &g.Discovered,
		&g.Given.By.ID, &g.Given.By.Name, &g.Given.Task, &g.Given.PolicyVersion, &g.Given.DecidedBy, &g.Given.DecidedFor,
		&g.EndedBy.ID, &g.EndedBy.Name, &g.EndedTask, &updated, &g.Version, &g.Kept, &g.PutBack, &passed,
	}, rest...)...)
	if connector != nil {
		g.Connector = app.ConnectorID(*connector)
	}
	g.CreatedAt, g.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	g.DeprovisionAt, g.ActiveAt, g.EndingAt = clock.FromNull(deprovision), clock.FromNull(active), clock.FromNull(ending)
	g.EndedAt, g.RemovedAt, g.SeenAt = clock.FromNull(ended), clock.FromNull(removed), clock.FromNull(seen)
	g.DerivedUntil = clock.FromNull(passed)
	return g, err
}

func scan(r *db.Rows) (Grant, error) { return Scan(r) }

// held is a grant with what a change of it has to know: how long the entitlement may be granted (0: any time) and whose account it is.
type held struct {
	Grant

	Longest time.Duration
	User    directory.UserID // empty: nobody's
}

func scanHeld(r *db.Rows) (h held, err error) {
	var longest *int64
	var user *string
	h.Grant, err = Scan(r, &longest, &user)
	if longest != nil {
		h.Longest = time.Duration(*longest) * time.Microsecond
	}
	if user != nil {
		h.User = directory.UserID(*user)
	}
	return h, err
}

var liveSQL = `select ` + heldColumns + heldFrom + `where g.app_id = $1 and g.entitlement_id = $2 and g.account_id = $3
	and g.ended_at is null`

// live reads the grant of a key that is not ended. NotFound if there is none.
func live(q db.Q, k Key) (held, error) {
	h, err := db.One(q, scanHeld, liveSQL, k.App, k.Entitlement, k.Account)
	if errors.Is(err, db.ErrNoRows) {
		return held{}, fault.New(fault.NotFound, "grant not found: the account does not hold the entitlement")
	}
	return h, err
}

// insertSQL adds a grant unless another of its key is live. The index decides, not a look before.
var insertSQL = `insert into grants (` + Columns("") + `)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,null,null,null,'','','',$13,$14,$15,$16,$17,$18,$19,$20,'','','',$11,1,$21,0,$22)
		on conflict (app_id, entitlement_id, account_id) where ended_at is null do nothing`

func insertArgs(g Grant) []any {
	return []any{
		g.ID, g.App, g.Entitlement, g.Account, connector(g), g.State, g.Direct, g.Derived, clock.Null(g.DeprovisionAt), g.ForceEnd,
		clock.Micros(g.CreatedAt), clock.Null(g.ActiveAt), clock.Null(g.SeenAt), g.Discovered, g.Given.By.ID, g.Given.By.Name, g.Given.Task,
		g.Given.PolicyVersion, g.Given.DecidedBy, g.Given.DecidedFor, g.Kept, clock.Null(g.DerivedUntil),
	}
}

// insert adds a grant unless another of its key is live, and reports whether it did.
func insert(tx *db.Tx, g Grant) (bool, error) {
	n, err := tx.Exec(insertSQL, insertArgs(g)...)
	return n == 1, err
}

func connector(g Grant) any {
	if g.Connector == "" {
		return nil
	}
	return g.Connector
}

// moveEnd writes the end alone, which is all that extending and shortening change.
func moveEnd(tx *db.Tx, g Grant, now time.Time) error {
	return guarded(tx.Exec(`update grants set deprovision_at = $3, updated_at = $4, version = version + 1 where id = $1 and version = $2`,
		g.ID, g.Version, clock.Null(g.DeprovisionAt), clock.Micros(now)))
}

// save writes everything that a step may change, over the version that was read.
func save(tx *db.Tx, g Grant, now time.Time) error {
	return guarded(tx.Exec(`update grants set state = $3, direct = $4, derived = $5, deprovision_at = $6, force_end = $7, active_at = $8,
			ending_at = $9, ended_at = $10, removed_at = $11, end_reason = $12, end_note = $13, seen_at = $14, ended_by = $15,
			ended_by_name = $16, ended_task = $17, updated_at = $18, kept = $19, put_back = $20, derived_until = $21, version = version + 1
		where id = $1 and version = $2`,
		g.ID, g.Version, g.State, g.Direct, g.Derived, clock.Null(g.DeprovisionAt), g.ForceEnd, clock.Null(g.ActiveAt), clock.Null(g.EndingAt),
		clock.Null(g.EndedAt), clock.Null(g.RemovedAt), g.EndReason, g.EndNote, clock.Null(g.SeenAt), g.EndedBy.ID, g.EndedBy.Name, g.EndedTask,
		clock.Micros(now), g.Kept, g.PutBack, clock.Null(g.DerivedUntil)))
}

// guarded turns a write that found another version into a conflict.
func guarded(n int64, err error) error {
	if err == nil && n == 0 {
		return stale()
	}
	return err
}

func stale() error {
	return fault.New(fault.Conflict, "the grant was changed by someone else; read it again")
}

// bind starts a list of values with the given ones and adds the ids.
func bind[T any](ids []T, first ...any) []any {
	args := append(make([]any, 0, len(first)+len(ids)), first...)
	for _, i := range ids {
		args = append(args, i)
	}
	return args
}

// each reads rows to their end.
func each(rows *db.Rows, one func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := one(); err != nil {
			return err
		}
	}
	return rows.Err()
}
