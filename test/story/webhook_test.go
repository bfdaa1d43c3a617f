package story

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWebhooksApproveAndProvision(t *testing.T) {
	withReceiver(t, func(c *company, r *receiver) {
		hook := c.hook(r, "Decides")
		c.decides(byWebhook(hook), provisionedBy(hook))
		r.answers(http.StatusAccepted, "")
		q := c.asks(c.asker, object{"grantDuration": "3600s"})
		first := r.hears(1)
		if first.event != "c1.webhooks.v1.PayloadPolicyApprovalStep" || first.id != text(first.body, "webhookId") {
			c.t.Errorf("message %s %s", first.event, first.id)
		}
		task, _ := at(first.body, "payload", "taskView", "task").(object)
		if text(task, "id") != q.id || text(task, "type", "grant", "grantDuration") != "3600s" || text(task, "policy", "current", "id") != q.step() ||
			text(task, "state") != "TASK_STATE_OPEN" {
			c.t.Errorf("the task of the message: %v", task)
		}
		user, _ := at(first.body, "payload", "expanded").([]any)
		if text(first.body, "payload", "taskView", "userPath") == "" || len(user) == 0 || !strings.Contains(toText(user), "grace@example.com") {
			c.t.Errorf("the people of the message: %v", user)
		}
		// A callback counts once, and one that cannot be taken not at all.
		for _, bad := range []string{"no JSON", "{}", `{"complete":{}}`, `{"approve":{},"deny":{}}`} {
			if status := r.callsBack(first, bad); status != http.StatusBadRequest {
				c.t.Errorf("%s: %d", bad, status)
			}
		}
		if status := r.callsBack(first, approves); status != http.StatusOK {
			c.t.Fatalf("the callback: %d", status)
		}
		if status := r.callsBack(first, denies); status != http.StatusBadRequest {
			c.t.Errorf("a second callback: %d", status)
		}
		second := r.hears(2)
		if second.event != "c1.webhooks.v1.PayloadProvisionStep" || c.allowed() {
			c.t.Errorf("message %s, allowed %v", second.event, c.allowed())
		}
		if state := text(q.task(), "policy", "current", "provision", "state"); state != "PROVISION_INSTANCE_STATE_WEBHOOK_WAITING" {
			c.t.Errorf("the step is %s", state)
		}
		if status := r.callsBack(second, complete); status != http.StatusOK {
			c.t.Fatalf("the callback: %d", status)
		}
		q.ends(granted)
		if !c.allowed() || len(r.messages()) != 2 {
			c.t.Errorf("allowed %v, %d messages", c.allowed(), len(r.messages()))
		}
		for _, kind := range []string{"webhookApprovalTriggered", "webhookApprovalSuccess", "webhookTriggered", "webhookSuccess"} {
			lines := q.history(kind)
			if len(lines) != 1 || text(lines[0], kind, "webhookName") != "Decides" || text(lines[0], kind, "webhookUrl") != r.server.URL+"/in?key=secret" ||
				text(lines[0], kind, "webhookInstanceId") == "" {
				c.t.Errorf("%s: %v", kind, lines)
			}
		}
		seen := c.asker.post("/api/v1/task/audits", object{"taskId": q.id, "pageSize": 100})
		if shown := toText(seen); strings.Contains(shown, "key=secret") || !strings.Contains(shown, r.server.URL) {
			c.t.Errorf("the one who asked sees of the webhook: %v", shown)
		}
	})
}

func TestAWebhookDeniesReassignsAndReplaces(t *testing.T) {
	withReceiver(t, func(c *company, r *receiver) {
		hook := c.hook(r, "Decides")
		c.decides(byWebhook(hook), thenProvision)
		r.answers(http.StatusOK, denies)
		q := c.asks(c.asker, object{})
		q.ends(denied)
		if c.allowed() {
			c.t.Error("denied, and allowed")
		}

		r.answers(http.StatusOK, `{"version":"v1","reassign":{"newStepUserIds":["`+c.deputy.id+`"],"comment":"Linus knows"}}`)
		q = c.asks(c.asker, object{})
		c.await("it is Linus's", func() bool { return len(q.deciders()) == 1 })
		q.waitsFor(c.deputy)
		c.deputy.denies(q)
		q.ends(denied)

		r.answers(http.StatusOK, `{"version":"v1","replacePolicy":{"comment":"two of you","policySteps":[
			{"approval":{"users":{"userIds":["`+c.deputy.id+`"]}}},{"approval":{"users":{"userIds":["`+c.owner.id+`"]}}},{"provision":{}}]}}`)
		q = c.asks(c.asker, object{"grantDuration": "3600s"})
		c.await("it is Linus's", func() bool { return len(q.deciders()) == 1 })
		q.waitsFor(c.deputy)
		c.deputy.approves(q)
		q.waitsFor(c.owner)
		c.owner.approves(q)
		q.ends(granted)
		if len(q.history("policyChanged")) != 1 || !c.allowed() {
			c.t.Errorf("allowed %v, %v", c.allowed(), q.history("policyChanged"))
		}
	})
}

