package task_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
)

// receiver is who is called by webhooks, and what it answers.
type receiver struct{ approval, provision string }

// Send implements webhook.Sender.
func (r *receiver) Send(_ context.Context, q webhook.Request) (webhook.Reply, error) {
	body := r.approval
	if bytes.Contains(q.Body, []byte(webhook.EventProvision)) {
		body = r.provision
	}
	return webhook.Reply{Status: http.StatusOK, Body: []byte(body)}, nil
}

func TestAWebhookDecidesAndConfirms(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		r := &receiver{}
		hooks := webhook.New(webhook.Deps{
			DB: o.DB, Clock: o.Clock, Log: slog.New(slog.DiscardHandler), Audit: o.Audit, Sender: r, CallbackKey: make([]byte, 32),
			PublicURL: "https://interim.example.com", Sign: func(context.Context, any) (string, error) { return "signed", nil },
		})
		t.Cleanup(hooks.Close)
		hooks.Tell(o.Tasks)
		o.Tasks.Webhooks = hooks
		hook, err := hooks.Create(o.Ctx, webhook.Webhook{URL: "https://decides.example.com", DisplayName: "Decides"})
		o.ok(err)
		o.Book.grant = []policy.Step{
			{Approval: &policy.Approval{Kind: policy.Webhook, WebhookID: string(hook.ID)}},
			{Provision: &policy.Provision{Doc: []byte(`{"webhook":{"webhookId":"` + string(hook.ID) + `"}}`)}},
		}
		call := func() {
			for range 5 {
				o.pass(hooks.Sources()[0])
				hooks.Idle()
				o.pass(o.Tasks.Due()) // Ada has no account yet, and gets it outside of the transaction of the answer
			}
		}
		asked := o.request()
		o.is(asked, task.Open, task.NoOutcome)
		r.approval, r.provision = `{"version":"v1","approve":{"comment":"fine"}}`, `{"version":"v1","complete":{}}`
		call()
		done := o.is(asked, task.Closed, task.Granted)
		if !o.holds(done) {
			t.Error("not held")
		}
		_, err = o.Tasks.RequestRevoke(o.as(o.Ada), o.asks())
		o.ok(err)

		asked = o.request()
		r.approval = `{"version":"v1","deny":{"comment":"no"}}`
		call()
		o.is(asked, task.Closed, task.Denied)
	})
}
