package provision_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
)

// more tells the lanes of a full batch.
func (p *place) more() { p.write(func(tx *db.Tx) error { p.service.More(tx); return nil }) }

// nextTurn is how long the lanes wait from now on.
func (p *place) nextTurn() time.Duration {
	p.Helper()
	at, ok, err := p.lanes[0].Next(p.Context())
	if err != nil || !ok {
		p.Fatal("nothing to do", err)
	}
	return max(at.Sub(p.clock.Now()), 0)
}

func TestLanesWaitWhileOperationsComeInFullBatches(t *testing.T) {
	each(t, func(p *place) {
		p.want(provision.Revoke, p.orders(1))
		if wait := p.nextTurn(); wait != 0 {
			t.Errorf("without a burst they wait %s", wait)
		}
		p.more()
		if wait := p.nextTurn(); wait <= 0 || wait > time.Second {
			t.Errorf("after a full batch they wait %s", wait)
		}
		p.clock.Advance(p.nextTurn())
		if wait := p.nextTurn(); wait != 0 {
			t.Errorf("after the last batch they wait %s", wait)
		}
	})
}

func TestABurstThatDoesNotEndHoldsNoLaneForMoreThanTwoSeconds(t *testing.T) {
	each(t, func(p *place) {
		p.want(provision.Revoke, p.orders(1))
		began := p.clock.Now()
		for p.more(); p.nextTurn() > 0; p.more() {
			p.clock.Advance(10 * time.Millisecond)
			if waited := p.clock.Now().Sub(began); waited > 2*time.Second {
				t.Fatalf("they wait since %s", waited)
			}
		}
		for range 10 {
			p.clock.Advance(50 * time.Millisecond)
			if p.more(); p.nextTurn() > 0 {
				t.Error("the same burst holds the lanes again")
			}
		}
		p.clock.Advance(time.Minute)
		if p.more(); p.nextTurn() == 0 {
			t.Error("another burst does not hold the lanes")
		}
	})
}

// Batches that come a little slower than the lanes' breath would else find each of them awake just too late.
func TestABurstOfSlowBatchesHoldsNoLaneForMoreThanTwoSecondsEither(t *testing.T) {
	each(t, func(p *place) {
		p.want(provision.Revoke, p.orders(1))
		began := p.clock.Now()
		for p.more(); p.nextTurn() > 0; p.more() {
			p.clock.Advance(301 * time.Millisecond)
			if waited := p.clock.Now().Sub(began); waited > 2301*time.Millisecond {
				p.Fatalf("they wait since %s", waited)
			}
		}
	})
}
