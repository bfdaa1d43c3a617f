package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// expiry measures how long after the end of many grants the last of them has the task that takes it, beside the statements that write
// this, with nothing else going on.
func (b *bench) expiry(ctx context.Context, o *office) error {
	m, err := b.modelEnds(ctx, o)
	if err != nil {
		return err
	}
	var full, raw []course
	for i := range endRounds {
		c, err := b.expiryFull(ctx, o, i == 0)
		if err != nil {
			return err
		}
		b.say("expiry %d/%d  full     all have their task after %s, %s CPU each, all gone after %s", i+1, endRounds,
			millis(c.ending), micros(c.busy), millis(c.gone))
		full = append(full, c)
		if c, err = b.expiryRaw(ctx, o, m); err != nil {
			return err
		}
		b.say("expiry %d/%d  raw      all have their task after %s, %s CPU each", i+1, endRounds, millis(c.ending), micros(c.busy))
		raw = append(raw, c)
	}
	late, least := median(full, ending), median(raw, ending)
	b.add(result{
		name:     thousands(float64(b.burst)) + " ends in one second: all have revoke tasks after",
		figure:   fmt.Sprintf("%s, %s CPU each", millis(late), micros(median(full, busy))),
		baseline: fmt.Sprintf("raw %s, %s CPU each", millis(least), micros(median(raw, busy))),
		ratio:    least.Seconds() / late.Seconds(), target: "≤ 1 s", met: late <= endingWithin,
	})
	return nil
}

func (b *bench) expiryFull(ctx context.Context, o *office, profiled bool) (c course, err error) {
	before, err := revokes(ctx, o)
	if err != nil {
		return c, err
	}
	stop, err := b.profile(profiled, "expiry")
	if err != nil {
		return c, err
	}
	c, err = endFull(ctx, o.works, b.world.noop.take(b.burst))
	stop()
	if err != nil {
		return c, err
	}
	after, err := revokes(ctx, o)
	if err == nil && after-before != b.burst {
		err = fmt.Errorf("%d tasks for %d ends", after-before, b.burst)
	}
	return c, err
}

// revokes is how many tasks the ends of grants have.
func revokes(ctx context.Context, o *office) (n int, err error) {
	return n, o.Q(ctx).Row(`select count(*) from task where origin = 'TIME_REVOKE'`).Scan(&n)
}

// model is the ends of some grants and what the server ran for them, with nothing else going on.
type model struct {
	set  []string // in the order in which they end
	at   time.Time
	tape *tape
}

func (b *bench) modelEnds(ctx context.Context, o *office) (m model, err error) {
	m.set = slices.Sorted(slices.Values(b.world.noop.take(b.burst)))
	m.at = time.Now().Truncate(time.Microsecond)
	if err := moveEnds(ctx, o.works, m.set, m.at); err != nil {
		return m, err
	}
	m.tape, err = record(o.DB, func() error {
		for ended := 0; ended < b.burst; { // on PostgreSQL a run is one batch
			n, err := o.ender.Run(ctx, time.Now())
			if err != nil {
				return err
			}
			if ended += n; n == 0 {
				return fmt.Errorf("%d of %d grants have ended", ended, b.burst)
			}
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	b.say("expiry: %s", m.tape)
	return m, o.removeAll(ctx)
}

// expiryRaw runs the statements for other grants, which end at the same moment and in the same order. Whom they belong to is exchanged
// before.
func (b *bench) expiryRaw(ctx context.Context, o *office, m model) (c course, err error) {
	set := slices.Sorted(slices.Values(b.world.noop.take(b.burst)))
	if err := moveEnds(ctx, o.works, set, m.at); err != nil {
		return c, err
	}
	exchanged := map[string]string{}
	for n, chunk := range db.Chunks(m.set) {
		old, err := belongings(ctx, o, chunk)
		if err != nil {
			return c, err
		}
		own, err := belongings(ctx, o, db.Chunks(set)[n])
		if err != nil {
			return c, err
		}
		for i, one := range old {
			for k := range one {
				exchanged[one[k]] = own[i][k]
			}
		}
	}
	t := m.tape.of(exchanged)
	were, err := revokes(ctx, o)
	if err != nil {
		return c, err
	}
	began, before := time.Now(), consumed()
	if err := t.play(ctx, o.DB); err != nil {
		return c, err
	}
	c.ending, c.busy = time.Since(began), (consumed()-before)/time.Duration(b.burst)
	are, err := revokes(ctx, o)
	if err == nil && are-were != b.burst {
		err = fmt.Errorf("%d tasks for %d ends whose statements were run", are-were, b.burst)
	}
	for _, chunk := range db.Chunks(set) {
		var live int
		sql := `select count(*) from grants where ending_at is null and id in ` + db.In(len(chunk), 1)
		if bad := o.Q(ctx).Row(sql, with(chunk)...).Scan(&live); bad == nil && live > 0 {
			err = fmt.Errorf("%d grants are live whose ends were run", live)
		} else {
			err = errors.Join(err, bad)
		}
	}
	return c, errors.Join(err, o.removeAll(ctx))
}

// belongings reads grants, in the order of their identities, with their accounts and users.
func belongings(ctx context.Context, o *office, grants []string) ([][3]string, error) {
	return db.Collect(o.Q(ctx), func(r *db.Rows) (b [3]string, err error) { return b, r.Scan(&b[0], &b[1], &b[2]) },
		`select g.id, g.account_id, coalesce(a.user_id, '') from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
			where g.id in `+db.In(len(grants), 1)+` order by g.id`, with(grants)...)
}

// removeAll has the loop remove from the target what has ended.
func (o *office) removeAll(ctx context.Context) error {
	return o.while(ctx, func(ctx context.Context) error {
		now := time.Now()
		_, err := until(ctx, o.works, now, stillThere, clock.Micros(now))
		return err
	})
}
