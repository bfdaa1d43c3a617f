package provision_test

import (
	"slices"
	"testing"

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
