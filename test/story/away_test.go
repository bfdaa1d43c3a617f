package story

import (
	"testing"
	"time"
)

// Who answers for a manager who is away is decided by the policy and by the window. Each request is made in the same company, and
// ended before the next one.
func TestWhoAnswersForAManagerWhoIsAway(t *testing.T) {
	inCompany(t, func(c *company) {
		day := 24 * time.Hour
		c.decides(byManagerAlone, byAppOwners, thenProvision)
		c.away(c.now(), c.now().Add(day))
		r := c.asks(c.asker, nil) // the step forbids it
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		c.manager.approves(r)
		r.waitsFor(c.owner)
		r.withdrawn(c.asker)
		r.ends(cancelled)

		c.decides(managerAndOwner...)
		c.away(c.now().Add(time.Hour), c.now().Add(2*time.Hour))
		r = c.asks(c.asker, nil) // the window is not open yet
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		c.advance(time.Hour + time.Second) // it opens, which moves nothing that waits already
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		c.manager.denies(r)
		r.ends(denied)

		r = c.asks(c.asker, nil) // it is open, and closes while the request waits
		r.waitsFor(c.deputy)
		c.manager.hasNoSay(r)
		c.advance(time.Hour)
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		c.await("the return is in the history, with both names", func() bool {
			back := r.history("approvalReassigned")
			return len(back) == 1 && at(back[0], "approvalReassigned", "newUsers").([]any)[0] == c.manager.id
		})
		c.manager.approves(r)
		r.waitsFor(c.owner)
		if d := r.decisions(); text(d[len(d)-1], "userId") != c.manager.id || text(d[len(d)-1], "forUserId") != "" {
			c.t.Errorf("who decided, and for whom: %v", d)
		}
		r.withdrawn(c.asker)

		r = c.asks(c.asker, nil) // it has just closed
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		r.withdrawn(c.asker)

		c.away(c.now(), c.now().Add(day))
		r = c.asks(c.asker, nil) // it is taken away while the request waits
		r.waitsFor(c.deputy)
		c.back()
		r.waitsFor(c.manager)
		c.deputy.hasNoSay(r)
		c.manager.approves(r)
		r.withdrawn(c.asker)
	})
}

// Linus stands in for the manager who would decide his own request. He decides it neither as himself nor for her.
func TestNobodyDecidesTheirOwnRequestForTheirManager(t *testing.T) {
	inCompany(t, func(c *company) {
		c.decides(managerAndOwner...)
		c.away(c.now(), c.now().Add(24*time.Hour))
		r := c.asks(c.deputy, nil)
		for _, id := range r.deciders() {
			if id == c.deputy.id {
				t.Error("Linus may decide his own request")
			}
		}
		c.deputy.hasNoSay(r)
		// Nor what he asks for somebody else, nor what somebody else asks for him.
		r.withdrawn(c.deputy)
		r = c.asks(&employee{person: c.admin, name: "the administrator", id: c.deputy.id}, nil)
		c.deputy.hasNoSay(r)
		// An owner of the app does not either, by whatever way they own it.
		c.puts(c.deputy, time.Time{})
		c.decides(byAppOwners, thenProvision)
		r.withdrawn(c.deputy)
		r = c.asks(c.deputy, nil)
		c.deputy.hasNoSay(r)
		r.waitsFor(c.owner)
		c.owner.approves(r)
		r.ends(granted)
	})
}
