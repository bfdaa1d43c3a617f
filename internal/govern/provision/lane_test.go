package provision_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// place is a database with apps whose targets do what the test says.
type place struct {
	*testing.T

	db      *db.DB
	clock   *clock.Fake
	apps    *app.Service
	service *provision.Service
	lanes   []due.Source

	mu     sync.Mutex
	answer func(c provision.Change) error // what the targets do
	calls  []string                       // "grant a1"
	told   []string                       // what the grants were told: "done g1"
	n      int
}

func each(t *testing.T, test func(p *place)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		p := &place{T: t, db: d, clock: c, apps: app.New(d, c, audit.New(d, c)), answer: func(provision.Change) error { return nil }}
		test(p.start())
	})
}

// start starts a server on the place.
func (p *place) start() *place {
	p.service = provision.New(provision.Deps{DB: p.db, Clock: p.clock, Log: slog.New(slog.DiscardHandler), Targets: p})
	p.service.Tell(p)
	p.lanes = p.service.Sources()
	return p
}

// replica is another server on the same place; what it calls and tells is its own.
func (p *place) replica() *place {
	return (&place{T: p.T, db: p.db, clock: p.clock, apps: p.apps, answer: p.answer}).start()
}

func (p *place) Target(context.Context, app.Connector) (provision.Target, error) { return p, nil }

func (p *place) Grant(_ context.Context, c provision.Change) (string, error) {
	return "", p.call("grant", c)
}

func (p *place) Revoke(_ context.Context, c provision.Change) (string, error) {
	return "noted", p.call("revoke", c)
}

func (p *place) call(verb string, c provision.Change) error {
	p.mu.Lock()
	p.calls = append(p.calls, verb+" "+c.Account.ExternalID)
	answer := p.answer
	p.mu.Unlock()
	return answer(c)
}

func (p *place) LockGrants(*db.Tx, []string) error { return nil }

func (p *place) OperationsDone(tx *db.Tx, done []provision.Outcome, _ time.Time) error {
	return p.hear(tx, "done", done)
}

func (p *place) OperationsFailed(tx *db.Tx, failed []provision.Outcome, _ time.Time) error {
	return p.hear(tx, "failed", failed)
}

func (p *place) OperationsAbandoned(tx *db.Tx, list []provision.Operation, _ time.Time) error {
	for _, o := range list {
		if err := p.hear(tx, "abandoned", []provision.Outcome{{Operation: o}}); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) hear(tx *db.Tx, what string, list []provision.Outcome) error {
	for _, o := range list {
		tx.OnCommit(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.told = append(p.told, what+" "+o.GrantID)
		})
	}
	return nil
}

func need[T any](p *place, v T, err error) T {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// orders are for n memberships in a new app with a connector.
func (p *place) orders(n int) []provision.Order {
	p.Helper()
	ctx := p.Context()
	p.n++
	a, err := p.apps.CreateApp(ctx, app.App{DisplayName: fmt.Sprint("App ", p.n)})
	need(p, a, err)
	c, err := p.apps.CreateConnector(ctx, app.Connector{AppID: a.ID, Kind: "test", Config: []byte("sealed")})
	need(p, c, err)
	var list []provision.Order
	p.write(func(tx *db.Tx) error {
		list = list[:0]
		var seen []app.SeenAccount
		for i := range n {
			seen = append(seen, app.SeenAccount{ExternalID: fmt.Sprintf("%d-%03d", p.n, i)})
		}
		ids, _, err := p.apps.UpsertAccounts(tx, c.Ref(), seen)
		for i, s := range seen {
			list = append(list, provision.Order{
				GrantID: fmt.Sprintf("g%d-%03d", p.n, i), Connector: c.ID, App: a.ID, Entitlement: app.AccessEntitlement, Account: ids[s.ExternalID],
			})
		}
		return err
	})
	return list
}

func (p *place) write(fn func(tx *db.Tx) error) {
	p.Helper()
	if err := p.db.Write(p.Context(), fn); err != nil {
		p.Fatal(err)
	}
}

func (p *place) want(kind provision.Kind, list []provision.Order) {
	p.Helper()
	p.write(func(tx *db.Tx) error { return p.service.Replace(tx, kind, list, p.clock.Now()) })
}

// run lets a lane take one turn.
func (p *place) run(lane int) int {
	p.Helper()
	n, err := p.lanes[lane].Run(p.Context(), p.clock.Now())
	return need(p, n, err)
}

// next is when a lane has something to do, "" for never.
func (p *place) next(lane int) string {
	p.Helper()
	at, ok, err := p.lanes[lane].Next(p.Context())
	if need(p, ok, err); !ok {
		return ""
	}
	return at.Sub(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)).String()
}

