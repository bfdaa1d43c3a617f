package grant

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/platform/db"
)

// Held is a grant as somebody read it who is about to change it.
type Held = held

// Read is the first half of a change.
func (s *Service) Read(ctx context.Context, k Key) (Held, error) { return live(s.DB.Q(ctx), k) }

// MoveRead is the second half of SetEnd.
func (s *Service) MoveRead(ctx context.Context, h Held, end time.Time) (Grant, error) {
	return s.write(ctx, h, func(h held, now time.Time) (Grant, Effect, error) { return h.SetEnd(end, now) })
}

// RevokeRead is the second half of Revoke.
func (s *Service) RevokeRead(ctx context.Context, h Held) (Grant, error) {
	return s.write(ctx, h, func(h held, now time.Time) (Grant, Effect, error) { return h.Revoke(Person{}, "", now) })
}

// Put writes a grant as it is, whatever state it is in.
func Put(tx *db.Tx, g Grant) error {
	if _, err := insert(tx, g); err != nil {
		return err
	}
	return save(tx, g, g.UpdatedAt)
}

// Load reads grants by identity.
func Load(q db.Q, list []ID) (map[ID]Grant, error) {
	all := map[ID]Grant{}
	for _, chunk := range db.Chunks(list) {
		grants, err := db.Collect(q, scan, `select `+Columns("")+` from grants where id in `+db.In(len(chunk), 1), bind(chunk)...)
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			all[g.ID] = g
		}
	}
	return all, nil
}

// Statements are those that must not read whole tables, with values to plan them with and the index each lives by.
func Statements() []struct {
	Name, SQL, Index string
	Args             []any
} {
	return []struct {
		Name, SQL, Index string
		Args             []any
	}{
		{"the live grant of a key", liveSQL, "grants_", []any{"a", "e", "c"}},
		{"the next end", nextEnd, "grants_due", nil},
		{"ends", dueSQL, "grants_due", []any{1, 500}},
		{"the next warning", nextWarning, "grants_due", []any{1, "g"}},
		{"warnings", warnSQL, "grants_due", []any{1, "g", 2, 500}},
		{"a user's grants", condemnSQL + ofUser, "grants_", []any{1, "r", "b", "n", "u"}},
		{"an app's grants", condemnSQL + ofApp, "grants_live", []any{1, "r", "b", "n", "a"}},
		{"an account's grants", condemnSQL + ofApp + ` and account_id in ` + db.In(2, 6), "grants_", []any{1, "r", "b", "n", "a", "x", "y"}},
		{"an entitlement's grants", condemnSQL + ofApp + ` and entitlement_id in ` + db.In(2, 6), "grants_live", []any{1, "r", "b", "n", "a", "x", "y"}},
		{"memberships seen", holdingSQL(2), "grants_", []any{"c", "d"}},
		{"memberships missing", missingSQL, "grants_connector", []any{"k", 1, 2, "", 500}},
		{"has a user access", askUser, "grants_live", []any{"a", "e", "u"}},
		{"has an account access", askAccount, "grants_", []any{"a", "e", "c"}},
	}
}
