package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/id"
)

// The targets of many ends at once.
const (
	endingWithin = time.Second
	removals     = 3000 // a second
)

// writing is more than what it takes to set the end of a grant.
const writing = 500 * time.Microsecond

// look is how often the database is asked how far the ends are.
const look = 5 * time.Millisecond

// works are the services that end grants, with a target that has nothing to do.
type works struct {
	*db.DB

	loop func(context.Context) error
}

func newWorks(d *db.DB) *works {
	c, metrics := clock.System(time.Time{}), prometheus.NewRegistry()
	p := provision.New(provision.Deps{DB: d, Clock: c, Log: quiet(), Targets: idleTarget{}, Registerer: metrics})
	g := grant.New(grant.Deps{DB: d, Clock: c, Audit: audit.New(d, c), Provision: p, Notices: nobody{}, Registerer: metrics})
	p.Tell(g)
	return &works{d, due.New(due.Options{
		Clock: c, Log: quiet(), DB: d, Registerer: metrics,
		Sources: slices.Concat(p.Sources(), g.Enders(), g.Warners([]time.Duration{24 * time.Hour, time.Hour})),
	}).Run}
}

// nobody can be told of ends, as where no mail server is named.
type nobody struct{}

// Tell implements grant.Notices.
func (nobody) Tell(*db.Tx, ...notify.Notice) error { return nil }

// Reachable implements grant.Notices.
func (nobody) Reachable() bool { return false }

// idleTarget confirms everything and does nothing.
type idleTarget struct{}

// Target implements provision.Targets.
func (t idleTarget) Target(context.Context, app.Connector) (provision.Target, error) { return t, nil }

// Grant implements provision.Target.
func (idleTarget) Grant(context.Context, provision.Change) (string, error) { return "", nil }

// Revoke implements provision.Target.
func (idleTarget) Revoke(context.Context, provision.Change) (string, error) { return "", nil }

// while runs the due loop around fn.
func (w *works) while(ctx context.Context, fn func(context.Context) error) error {
	loop, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.loop(loop) }()
	err := fn(ctx)
	stop()
	return errors.Join(err, <-ended)
}

// course is how long things took, from the end of the grants on.
type course struct {
	ending, gone time.Duration
	busy         time.Duration // CPU time of this process for each end, until all are ending
}

func ending(c course) time.Duration { return c.ending }
func busy(c course) time.Duration   { return c.busy }

// endings measures what happens when grants end: one, and many at once.
func (b *bench) endings(ctx context.Context) (err error) {
	d, err := b.database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	w := newWorks(d)
	if b.only.MatchString("lateness") {
		if err := b.lateness(ctx, w); err != nil {
			return err
		}
	}
	if b.only.MatchString("ends") {
		if err := b.burstOfEnds(ctx, w); err != nil {
			return err
		}
	}
	return b.decisions(ctx, d)
}

func (b *bench) burstOfEnds(ctx context.Context, w *works) error {
	var full, raw []course
	for i := range endRounds {
		for _, side := range []struct {
			name string
			to   *[]course
			run  func(context.Context, *works, []string) (course, error)
		}{{"raw", &raw, b.endRaw}, {"full", &full, endFull}} {
			stop, err := b.profile(i == 0, "ends-"+side.name)
			if err != nil {
				return err
			}
			c, err := side.run(ctx, w, b.world.noop.take(b.burst))
			stop()
			if err != nil {
				return fmt.Errorf("ends, %s: %w", side.name, err)
			}
			b.say("ends %d/%d  %-8s all ending after %s, %s CPU each, all gone after %s", i+1, endRounds, side.name,
				millis(c.ending), micros(c.busy), millis(c.gone))
			*side.to = append(*side.to, c)
		}
	}
	gone := func(c course) float64 { return float64(b.burst) / c.gone.Seconds() }
	late, least := median(full, ending), median(raw, ending)
	b.add(result{
		name:     thousands(float64(b.burst)) + " ends in one second: all ending after",
		figure:   fmt.Sprintf("%s, %s CPU each", millis(late), micros(median(full, busy))),
		baseline: fmt.Sprintf("raw %s, %s CPU each", millis(least), micros(median(raw, busy))),
		ratio:    least.Seconds() / late.Seconds(), target: "≤ 1 s", met: late <= endingWithin,
	})
	removed, most := median(full, gone), median(raw, gone)
	b.add(result{
		name: "their removals from a no-op target, while they end", figure: perSecond(removed), baseline: "raw " + perSecond(most),
		ratio: removed / most, target: "≥ " + perSecond(removals), met: removed >= removals,
	})
	return nil
}