func TestOperationsAreCarriedOutOnceAndTold(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(3)
		if p.next(0) != "" || p.run(0) != 0 {
			p.Error("something to do in an empty house")
		}
		p.want(provision.Grant, list)
		p.want(provision.Grant, list) // wanted twice is wanted once
		if p.next(0) != "0s" || p.run(0) != 3 || p.run(0) != 0 || p.next(0) != "" {
			p.Error("not carried out in one turn")
		}
		slices.Sort(p.calls)
		slices.Sort(p.told)
		if want := []string{"grant 1-000", "grant 1-001", "grant 1-002"}; !slices.Equal(p.calls, want) {
			p.Errorf("calls %v", p.calls)
		}
		if want := []string{"done g1-000", "done g1-001", "done g1-002"}; !slices.Equal(p.told, want) {
			p.Errorf("told %v", p.told)
		}
		var note string
		p.want(provision.Revoke, list[:1])
		p.run(0)
		if err := p.db.Q(p.Context()).Row(`select note from operation where kind = 'revoke'`).Scan(&note); err != nil || note != "noted" {
			p.Errorf("note %q, %v", note, err)
		}
	})
}

func TestAFailedOperationComesAgainLater(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(2)
		p.answer = func(c provision.Change) error {
			if strings.HasSuffix(c.Account.ExternalID, "0") {
				return errors.New("lost")
			}
			return nil
		}
		p.want(provision.Grant, list)
		p.run(0)
		if slices.Sort(p.told); !slices.Equal(p.told, []string{"done g1-001", "failed g1-000"}) {
			p.Errorf("told %v", p.told)
		}
		for range 20 {
			p.clock.Advance(6 * time.Minute) // the longest wait and its spread
			if n := p.run(0); n != 1 {
				p.Fatalf("%d operations due", n)
			}
		}
		p.answer = func(provision.Change) error { return nil }
		p.clock.Advance(6 * time.Minute)
		p.run(0)
		if p.told[len(p.told)-1] != "done g1-000" || p.next(0) != "" {
			p.Errorf("told %v", p.told)
		}
	})
}

// One target that hangs or is down must not keep the others waiting.
func TestATargetThatHangsHoldsUpItsOwnLaneOnly(t *testing.T) {
	each(t, func(p *place) {
		slow, quick := p.orders(20), p.orders(5)
		p.want(provision.Grant, slow)
		p.clock.Advance(time.Second)
		p.want(provision.Grant, quick)
		hangs, goOn := make(chan struct{}, 100), make(chan struct{})
		p.answer = func(c provision.Change) error {
			if strings.HasPrefix(c.Account.ExternalID, "1-") {
				hangs <- struct{}{}
				<-goOn
			}
			return nil
		}
		var first sync.WaitGroup
		first.Go(func() {
			if n, err := p.lanes[0].Run(p.Context(), p.clock.Now()); err != nil || n != 20 {
				p.Errorf("the slow lane did %d, %v", n, err)
			}
		})
		for range 8 {
			<-hangs
		}
		if p.next(1) != "1s" || p.run(1) != 5 {
			p.Error("the quick target had to wait for the slow one")
		}
		if p.next(1) != "31s" || p.run(1) != 0 {
			p.Errorf("the other lanes look after the slow one at %s, not when its lease is over", p.next(1))
		}
		if len(hangs) != 0 {
			p.Error("more than eight calls at once")
		}
		close(goOn)
		first.Wait()
		if len(p.told) != 25 {
			p.Errorf("told %v", p.told)
		}
	})
}

