package story

import (
	"testing"
	"time"
)

// The story of four people and a role that ends, told again for each way in which it may be that nobody stands in for the manager. Who
// answers is decided by the policy and by the window. The parts are told in one company, one after the other.
func TestWhoAnswersForAManagerWhoIsAway(t *testing.T) {
	inRealCompany(t, func(c *company) {
		day := 24 * time.Hour
		byHerself := func(r *request) {
			c.t.Helper()
			r.waitsFor(c.manager)
			c.deputy.hasNoSay(r)
			c.manager.approves(r)
			r.runs(c.asker, c.manager, nil)
		}
		c.part("a step that forbids delegation", func() {
			c.decides(byManagerAlone, byAppOwners, thenProvision)
			c.away(c.now(), c.now().Add(day))
			byHerself(c.asks(c.asker, anHour))
		})
		c.decides(managerAndOwner...)
		c.part("a window that is not yet open", func() {
			c.away(c.now().Add(time.Hour), c.now().Add(2*time.Hour))
			r := c.asks(c.asker, anHour)
			r.waitsFor(c.manager)
			c.deputy.hasNoSay(r)
			c.advance(time.Hour + time.Second) // it opens, which moves nothing that waits already
			byHerself(r)
		})
		c.part("a window that has just closed", func() {
			c.away(c.now(), c.now().Add(time.Hour))
			c.advance(time.Hour)
			byHerself(c.asks(c.asker, anHour))
		})
		c.part("a window that closes while the request waits", func() {
			c.away(c.now(), c.now().Add(time.Hour))
			r := c.asks(c.asker, anHour)
			r.waitsFor(c.deputy)
			c.manager.hasNoSay(r)
			c.advance(time.Hour)
			r.waitsFor(c.manager)
			c.await("the return is in the history, with both names", func() bool {
				back := r.history("approvalReassigned")
				return len(back) == 1 && at(back[0], "approvalReassigned", "newUsers").([]any)[0] == c.manager.id
			})
			byHerself(r)
		})
		c.part("a delegation that is removed while the request waits", func() {
			c.away(c.now(), c.now().Add(day))
			r := c.asks(c.asker, anHour)
			r.waitsFor(c.deputy)
			c.back()
			byHerself(r)
		})
		c.part("a deputy who asks for himself", func() {
			c.taken = 0 // no task has taken the role from him yet
			c.away(c.now(), c.now().Add(day))
			r := c.asks(c.deputy, anHour)
			r.waitsFor(c.manager)
			c.deputy.hasNoSay(r)
			c.manager.approves(r)
			c.deputy.mayNotDecide(r)
			r.runs(c.deputy, c.manager, nil)
		})
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
