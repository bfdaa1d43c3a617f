package story

import (
	"testing"
	"time"
)

// once fails the story unless a task was carried out once: one outcome, one end of what its target was called for.
func (r *request) once(kinds ...string) {
	r.c.t.Helper()
	for _, kind := range kinds {
		if n := len(r.history(kind)); n != 1 {
			r.c.t.Errorf("%d lines %s in the history of the task, want one", n, kind)
		}
	}
}

func TestAKillBetweenApprovalAndProvisioningLosesNothingAndDoublesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c := newCompany(newOffice(t, s))
		c.decides(byAppOwners, thenProvision)
		r := c.asks(c.asker, object{"grantDuration": "86400s"})
		c.target.down() // holds the story between the approval and the role
		c.owner.approves(r)
		s.kill()
		c.target.up()
		s.up()
		if c.allowed() && !c.target.holds("reporting", "Grace H.") {
			t.Error("Interim says Grace may, the database does not know")
		}
		s.advance(10 * time.Minute) // past every retry's wait
		r.ends(granted)
		if n := c.target.members("reporting", "Grace H."); n != 1 || !c.allowed() {
			t.Errorf("%d memberships, allowed %v", n, c.allowed())
		}
		r.once("grantOutcome", "connectorActionsStart", "connectorActionsEnd")
		c.owner.isStale(r)

		// The end comes while nobody is there to notice it, and the server dies again before the database could be told.
		s.kill()
		c.target.down()
		s.ahead += 24 * time.Hour
		s.up()
		if c.allowed() {
			t.Fatal("the end has come and Grace still may")
		}
		s.await("a task takes the role", func() bool { return len(c.revokes(c.asker)) == 1 })
		s.kill()
		c.target.up()
		s.up()
		if c.allowed() {
			t.Fatal("the restart gave access back")
		}
		s.advance(10 * time.Minute)
		taken := c.endedOnTime(c.asker)
		if c.target.holds("reporting", "Grace H.") {
			t.Error("the task says it took the role, and the database gives it")
		}
		taken.once("revokeOutcome", "connectorActionsStart", "connectorActionsEnd")
		if past := c.past(); len(past) != 1 {
			t.Errorf("history: %v", past)
		}
	})
}