func TestATargetThatIsDownIsFeltForAndNotFlooded(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(100)
		p.want(provision.Grant, list)
		p.answer = func(provision.Change) error { return errors.New("connection refused") }
		p.run(0)
		if n := len(p.calls); n < 8 || n > 16 {
			p.Errorf("%d calls of a target that is down", n)
		}
		if p.next(1) != "1s" || p.run(1) != 0 {
			p.Errorf("the connector should be left alone; next is %s", p.next(1))
		}
		p.clock.Advance(time.Second)
		if p.next(3) != "" || p.run(3) != 0 {
			p.Error("no lane is kept for targets that answer")
		}
		before := len(p.calls)
		p.run(1)
		if n := len(p.calls) - before; n != 8 {
			p.Errorf("%d calls to feel for it", n)
		}
		p.answer = func(provision.Change) error { return nil }
		for range 20 {
			p.clock.Advance(time.Minute)
			for p.run(0) > 0 {
			}
		}
		done := 0
		for _, t := range p.told {
			if strings.HasPrefix(t, "done") {
				done++
			}
		}
		if done != 100 || p.next(0) != "" {
			p.Errorf("%d of 100 done", done)
		}
	})
}

func TestWhatIsWantedLastIsWhatIsDone(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(1)
		p.want(provision.Grant, list)
		p.want(provision.Revoke, list)
		p.run(0)
		if p.run(0); !slices.Equal(p.calls, []string{"revoke 1-000"}) {
			p.Errorf("calls %v", p.calls)
		}
		// Superseded in the middle of a call: its outcome is not told, and the next waits for it.
		p.want(provision.Grant, list)
		p.answer = func(provision.Change) error {
			p.mu.Lock()
			p.answer = func(provision.Change) error { return nil }
			p.mu.Unlock()
			p.want(provision.Revoke, list)
			if at := p.replica().next(0); at != provision.Lease.String() {
				p.Errorf("the next call is due at %s, not after the lease", at)
			}
			return nil
		}
		p.run(0)
		if at := p.next(0); at != "0s" {
			p.Errorf("once the call has returned the next is due at %s", at)
		}
		p.run(0)
		if !slices.Equal(p.calls, []string{"revoke 1-000", "grant 1-000", "revoke 1-000"}) || !slices.Equal(p.told, []string{"done g1-000", "done g1-000"}) {
			p.Errorf("calls %v, told %v", p.calls, p.told)
		}
	})
}

// What a lane serves is looked after by the others soon: it may be left with more to do while its lane turns to another target that hangs.
func TestABacklogIsLookedAfterByOtherLanes(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(1)
		p.want(provision.Grant, list)
		p.answer = func(provision.Change) error {
			if at := p.next(1); at != provision.Lease.String() {
				p.Errorf("looks again at %s", at)
			}
			p.write(func(tx *db.Tx) error {
				_, err := tx.Exec(`insert into operation select 'more', kind, 'more', connector_id, app_id, entitlement_id, account_id, state, 0, '',
					0, '', '', created_at, null, 1 from operation`)
				return err
			})
			if at := p.next(1); at != "1s" || p.run(1) != 0 {
				p.Errorf("with more due looks again at %s", at)
			}
			return nil
		}
		p.run(0)
		p.answer = func(provision.Change) error { return nil }
		if p.next(1) != "0s" || p.run(1) != 1 {
			p.Errorf("what was left is due at %s", p.next(1))
		}
	})
}

func TestATextThatCannotBeStoredKeepsNoOutcomeFromBeingRecorded(t *testing.T) {
	each(t, func(p *place) {
		p.want(provision.Grant, p.orders(2))
		p.answer = func(c provision.Change) error {
			if strings.HasSuffix(c.Account.ExternalID, "0") {
				return fault.New(fault.Unavailable, "the target said \xff and \x00")
			}
			return nil
		}
		p.run(0)
		if slices.Sort(p.told); !slices.Equal(p.told, []string{"done g1-001", "failed g1-000"}) {
			p.Errorf("told %v", p.told)
		}
	})
}

func TestATargetThatPanicsFailsAndIsServedAgain(t *testing.T) {
	each(t, func(p *place) {
		p.want(provision.Grant, p.orders(1))
		p.answer = func(provision.Change) error { panic("a driver's mistake") }
		p.run(0)
		if !slices.Equal(p.told, []string{"failed g1-000"}) {
			p.Errorf("told %v", p.told)
		}
		p.answer = func(provision.Change) error { return nil }
		p.clock.Advance(2 * time.Second)
		if p.run(0); p.told[len(p.told)-1] != "done g1-000" {
			p.Errorf("told %v", p.told)
		}
	})
}