// endFull has the server's own loop end a set of grants, all at one moment, and remove them from the target.
func endFull(ctx context.Context, w *works, set []string) (c course, err error) {
	err = w.while(ctx, func(ctx context.Context) error {
		at := time.Now().Add(time.Second + time.Duration(len(set))*writing).Truncate(time.Microsecond)
		if err := moveEnds(ctx, w, set, at); err != nil {
			return err
		}
		if time.Now().After(at) {
			return errors.New("the machine is too slow: the end came before it was written")
		}
		time.Sleep(time.Until(at))
		before := consumed()
		for _, stage := range []struct {
			took     *time.Duration
			one, all string
		}{
			{&c.ending, `select id from grants where id = $1 and ending_at is null`, `select id from grants
				where deprovision_at is not null and ending_at is null and deprovision_at <= $1 limit 1`},
			{&c.gone, `select id from grants where id = $1 and ended_at is null`, stillThere},
		} {
			// Grants of one moment go in the order of their identities; to ask for the last costs nothing, to look for any does.
			if _, err = until(ctx, w, at, stage.one, slices.Max(set)); err != nil {
				return err
			}
			if *stage.took, err = until(ctx, w, at, stage.all, clock.Micros(at)); err != nil {
				return err
			}
			if c.busy == 0 {
				c.busy = (consumed() - before) / time.Duration(len(set))
			}
		}
		return nil
	})
	return c, err
}

