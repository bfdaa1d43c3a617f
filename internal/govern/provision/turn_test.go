package provision_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/provision"
)

// The threat: a call that was overtaken lands last, and the target holds what was recorded as removed.
func TestTwoChangesOfMindDuringACallStillWaitForItsEnd(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(1)
		p.want(provision.Grant, list)
		p.answer = func(provision.Change) error {
			p.mu.Lock()
			p.answer = func(provision.Change) error { return nil }
			p.mu.Unlock()
			other := p.replica()
			for _, kind := range []provision.Kind{provision.Revoke, provision.Grant, provision.Revoke} {
				p.want(kind, list)
				if at := other.next(0); at != provision.Lease.String() || other.run(0) != 0 {
					p.Errorf("while the first call is under way, the one to %s is due at %s", kind, at)
				}
			}
			return nil
		}
		p.run(0)
		if at := p.next(0); at != "0s" || p.run(0) != 1 {
			p.Errorf("once the call has returned the last is due at %s", at)
		}
		if !slices.Equal(p.calls, []string{"grant 1-000", "revoke 1-000"}) || !slices.Equal(p.told, []string{"done g1-000"}) {
			p.Errorf("calls %v, told %v", p.calls, p.told)
		}
	})
}

func TestAConnectorThatIsPausedHasNothingDoneUntilItGoesOn(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(2)
		p.want(provision.Revoke, list)
		p.pause(list[0], app.ConnectorDisabled)
		p.run(0)
		p.clock.Advance(time.Hour)
		p.run(0)
		if len(p.calls) != 0 || len(p.told) != 0 || p.next(0) == "" {
			p.Errorf("calls %v, told %v, next %q", p.calls, p.told, p.next(0))
		}
		p.pause(list[0], app.ConnectorOK)
		p.clock.Advance(time.Minute)
		if p.run(0) != 2 || len(p.told) != 2 || p.next(0) != "" {
			p.Errorf("told %v", p.told)
		}
	})
}

// Nobody can let it go on any more: what waits for that would be called overdue for ever.
func TestAConnectorThatGoesWithItsAppWhilePausedKeepsNothingWaiting(t *testing.T) {
	each(t, func(p *place) {
		list := p.orders(2)
		p.want(provision.Revoke, list)
		p.pause(list[0], app.ConnectorDisabled)
		if err := p.apps.DeleteApp(p.Context(), list[0].App); err != nil {
			p.Fatal(err)
		}
		p.run(0)
		if slices.Sort(p.told); len(p.calls) != 0 || !slices.Equal(p.told, []string{"abandoned g1-000", "abandoned g1-001"}) {
			p.Errorf("calls %v, told %v", p.calls, p.told)
		}
	})
}

// pause gives the connector of an order a status.
func (p *place) pause(o provision.Order, status app.ConnectorStatus) {
	p.Helper()
	c, err := p.apps.UpdateConnector(p.Context(), o.App, o.Connector, func(c *app.Connector) error {
		c.Status = status
		return nil
	})
	need(p, c, err)
}
