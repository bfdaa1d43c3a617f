package sync_test

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/sync"
)

func TestATargetThatIsAnotherThanWasReadBeforeChangesNothingUntilSomebodyAcceptsIt(t *testing.T) {
	each(t, func(o *office) {
		called := func(identity string) {
			o.site.do(func() { o.site.also = func(s *sync.Snapshot) { s.Identity = identity } })
		}
		o.site.grow(2, 2).give("p1", "r1")
		called("first")
		o.taken()
		o.same("known as", o.row().Target, "first")
		for identity, why := range map[string]string{
			"second": "this is another target (second) than the one that was read before (first); point the connector back, or accept the new one; nothing was changed",
			"":       "it cannot be told whether this is the target that was read before; a check says what to do; nothing was changed",
		} {
			called(identity)
			o.site.take("p1", "r1")
			o.site.give("p2", "r2")
			o.unchanged(func() {
				run := o.read()
				o.same("run", []any{run.State, run.Message}, []any{sync.Refused, why})
				o.same("connector", []any{o.row().Status, o.row().StatusText, o.row().Target}, []any{app.ConnectorError, why, "first"})
			})
		}
		called("second")
		run := must(o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{Losses: true}))(o)
		o.same("losses are not what was asked", run.State, sync.Refused)
		run = must(o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{Target: true}))(o)
		o.same("accepted", []any{run.State, run.Added, run.Removed, o.row().Target}, []any{sync.Done, 1, 1, "second"})
		events := o.events("connector.synced")
		o.same("event", events[len(events)-1].Data["acceptTarget"], true)
		o.same("from then on", o.read().State, sync.Done)
		called("first")
		o.same("the first is another now", o.read().State, sync.Refused)
	})
}

func TestATargetThatTellsNothingOfItselfIsReadAsBefore(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.taken()
		o.taken()
		o.same("known as", o.row().Target, "")
		o.site.do(func() { o.site.also = func(s *sync.Snapshot) { s.Identity = "now it does" } })
		o.taken()
		o.same("known as", o.row().Target, "now it does")
	})
}