// moveEnds sets the end of grants.
func moveEnds(ctx context.Context, w *works, grants []string, at time.Time) error {
	for _, chunk := range db.Chunks(grants) {
		err := w.Write(ctx, func(tx *db.Tx) error {
			due.Wake(tx, at)
			_, err := tx.Exec(`update grants set deprovision_at = $1 where id in `+db.In(len(chunk), 2), with(chunk, clock.Micros(at))...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// with is the given values and then the identities.
func with(ids []string, first ...any) []any {
	for _, i := range ids {
		first = append(first, i)
	}
	return first
}

// stillThere finds a grant that is to be removed from its target.
const stillThere = `select id from grants where ending_at <= $1 and ended_at is null limit 1`

// until waits until a select finds nothing more, and returns how long that was after at.
func until(ctx context.Context, w *works, at time.Time, sql string, args ...any) (time.Duration, error) {
	for {
		var left string
		switch err := w.Q(ctx).Row(sql, args...).Scan(&left); {
		case errors.Is(err, db.ErrNoRows):
			return time.Since(at), nil
		case err != nil:
			return 0, err
		case time.Since(at) > time.Minute:
			return 0, errors.New("a minute was not enough")
		}
		time.Sleep(look)
	}
}

// endRaw runs the server's own statements for a set of grants, one batch after the other and nothing between them: what is read, the
// grants, their events and operations, and when the target has answered, the operations, the grants and their events.
func (b *bench) endRaw(ctx context.Context, w *works, set []string) (c course, err error) {
	began, before := time.Now(), consumed()
	chunks := db.Chunks(set)
	moved := make([][]pair, len(chunks))
	for i, chunk := range chunks {
		if moved[i], err = b.rawEnding(ctx, w, chunk); err != nil {
			return c, err
		}
	}
	c.ending, c.busy = time.Since(began), (consumed()-before)/time.Duration(len(set))
	for _, pairs := range moved {
		if err := rawGone(ctx, w, pairs); err != nil {
			return c, err
		}
	}
	c.gone = time.Since(began)
	return c, nil
}

// pair is a grant and the operation that removes it.
type pair struct{ grant, account, operation string }

func (b *bench) rawEnding(ctx context.Context, w *works, grants []string) (moved []pair, err error) {
	noop := b.world.noop
	err = w.Write(ctx, func(tx *db.Tx) error {
		now := time.Now()
		at := clock.Micros(now)
		if moved, err = rawRead(tx, grants); err != nil {
			return err
		}
		tx.Queue(`update grants set state = 'ending', ending_at = $1, deprovision_at = $1, end_reason = 'EXPIRED', derived = 0, updated_at = $1,
			version = version + 1 where id in `+db.In(len(grants), 2), with(grants, at)...)
		rawEvents(tx, now, moved)
		if _, err := tx.Exec(`update operation set state = 'superseded', done_at = $1, version = version + 1
			where state = 'open' and kind <> 'revoke' and grant_id in `+db.In(len(grants), 2), with(grants, at)...); err != nil {
			return err
		}
		inRows(tx, `insert into operation (id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, state, due_at, lease,
			attempts, last_error, note, created_at, done_at, version)`,
			`(?,'revoke',?,?,?,?,?,'open',?,'',0,'','',?,null,1)`, moved, func(p *pair) []any {
				p.operation = id.New(now)
				return []any{p.operation, p.grant, string(noop.connector.ID), string(noop.connector.AppID), string(noop.entitlement), p.account, at, at}
			})
		return nil
	})
	return moved, err
}

func rawGone(ctx context.Context, w *works, moved []pair) error {
	return w.Write(ctx, func(tx *db.Tx) error {
		now := time.Now()
		at, operations, grants := clock.Micros(now), make([]string, len(moved)), make([]string, len(moved))
		for i, p := range moved {
			operations[i], grants[i] = p.operation, p.grant
		}
		if _, err := rawRead(tx, grants); err != nil {
			return err
		}
		tx.Queue(`update operation set state = 'done', done_at = $1, version = version + 1 where id in `+db.In(len(operations), 2),
			with(operations, at)...)
		tx.Queue(`update grants set state = 'ended', ended_at = $1, removed_at = $1, updated_at = $1, version = version + 1
			where id in `+db.In(len(grants), 2), with(grants, at)...)
		rawEvents(tx, now, moved)
		return nil
	})
}

// rawRead reads grants with what a change of them has to know, and keeps them from changing.
func rawRead(tx *db.Tx, grants []string) ([]pair, error) {
	lock := ""
	if tx.Skip() != "" {
		lock = " for update of g"
	}
	return db.Collect(tx, func(r *db.Rows) (pair, error) {
		var longest *int64
		var user *string
		g, err := grant.Scan(r, &longest, &user)
		return pair{grant: string(g.ID), account: string(g.Account)}, err
	}, `select `+grant.Columns("g.")+`, e.max_grant_micros, a.user_id from grants g
		left join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
		left join account a on a.app_id = g.app_id and a.id = g.account_id
		where g.id in `+db.In(len(grants), 1)+` order by g.id`+lock, with(grants)...)
}

func rawEvents(tx *db.Tx, now time.Time, moved []pair) {
	head, _, _ := strings.Cut(eventSQL, "values")
	inRows(tx, head, `(?,?,'grant.ended_on_time',4,false,'system','','Interim','','','','','','grant',?,?,?,'ended on time',?)`,
		moved, func(p *pair) []any {
			return []any{id.New(now), clock.Micros(now), p.grant, p.grant, p.account, eventData}
		})
}

// inRows inserts a row for each pair, as many to a statement as the server does.
func inRows(tx *db.Tx, head, tuple string, moved []pair, row func(*pair) []any) {
	for _, chunk := range db.Chunks(moved, 50) {
		var args []any
		for i := range chunk {
			args = append(args, row(&chunk[i])...)
		}
		tx.Queue(rows(head, tuple, len(chunk)), args...)
	}
}