func TestAReceiverThatIsDownIsToldAgainAndOneThatIsGoneIsReplacedByPeople(t *testing.T) {
	withReceiver(t, func(c *company, r *receiver) {
		hook := c.hook(r, "Decides")
		c.decides(byWebhook(hook), provisionedBy(hook))
		r.answers(http.StatusServiceUnavailable, "")
		q := c.asks(c.asker, object{"grantDuration": "360000s"})
		r.retried(func() bool { return len(r.messages()) >= 3 })
		r.answers(http.StatusOK, approves)
		r.retried(func() bool { return len(q.history("webhookApprovalSuccess")) == 1 })
		if ids := unlike(r.messages()[:4]); ids != 1 {
			c.t.Errorf("one message came under %d ids", ids)
		}
		if len(q.history("webhookApprovalAttempt")) < 2 {
			c.t.Errorf("the history has no tries that failed")
		}
		// The answer to the approval is none to the provision step, which is asked until the receiver says it is gone.
		r.answers(http.StatusGone, "")
		r.retried(func() bool { return len(q.deciders()) > 0 })
		if len(q.history("provisionError")) != 1 || c.allowed() {
			c.t.Errorf("allowed %v, %v", c.allowed(), q.history("provisionError"))
		}
		q.waitsFor(c.owner)
		c.owner.post("/api/interim/v1/tasks/"+q.id+"/provision/complete", object{"policyStepId": q.step(), "comment": "by hand"})
		q.ends(granted)
		if !c.allowed() {
			c.t.Error("granted, and not allowed")
		}
		// An approval that is given up goes to the Super Administrators.
		again := c.asks(c.deputy, object{})
		c.await("it is the administrator's", func() bool { return len(again.deciders()) == 1 })
		again.waitsFor(&employee{name: "the administrator", id: c.boot.UserID})
		if len(again.history("webhookApprovalFatalError")) != 1 {
			c.t.Errorf("the history does not say why")
		}
	})
}

func TestAKillBetweenAMessageAndItsAnswerLosesNothingAndDoublesNothing(t *testing.T) {
	withReceiver(t, func(c *company, r *receiver) {
		hook := c.hook(r, "Decides")
		c.decides(byWebhook(hook), provisionedBy(hook))
		r.answers(http.StatusAccepted, "")
		q := c.asks(c.asker, object{"grantDuration": "360000s"})
		first := r.hears(1)
		c.kill()
		c.up()
		if status := r.callsBack(first, approves); status != http.StatusOK {
			c.t.Fatalf("the callback after the kill: %d", status)
		}
		if status := r.callsBack(first, approves); status != http.StatusBadRequest {
			c.t.Errorf("a second callback: %d", status)
		}
		c.await("it is asked to provision", func() bool {
			all := r.messages()
			return all[len(all)-1].event == "c1.webhooks.v1.PayloadProvisionStep"
		})
		c.kill()
		r.answers(http.StatusOK, complete)
		c.up()
		c.advance(time.Minute) // past the lease of a worker that died
		all := r.messages()
		_ = r.callsBack(all[len(all)-1], complete) // it may be answered already, by the message that was sent again
		q.ends(granted)
		q.once("grantOutcome", "webhookApprovalSuccess", "webhookSuccess")
		if len(c.asOf(c.now())) != 1 {
			c.t.Errorf("grants: %v", c.asOf(c.now()))
		}
	})
}

func TestAWebhookThatIsNotThereIsRefusedAndOneInUseStays(t *testing.T) {
	withReceiver(t, func(c *company, r *receiver) {
		hook, gone := c.hook(r, "Decides"), c.hook(r, "Gone")
		c.admin.do(http.MethodDelete, "/api/v1/webhooks/"+gone, nil)
		for field, step := range map[string]object{
			"policySteps.grant.steps[0].approval.webhook.webhookId":                  byWebhook(gone),
			"policySteps.grant.steps[0].provision.provisionPolicy.webhook.webhookId": provisionedBy(gone),
		} {
			status, answer := c.admin.try(http.MethodPost, "/api/v1/policies", object{
				"displayName": "Who decides", "policyType": "POLICY_TYPE_GRANT", "policySteps": object{"grant": object{"steps": []object{step}}},
			})
			if status != http.StatusBadRequest || !strings.Contains(text(answer, "message"), field) {
				c.t.Errorf("%s: %d %v", field, status, answer)
			}
		}
		status, answer := c.admin.try(http.MethodPost, "/api/v1/apps/"+c.appID+"/entitlements/"+c.reporting,
			object{"entitlement": object{"provisionerPolicy": object{"webhook": object{"webhookId": gone}}}})
		if status != http.StatusBadRequest || !strings.Contains(text(answer, "message"), "provisionerPolicy.webhook.webhookId") {
			c.t.Errorf("%d %v", status, answer)
		}
		c.sets(object{"provisionerPolicy": object{"webhook": object{"webhookId": hook}}})
		if status, answer := c.admin.try(http.MethodDelete, "/api/v1/webhooks/"+hook, nil); status != http.StatusBadRequest ||
			!strings.Contains(text(answer, "message"), "entitlement "+c.reporting) {
			c.t.Errorf("deleting it: %d %v", status, answer)
		}
		c.sets(object{"provisionerPolicy": object{"connector": object{"defaultBehavior": object{}}}})
		c.admin.do(http.MethodDelete, "/api/v1/webhooks/"+hook, nil)
	})
}

func unlike(list []message) int {
	ids := map[string]bool{}
	for _, m := range list {
		ids[m.id] = true
	}
	return len(ids)
}
