package story

import (
	"slices"
	"testing"
	"time"
)

// Grace asks for a role in a real database. Her manager is away, so Linus decides for her; then whoever is on call for the Warehouse
// does; then Grace has the role for an hour, and a task takes it. Everybody's part in it can be read afterwards.
func TestFourPeopleAndARoleThatEnds(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c := newCompany(newOffice(t, s))
		c.decides(managerAndOwner...)
		leave := s.now().Add(time.Hour)
		c.away(leave, leave.Add(24*time.Hour))
		s.advance(time.Hour + time.Second)

		r := c.asks(c.asker, object{"grantDuration": "3600s"})
		r.waitsFor(c.deputy)
		c.asker.hasNoSay(r)
		c.manager.hasNoSay(r)
		c.owner.mayNotDecide(r)
		c.deputy.approves(r)
		r.waitsFor(c.owner)
		if c.allowed() || c.target.holds("reporting", "Grace H.") {
			t.Fatal("one of two has agreed and Grace has the role")
		}
		c.deputy.hasNoSay(r)
		c.owner.approves(r)
		r.ends(granted)
		if n := c.target.members("reporting", "Grace H."); n != 1 || !c.allowed() {
			t.Fatalf("%d memberships, allowed %v", n, c.allowed())
		}

		had := s.now()
		s.advance(time.Hour + time.Second)
		if c.allowed() {
			t.Fatal("the end has come and Grace still may")
		}
		taken := c.endedOnTime(c.asker)
		s.await("the role is gone from the database", func() bool { return !c.target.holds("reporting", "Grace H.") })

		// The task's history.
		stood := r.history("reassignedToDelegate")
		if len(stood) != 1 || text(stood[0], "reassignedToDelegate", "originalAssigneeUserId") != c.manager.id ||
			text(stood[0], "reassignedToDelegate", "delegatedAssigneeUser", "displayName") != "Linus" {
			t.Errorf("who stood in: %v", stood)
		}
		var deciders []string
		for _, line := range r.history("approvalInstanceChange") {
			if by := text(line, "approvalInstanceChange", "instance", "approved", "userId"); by != "" {
				deciders = append(deciders, text(line, "metadata", "user", "displayName"))
			}
		}
		if !slices.Contains(deciders, "Linus") || !slices.Contains(deciders, "Margaret") {
			t.Errorf("the history names %v as deciders", deciders)
		}
		made := r.decisions()
		if len(made) < 2 || text(made[0], "userId") != c.deputy.id || text(made[0], "forUserId") != c.manager.id ||
			text(made[1], "userId") != c.owner.id || text(made[1], "forUserId") != "" {
			t.Errorf("decisions: %v", made)
		}
		for _, kind := range []string{"taskCreated", "connectorActionsStart", "connectorActionsEnd", "grantOutcome", "stateChange"} {
			if n := len(r.history(kind)); n != 1 {
				t.Errorf("%d lines %s in the history of the request", n, kind)
			}
		}
		if len(taken.history("revokeOutcome")) != 1 {
			t.Errorf("the revocation's history lacks its outcome")
		}

		// What is known of the moment when she had it.
		then := c.asOf(had)
		if len(then) != 1 {
			t.Fatalf("as of then: %v", then)
		}
		by := then[0]
		if text(by, "grantedBy", "taskId") != r.id || text(by, "grantedBy", "deciderUserId") != c.owner.id ||
			text(by, "grantedBy", "policyVersion") == "" || text(by, "endedBy", "taskId") != taken.id ||
			text(by, "endedBy", "reason") != "EXPIRED" {
			t.Errorf("as of then: %v", by)
		}
		if now := c.asOf(s.now()); len(now) != 0 {
			t.Errorf("as of now: %v", now)
		}
	})
}

// Where the one who stood in decided last, that is what is known of the grant: who decided, and for whom.
func TestWhatIsKnownOfAGrantNamesWhomTheDeciderStoodInFor(t *testing.T) {
	inCompany(t, func(c *company) {
		c.decides(byManager, thenProvision)
		c.away(c.now(), c.now().Add(24*time.Hour))
		r := c.asks(c.asker, object{"grantDuration": "3600s"})
		c.deputy.approves(r)
		r.ends(granted)
		now := c.asOf(c.now())
		if len(now) != 1 || text(now[0], "grantedBy", "deciderUserId") != c.deputy.id ||
			text(now[0], "grantedBy", "onBehalfOfUserId") != c.manager.id {
			c.t.Errorf("as of now: %v", now)
		}
	})
}
