package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// identity measures the read of a person's grants of an entitlement beside bare SQL.
func (b *bench) identity(ctx context.Context, h *house) error {
	full := volley{address: h.full, headers: h.as(), make: func(int) request {
		q := b.world.any()
		return heldIn("/api/v1", id.KSUID(string(q.app)), id.KSUID(string(q.entitlement)), id.KSUID(q.user))
	}}
	less := volley{address: h.bare, headers: plain(), make: func(int) request {
		q := b.world.any()
		return heldIn("", string(q.app), string(q.entitlement), q.user)
	}}
	for _, v := range []volley{full, less} {
		if err := h.says(ctx, v, `"deprovisionAt":"2`); err != nil {
			return err
		}
	}
	m, err := b.contest(ctx, "identity", b.fires("full", full), b.fires("bare", less))
	if err != nil {
		return err
	}
	b.add(against("grants of an identity", m[0], "bare", m[1]))
	return nil
}

func heldIn(prefix, app, entitlement, user string) request {
	return request{method: http.MethodGet, path: fmt.Sprintf("%s/apps/%s/entitlements/%s/users/%s/grants", prefix, app, entitlement, user)}
}

// held is a grant as the bare handler shows it.
type held struct {
	App           string     `json:"appId"`
	Entitlement   string     `json:"appEntitlementId"`
	Account       string     `json:"appUserId"`
	CreatedAt     time.Time  `json:"createdAt"`
	DeletedAt     *time.Time `json:"deletedAt"`
	DeprovisionAt *time.Time `json:"deprovisionAt"`
	Sources       []string   `json:"grantSources"`
}

// heldBy is the read in bare SQL.
func heldBy(q db.Q, app, entitlement, user string) ([]held, error) {
	accounts, err := db.Collect(q, func(r *db.Rows) (account *string, err error) {
		var thing, person bool
		return account, r.Scan(&thing, &person, &account)
	}, identitySQL, app, entitlement, user)
	if err != nil {
		return nil, err
	}
	args := []any{app, entitlement}
	for _, a := range accounts {
		args = append(args, a)
	}
	args = append(args, clock.Micros(time.Now()))
	return db.Collect(q, func(r *db.Rows) (held, error) {
		g, err := grant.Scan(r)
		return held{
			App: string(g.App), Entitlement: string(g.Entitlement), Account: string(g.Account), CreatedAt: g.CreatedAt,
			DeprovisionAt: &g.DeprovisionAt, Sources: []string{},
		}, err
	}, heldSQL(len(accounts)), args...)
}
