package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	paging "github.com/interim-access/interim/internal/platform/page"
)

// workWithin is the target of a page of what waits for somebody.
const workWithin = 15 * time.Millisecond

// workers is among how many people all that waits is divided.
const workers = 400

// myWork measures the first page of what waits for somebody at random, one after the other, among ten open tasks for each end.
func (b *bench) myWork(ctx context.Context, o *office) error {
	n := 10 * b.burst
	if err := o.pile(ctx, n); err != nil {
		return err
	}
	if b.postgres != nil {
		if err := b.postgres.tidy(ctx, b.home.Database); err != nil {
			return err
		}
	}
	ask := func(ctx context.Context, u string) error {
		p, err := o.read.Tasks(ctx, read.TaskFilter{Workers: []directory.UserID{directory.UserID(u)}, States: []task.State{task.Open}},
			read.TaskByNumberDown, paging.Request{Size: 25})
		if err == nil && len(p.Items) < min(25, n/workers) {
			err = fmt.Errorf("%d tasks wait for somebody", len(p.Items))
		}
		return err
	}
	first := o.world.users[0]
	t, err := record(o.DB, func() error { return ask(ctx, first) })
	if err != nil {
		return err
	}
	anybody := func() string { return o.world.users[rand.IntN(workers)] }
	m, err := b.contest(ctx, "work",
		side{name: "full", round: func(ctx context.Context, length time.Duration) (sample, error) {
			return crowd(ctx, 1, length, func(ctx context.Context) error { return ask(ctx, anybody()) })
		}},
		side{name: "raw", round: func(ctx context.Context, length time.Duration) (sample, error) {
			return crowd(ctx, 1, length, func(ctx context.Context) error { return t.play(ctx, o.DB, first, anybody()) })
		}})
	if err != nil {
		return err
	}
	b.add(result{
		name: "what waits for somebody, of " + thousands(float64(n)),
		figure: fmt.Sprintf("p99 %s, p50 %s, %s CPU each", millis(m[0].p99), millis(m[0].p50),
			micros(m[0].cpu)),
		baseline: "raw p99 " + millis(m[1].p99), ratio: m[1].p99.Seconds() / m[0].p99.Seconds(), target: "≤ 15 ms", met: m[0].p99 <= workWithin,
	})
	return nil
}

// pile adds open tasks. Each waits for one of the workers by name, and for the owners of an app; every tenth worker owns one.
func (o *office) pile(ctx context.Context, n int) error {
	s := &seeder{ctx: ctx, DB: o.DB, now: time.Now().Add(-time.Minute)}
	ids, at := s.ids(n), clock.Micros(s.now)
	users := o.world.users
	err := s.bulk(`insert into task (id, kind, target, origin, app_id, entitlement_id, resource_id, resource_type_id, account_id, subject_id,
			opener_id, display_name, description, search, account_sort, resource_sort, subject_sort, duration_micros, extension, parent_id,
			review_id, created_at, doc, version, state, processing, outcome, emergency, policy_id, generation_id, grant_id, step_id, step,
			step_kind, tier, delegates, self, distinct_people, approval_reason, denial_reason, comments, updated_at)`,
		`(?,'GRANT',?,'API',?,?,'','','',?,?,'','','','','','',0,false,'','',?,'{"plan":null}',1,'OPEN','WAITING','',false,'','','','s',
			'APPROVAL','users','named',true,false,false,false,false,0,?)`, n, func(i int) []any {
			p, asker := o.world.apps[i%apps], users[workers+i%(len(users)-workers)]
			return []any{ids[i], ids[i], string(p.app), string(p.entitlements[i%entitlements]), asker, asker, at, at}
		})
	if err != nil {
		return err
	}
	const slot = `insert into task_slot (task_id, kind, user_id, of_kind, app_id, object_id, number)`
	const number = `(select number from task where id = ?)`
	err = s.bulk(slot, `(?,'user',?,'','','',`+number+`)`, n, func(i int) []any { return []any{ids[i], users[i%workers], ids[i]} })
	if err != nil {
		return err
	}
	err = s.bulk(slot, `(?,'owners','','app',?,?,`+number+`)`, n, func(i int) []any {
		a := string(o.world.apps[i%apps].app)
		return []any{ids[i], a, a, ids[i]}
	})
	if err != nil {
		return err
	}
	return s.bulk(`insert into owner_user (kind, app_id, object_id, role, user_id, created_at)`, `('app',?,?,?,?,?)`, apps, func(i int) []any {
		a := string(o.world.apps[i].app)
		return []any{a, a, owner.Primary, users[workers/apps*i], at}
	})
}
