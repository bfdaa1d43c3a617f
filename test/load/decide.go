package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
)

// The targets of asking and deciding.
const (
	askers        = 16
	flowing       = 64   // flows at a time: each waits for two people and a target
	asks          = 1500 // a second
	flows         = 400  // a second
	openingWithin = 5 * time.Millisecond
)

// decisions measures what people ask for and decide.
func (b *bench) decisions(ctx context.Context, d *db.DB) error {
	type figure struct {
		name    string
		measure func(context.Context, *office) error
	}
	figures := slices.DeleteFunc([]figure{
		{"ask", b.ask}, {"flow", b.flow}, {"group", b.group}, {"expiry", b.expiry}, {"work", b.myWork}, {"hostile", b.hostile},
	}, func(f figure) bool { return !b.only.MatchString(f.name) })
	if len(figures) == 0 {
		return nil
	}
	o, err := newOffice(ctx, d, b.world)
	if err != nil {
		return fmt.Errorf("furnish the office: %w", err)
	}
	for _, f := range figures {
		if err := f.measure(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// wish is something that nobody has asked for yet.
type wish struct {
	app         app.ID
	entitlement app.EntitlementID
	account     app.AccountID // empty: the subject has none
	user        directory.UserID
}

// wishes hands out wishes in the no-op app, none of them of those who decide.
func (o *office) wishes() func() wish {
	var mu sync.Mutex
	n, users := o.world.noop, len(o.world.users)
	return func() wish {
		mu.Lock()
		defer mu.Unlock()
		for o.turn%len(n.accounts)%users >= users-2 {
			o.turn++
		}
		i := o.turn % len(n.accounts)
		w := wish{
			n.connector.AppID, n.wanted[o.turn/len(n.accounts)%wanted], app.AccountID(n.accounts[i]), directory.UserID(o.world.users[i%users]),
		}
		o.turn++
		return w
	}
}

func (o *office) request(ctx context.Context, w wish) (task.Task, error) {
	return o.tasks.RequestGrant(as(ctx, w.user), task.Ask{
		App: w.app, Entitlement: w.entitlement, Account: w.account, Subject: w.user, Duration: longest, Description: "for the release",
	})
}

// granted has both decide, and waits until the target has confirmed the grant.
func (o *office) granted(ctx context.Context, w wish) error {
	t, err := o.request(ctx, w)
	for _, u := range []directory.UserID{o.first, o.second} {
		if err == nil {
			t, err = o.tasks.Approve(as(ctx, u), string(t.ID), t.Step(), "fine")
		}
	}
	if err == nil && t.Step() == "" {
		err = errors.New("nothing is left for the target to do")
	}
	if err == nil {
		err = o.inForce.wait(ctx, t.Grant)
	}
	return err
}

// usecase is something done for wishes, and what the server ran when it was done once.
type usecase struct {
	*office

	next  func() wish
	use   func(context.Context, wish) error
	first wish
	tape  *tape
	// around runs what goes on beside the use cases, but not beside their own statements; nil: nothing.
	around func(context.Context, func(context.Context) error) error
}

// crowd has callers do it for wishes.
func (u *usecase) crowd(ctx context.Context, callers int, length time.Duration) (s sample, err error) {
	run := func(ctx context.Context) error {
		s, err = crowd(ctx, callers, length, func(ctx context.Context) error { return u.use(ctx, u.next()) })
		return err
	}
	if u.around == nil {
		err = run(ctx)
		return s, err
	}
	err = u.around(ctx, run)
	return s, err
}

// taped does it once, with nothing else going on.
func (o *office) taped(ctx context.Context, next func() wish, use func(context.Context, wish) error) (u *usecase, err error) {
	u = &usecase{office: o, next: next, use: use, first: next()}
	u.tape, err = record(o.DB, func() error { return use(ctx, u.first) })
	return u, err
}

// replay runs the statements for another wish.
func (u *usecase) replay(ctx context.Context) error {
	w := u.next()
	exchanged := []string{string(u.first.user), string(w.user), string(u.first.entitlement), string(w.entitlement)}
	if w.account != "" {
		exchanged = append(exchanged, string(u.first.account), string(w.account))
	}
	return u.tape.play(ctx, u.DB, exchanged...)
}

// contested measures a use case beside its own statements, each for a wish of its own.
func (b *bench) contested(ctx context.Context, name string, u *usecase, callers int) (full, raw sample, err error) {
	b.say("%s: %s", name, u.tape)
	m, err := b.contest(ctx, name,
		side{name: "full", round: func(ctx context.Context, length time.Duration) (sample, error) {
			return u.crowd(ctx, callers, length)
		}},
		side{name: "raw", round: func(ctx context.Context, length time.Duration) (sample, error) {
			return crowd(ctx, callers, length, u.replay)
		}})
	if err != nil {
		return full, raw, err
	}
	return m[0], m[1], nil
}

// ask measures requests: the policy found and its rule worked out, the task, its history, the audit and the notice to who decides.
func (b *bench) ask(ctx context.Context, o *office) error {
	u, err := o.taped(ctx, o.wishes(), func(ctx context.Context, w wish) error {
		_, err := o.request(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	full, raw, err := b.contested(ctx, "ask", u, askers)
	if err == nil {
		b.add(atLeast("request, "+thousands(askers)+" callers", full, raw, asks))
	}
	return err
}

// flow measures requests that two people approve, from the question until the target has confirmed the grant. Its own statements are
// those of the loop that calls the target, too, which stands still while they run.
func (b *bench) flow(ctx context.Context, o *office) error {
	var u *usecase
	err := o.while(ctx, func(ctx context.Context) (err error) {
		u, err = o.taped(ctx, o.wishes(), o.granted)
		return err
	})
	if err != nil {
		return err
	}
	u.around = o.while
	full, raw, err := b.contested(ctx, "flow", u, flowing)
	if err == nil {
		b.add(atLeast("request, two approvals, granted; "+thousands(flowing)+" at a time", full, raw, flows))
	}
	return err
}

func atLeast(name string, full, raw sample, target float64) result {
	return result{
		name: name, figure: rate(full), baseline: "raw " + perSecond(raw.rate), ratio: full.rate / raw.rate,
		target: "≥ " + perSecond(target), met: full.rate >= target,
	}
}

// group measures a request on whose first step a group of 128 decides, one at a time.
func (b *bench) group(ctx context.Context, o *office) error {
	next := func() wish {
		people := o.world.users[circle : len(o.world.users)-2]
		w := wish{app: o.circle, entitlement: o.asked[o.turns/len(people)%wanted], user: directory.UserID(people[o.turns%len(people)])}
		o.turns++
		return w
	}
	u, err := o.taped(ctx, next, func(ctx context.Context, w wish) error {
		t, err := o.request(ctx, w)
		if err == nil && len(t.Current.Eligible) != circle {
			err = fmt.Errorf("%d people decide", len(t.Current.Eligible))
		}
		return err
	})
	if err != nil {
		return err
	}
	full, raw, err := b.contested(ctx, "group", u, 1)
	if err != nil {
		return err
	}
	b.add(result{
		name:     fmt.Sprintf("request that opens a step of %d people", circle),
		figure:   fmt.Sprintf("%s, %s CPU", millis(full.p50), micros(full.cpu)),
		baseline: "raw " + millis(raw.p50), ratio: raw.p50.Seconds() / full.p50.Seconds(), target: "≤ 5 ms", met: full.p50 <= openingWithin,
	})
	return nil
}
