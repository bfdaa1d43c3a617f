package sync_test

import (
	"fmt"
	"math/rand/v2"
	gosync "sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// While grants come, go and end, the target is read again and again. Nobody touches the target but Interim: so nothing is found there
// that nobody gave, and nothing is missed.
func TestReadingsInTheMiddleOfChangesMistakeNothing(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(4, 2)
		o.taken()
		var keys []grant.Key
		for p := range 4 {
			for r := range 2 {
				keys = append(keys, o.key(fmt.Sprint("p", p+1), fmt.Sprint("r", r+1)))
			}
		}
		var all gosync.WaitGroup
		for worker := range 5 {
			all.Go(func() {
				dice := rand.New(rand.NewPCG(uint64(worker), 3)) // a storm that blows alike each time
				for range 40 {
					o.clock.Advance(time.Millisecond)
					if err := o.change(worker, keys[dice.IntN(len(keys))], dice); err != nil && !answered(err) {
						o.Errorf("%v (%v)", err, fault.Of(err).Cause())
					}
				}
			})
		}
		all.Wait()
		for range 5 {
			o.clock.Advance(6 * time.Minute)
			o.settle()
		}
		o.taken()
		o.settle()
		mistaken := must(db.Collect(o.db.Q(o.ctx), func(r *db.Rows) (grant.Grant, error) { return grant.Scan(r) },
			`select `+grant.Columns("")+` from grants where discovered or direct = 'sync' or end_reason = 'REMOVED_IN_TARGET'`))(o)
		for _, g := range mistaken {
			o.Errorf("%+v", g)
		}
		var held []string
		for _, m := range o.site.memberships() {
			held = append(held, m.AccountID+" "+m.EntitlementID)
		}
		o.same("in force", o.active(), held)
	})
}

// change is one thing that happens: the first worker reads, the second works.
func (o *office) change(worker int, k grant.Key, dice *rand.Rand) (err error) {
	switch {
	case worker == 0:
		var run sync.Run
		if run, err = o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{}); err == nil && run.State != sync.Done {
			err = fmt.Errorf("the run is %s: %s", run.State, run.Message)
		}
	case worker == 1:
		if _, err = o.grants.Ender().Run(o.ctx, o.clock.Now()); err == nil {
			_, err = o.provision.Sources()[0].Run(o.ctx, o.clock.Now())
		}
	case dice.IntN(3) == 0:
		_, err = o.grants.Create(o.ctx, k, o.clock.Now().Add(time.Duration(1+dice.IntN(100))*time.Millisecond))
	case dice.IntN(2) == 0:
		_, err = o.grants.Create(o.ctx, k, time.Time{})
	default:
		_, err = o.grants.Revoke(o.ctx, k, "")
	}
	return err
}

// answered reports whether err is an answer that one may get who is not alone.
func answered(err error) bool {
	for _, code := range []fault.Code{fault.Conflict, fault.NotFound, fault.Precondition, fault.Invalid} {
		if fault.Is(err, code) {
			return true
		}
	}
	return false
}
