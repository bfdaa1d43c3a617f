package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/server"
)

// share is the least part of the baseline's rate that the server must reach.
const share = 0.4

// check measures "has this person access now" beside bare SQL, and the most that the load lets through.
func (b *bench) check(ctx context.Context, h *house) error {
	full := b.checks(h)
	less := volley{address: h.bare, headers: plain(), make: func(int) request {
		q := b.world.any()
		return question("/check", q.user, string(q.app), string(q.entitlement))
	}}
	least := less
	least.address = h.empty
	for _, v := range []volley{full, less, least} {
		if err := h.says(ctx, v, `"allowed":true`); err != nil {
			return err
		}
	}
	m, err := b.contest(ctx, "check", b.fires("full", full), b.fires("bare", less), b.fires("empty", least))
	if err != nil {
		return err
	}
	b.add(against("access check", m[0], "bare", m[1]))
	b.add(result{
		name: "access check, the built binary", figure: fmt.Sprintf("%s, p99 %s", perSecond(b.built.rate), millis(b.built.p99)),
		baseline: "inside " + perSecond(m[0].rate), ratio: b.built.rate / m[0].rate,
	})
	b.add(result{name: "ceiling of the load: a TLS handler that does nothing", figure: rate(m[2])})
	return nil
}

// checks are questions to the server in a house.
func (b *bench) checks(h *house) volley {
	return volley{address: h.full, headers: h.as(), make: func(int) request {
		q := b.world.any()
		return question("/api/interim/v1/access/check", id.KSUID(q.user), id.KSUID(string(q.app)), id.KSUID(string(q.entitlement)))
	}}
}

// checkBuilt measures the same on the server as people run it, without anything else in its process.
func (b *bench) checkBuilt(ctx context.Context, p *process) (err error) {
	h := &house{full: p.listen}
	if h.boot, err = server.ReadBootstrap(b.home.Data); err != nil {
		return err
	}
	if err := h.signIn(ctx); err != nil {
		return err
	}
	m, err := b.contest(ctx, "built", b.fires("alone", b.checks(h)))
	if err == nil {
		b.built = m[0]
	}
	return err
}

func question(path, user, app, entitlement string) request {
	return request{http.MethodPost, path, fmt.Sprintf(`{"userId":%q,"appId":%q,"appEntitlementId":%q}`, user, app, entitlement)}
}

// against is a line about a rate that must be a share of another one.
func against(name string, full sample, than string, less sample) result {
	ratio := full.rate / less.rate
	return result{
		name: name, figure: rate(full), baseline: than + " " + perSecond(less.rate), ratio: ratio,
		target: fmt.Sprintf("≥ %.1f × %s", share, than), met: ratio >= share,
	}
}

func rate(s sample) string {
	return fmt.Sprintf("%s, p99 %s, %s CPU each", perSecond(s.rate), millis(s.p99), micros(s.cpu))
}
