package story

import (
	"net/http"
	"slices"
	"sync"
	"testing"
)

// isStale fails the story unless deciding on a task that is over is a conflict.
func (e *employee) isStale(r *request) {
	e.s.t.Helper()
	steps := list(r.task(), "policy", "history")
	body := object{"policyStepId": text(steps[0], "id")}
	if status, answer := e.try(http.MethodPost, r.path("approve"), body); status != http.StatusConflict || answer["code"] != float64(10) {
		e.s.t.Errorf("deciding what is decided: %d %v", status, answer)
	}
}

// Two owners decide at the same moment: one is heard, the other is told that the request has moved on. There is one grant.
func TestOfTwoWhoDecideAtOnceOneWinsAndTheOtherIsTold(t *testing.T) {
	inCompany(t, func(c *company) {
		c.decides(byAppOwners, byManager, thenProvision)
		second := c.hire("Katherine")
		c.admin.post("/api/v2/apps/"+c.appID+"/owners/users/primary/"+second.id, object{})
		pair := []*employee{c.owner, second}
		for _, verbs := range [][2]string{{"approve", "approve"}, {"approve", "deny"}, {"deny", "deny"}, {"approve", "approve"}} {
			r := c.asks(c.asker, nil)
			r.waitsFor(pair...)
			body := object{"policyStepId": r.step(), "comment": "mine"}
			for _, e := range pair {
				e.get("/api/v1/tasks/" + r.id) // signed in and connected, so that what follows is at once
			}
			status, code := make([]int, 2), make([]any, 2)
			var ready, done sync.WaitGroup
			ready.Add(2)
			for i, e := range pair {
				done.Go(func() {
					ready.Done()
					ready.Wait()
					var answer object
					status[i], answer = e.try(http.MethodPost, r.path(verbs[i]), body)
					code[i] = answer["code"]
				})
			}
			done.Wait()
			lost := slices.Index(status, http.StatusConflict)
			if !slices.Contains(status, http.StatusOK) || lost < 0 || code[lost] != float64(10) {
				t.Fatalf("%v at once: %v %v, want one 200 and one 409 with code 10", verbs, status, code)
			}
			if d := r.decisions(); len(d) != 1 || text(d[0], "userId") != pair[1-lost].id {
				t.Errorf("%v at once: %v", verbs, d)
			}
			if verbs[1-lost] == "deny" {
				r.ends(denied)
				continue
			}
			r.waitsFor(c.manager)
			r.withdrawn(c.asker)
			r.ends(cancelled)
		}

		r := c.asks(c.asker, nil)
		c.owner.approves(r)
		c.manager.approves(r)
		r.ends(granted)
		c.owner.isStale(r)
		if held := c.asOf(c.now()); len(held) != 1 {
			t.Errorf("%d grants: %v", len(held), held)
		}
	})
}
