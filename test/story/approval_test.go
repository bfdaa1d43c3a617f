package story

import (
	"slices"
	"testing"
	"time"
)

// Grace asks for a role in a real database. Her manager is away, so Linus decides for her; then whoever is on call for the Warehouse
// does; then Grace has the role for an hour, and a task takes it. Everybody's part in it can be read afterwards.
func TestFourPeopleAndARoleThatEnds(t *testing.T) {
	inRealCompany(t, func(c *company) {
		c.decides(managerAndOwner...)
		leave := c.now().Add(time.Hour)
		c.away(leave, leave.Add(24*time.Hour))
		c.advance(time.Hour + time.Second)

		r := c.asks(c.asker, anHour)
		r.waitsFor(c.deputy)
		c.asker.hasNoSay(r)
		c.manager.hasNoSay(r)
		c.owner.mayNotDecide(r)
		c.deputy.approves(r)
		c.deputy.hasNoSay(r)
		r.runs(c.asker, c.deputy, c.manager)
		stood := r.history("reassignedToDelegate")
		if len(stood) != 1 || text(stood[0], "reassignedToDelegate", "originalAssigneeUserId") != c.manager.id ||
			text(stood[0], "reassignedToDelegate", "delegatedAssigneeUser", "displayName") != "Linus" {
			c.t.Errorf("who stood in: %v", stood)
		}
	})
}

// anHour is what is asked for in most stories.
var anHour = object{"grantDuration": "3600s"}

// runs tells the rest of a request that decider approved in the first of two steps, for somebody else or for nobody: the owner approves,
// the role appears in the database, its hour is over, a task takes it, and what is kept of it names everybody.
func (r *request) runs(asker, decider, stoodFor *employee) {
	c := r.c
	c.t.Helper()
	has := func() bool { return at(c.check(asker.id), "allowed") == true }
	r.waitsFor(c.owner)
	if has() || c.target.holds("reporting", asker.login) {
		c.t.Fatalf("one of two has agreed and %s has the role", asker.name)
	}
	c.owner.approves(r)
	r.ends(granted)
	if n := c.target.members("reporting", asker.login); n != 1 || !has() {
		c.t.Fatalf("%d memberships, allowed %v", n, has())
	}
	had := c.now()
	c.advance(time.Hour + time.Second)
	if has() {
		c.t.Fatalf("the end has come and %s still may", asker.name)
	}
	taken := c.endedOnTime(asker)
	c.await("the role is gone from the database", func() bool { return !c.target.holds("reporting", asker.login) })
	r.names(taken, decider, stoodFor)

	// What is known of the moment when they had it.
	then := c.asOfFor(asker.id, had)
	if len(then) != 1 {
		c.t.Fatalf("as of then: %v", then)
	}
	by := then[0]
	if text(by, "grantedBy", "taskId") != r.id || text(by, "grantedBy", "deciderUserId") != c.owner.id ||
		text(by, "grantedBy", "policyVersion") == "" || text(by, "endedBy", "taskId") != taken.id || text(by, "endedBy", "reason") != "EXPIRED" {
		c.t.Errorf("as of then: %v", by)
	}
	if now := c.asOfFor(asker.id, c.now()); len(now) != 0 {
		c.t.Errorf("as of now: %v", now)
	}
}

// names fails the story unless the histories of the request, and of the task that took what it gave, tell all of it once.
func (r *request) names(taken *request, decider, stoodFor *employee) {
	c := r.c
	c.t.Helper()
	var deciders []string
	for _, line := range r.history("approvalInstanceChange") {
		if by := text(line, "approvalInstanceChange", "instance", "approved", "userId"); by != "" {
			deciders = append(deciders, text(line, "metadata", "user", "displayName"))
		}
	}
	if !slices.Contains(deciders, decider.name) || !slices.Contains(deciders, c.owner.name) {
		c.t.Errorf("the history names %v as deciders", deciders)
	}
	forUser := ""
	if stoodFor != nil {
		forUser = stoodFor.id
	}
	made := r.decisions()
	if len(made) < 2 || text(made[0], "userId") != decider.id || text(made[0], "forUserId") != forUser ||
		text(made[1], "userId") != c.owner.id || text(made[1], "forUserId") != "" {
		c.t.Errorf("decisions: %v", made)
	}
	for _, kind := range []string{"taskCreated", "connectorActionsStart", "connectorActionsEnd", "grantOutcome", "stateChange"} {
		if n := len(r.history(kind)); n != 1 {
			c.t.Errorf("%d lines %s in the history of the request", n, kind)
		}
	}
	if len(taken.history("revokeOutcome")) != 1 {
		c.t.Errorf("the revocation's history lacks its outcome")
	}
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
