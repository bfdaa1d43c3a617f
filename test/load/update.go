package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// changed is more than how many grants can be changed in a second.
const changed = 25_000

// update measures moving the ends of grants at random beside the same statements without a request around them.
func (b *bench) update(ctx context.Context, h *house) error {
	next := changes(b.world)
	v := volley{address: h.full, headers: h.as(), most: changed, make: func(int) request {
		g, end := next()
		return request{
			http.MethodPost,
			fmt.Sprintf("/api/v1/apps/%s/entitlements/%s/users/%s/update-grant-duration",
				id.KSUID(string(g.app)), id.KSUID(string(g.entitlement)), id.KSUID(string(g.account))),
			fmt.Sprintf(`{"newDeprovisionAt":%q}`, end.Format(time.RFC3339)),
		}
	}}
	if err := h.says(ctx, v, `"deprovisionAt"`); err != nil {
		return err
	}
	raw := side{name: "raw", round: func(ctx context.Context, length time.Duration) (sample, error) {
		return crowd(ctx, connections, length, func(ctx context.Context) error {
			g, end := next()
			return extend(ctx, h.DB, g.key(), clock.Micros(end))
		})
	}}
	m, err := b.contest(ctx, "update", b.fires("full", v), raw)
	if err != nil {
		return err
	}
	b.add(against("update-grant-duration", m[0], "raw", m[1]))
	return nil
}

// changes names one grant after the other, in no order, and a later end for it each time: two changes at once are never of one grant,
// and every change is one.
func changes(w *world) func() (holding, time.Time) {
	first := time.Now().AddDate(0, 2, 0).UTC().Truncate(time.Second)
	var n atomic.Int64
	return func() (holding, time.Time) {
		i := n.Add(1)
		return w.holding(int(i * stride % int64(w.grants()))), first.Add(time.Duration(i) * time.Second)
	}
}

// extend does in the database what the server does for one change.
func extend(ctx context.Context, d *db.DB, k grant.Key, end int64) error {
	g, err := db.One(d.Q(ctx), func(r *db.Rows) (g grant.Grant, err error) {
		var longest *int64
		var user *string
		return grant.Scan(r, &longest, &user)
	}, liveSQL, k.App, k.Entitlement, k.Account)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		now := time.Now()
		if n, err := tx.Exec(moveSQL, g.ID, g.Version, end, clock.Micros(now)); err != nil || n != 1 {
			return fmt.Errorf("%d grants changed: %w", n, err)
		}
		tx.Queue(eventSQL, id.New(now), clock.Micros(now), "grant.end_moved", 3, false, "user", string(g.ID), "Administrator", "",
			string(g.ID), "",
			"127.0.0.1", string(g.ID), "grant", string(g.ID), string(g.App), string(g.Account), "end moved", eventData)
		return nil
	})
}

// eventData is about what the server writes of such a change.
const eventData = `{"accountId":"01980000-0000-7000-8000-000000000000","entitlementId":"01980000-0000-7000-8000-000000000000",` +
	`"from":"2026-03-01T12:00:00Z","state":"active","to":"2026-03-01T12:00:00Z"}`

// crowd has callers do the same for some time, as often as each can.
func crowd(ctx context.Context, callers int, length time.Duration, once func(context.Context) error) (sample, error) {
	began := time.Now()
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	for range callers {
		all.Go(func() {
			var mine []time.Duration
			for last := began; last.Sub(began) < length && ctx.Err() == nil; {
				if err := once(ctx); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				now := time.Now()
				mine, last = append(mine, now.Sub(last)), now
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	if failed != nil || len(took) == 0 {
		return sample{}, fmt.Errorf("nothing was done: %w", failed)
	}
	return sampleOf(took, time.Since(began)), ctx.Err()
}
