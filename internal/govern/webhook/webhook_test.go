package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestWebhooksAreMadeChangedAndDeleted(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		w.same("timeout", h.CallbackTimeout, 8*24*time.Hour)
		w.clock.Advance(time.Minute)
		changed, err := w.hooks.Update(w.ctx, h.ID, func(v *webhook.Webhook) { v.Description, v.ID, v.Version = "new", "x", 9 })
		w.ok(err)
		read, err := w.hooks.Get(w.ctx, h.ID)
		w.ok(err)
		if read != changed || read.Description != "new" || read.ID != h.ID || read.Version != 2 || !read.UpdatedAt.After(h.UpdatedAt) {
			w.Errorf("%+v, read %+v", changed, read)
		}
		same, err := w.hooks.Update(w.ctx, h.ID, func(*webhook.Webhook) {})
		w.ok(err)
		w.same("untouched", same, read)
		_, err = w.hooks.Delete(w.ctx, h.ID)
		w.ok(err)
		for name, err := range map[string]error{
			"get":    second(w.hooks.Get(w.ctx, h.ID)),
			"update": second(w.hooks.Update(w.ctx, h.ID, func(*webhook.Webhook) {})),
			"delete": second(w.hooks.Delete(w.ctx, h.ID)),
			"test":   second(w.hooks.Test(w.ctx, h.ID)),
			"deliver": w.db.Write(w.ctx, func(tx *db.Tx) error {
				return second(w.hooks.Deliver(tx, h.ID, webhook.EventTest, "", nil))
			}),
		} {
			if !fault.Is(err, fault.NotFound) {
				w.Errorf("%s: %v", name, err)
			}
		}
		for _, kind := range []string{"webhook.created", "webhook.updated", "webhook.deleted"} {
			e := w.events(kind)
			if len(e) != 1 || e[0].ObjectID != string(h.ID) || strings.Contains(string(must(json.Marshal(e))), "secret") {
				w.Errorf("%s: %+v", kind, e)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatIsNoWebhookIsRefused(t *testing.T) {
	good := webhook.Webhook{URL: "https://hooks.example.com/in?a=b", DisplayName: "Hooks", CallbackTimeout: time.Hour}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field  string
		change func(w *webhook.Webhook)
	}{
		{"displayName", func(w *webhook.Webhook) { w.DisplayName = " " }},
		{"displayName", func(w *webhook.Webhook) { w.DisplayName = strings.Repeat("é", 257) }},
		{"displayName", func(w *webhook.Webhook) { w.DisplayName = "a\r\nb" }},
		{"description", func(w *webhook.Webhook) { w.Description = strings.Repeat("é", 2049) }},
		{"description", func(w *webhook.Webhook) { w.Description = "\xff" }},
		{"callbackTimeout", func(w *webhook.Webhook) { w.CallbackTimeout = time.Second }},
		{"callbackTimeout", func(w *webhook.Webhook) { w.CallbackTimeout = 30*24*time.Hour + 1 }},
		{"url", func(w *webhook.Webhook) { w.URL = "" }},
		{"url", func(w *webhook.Webhook) { w.URL = "hooks.example.com" }},
		{"url", func(w *webhook.Webhook) { w.URL = "ftp://hooks.example.com" }},
		{"url", func(w *webhook.Webhook) { w.URL = "file:///etc/passwd" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https:hooks.example.com" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://u:p@hooks.example.com" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://hooks.example.com/#a" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://hooks.example.com/\r\nX: y" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://[::ffff:8.8.8.8]/" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://[fe80::1%25eth0]/" }},
		{"url", func(w *webhook.Webhook) { w.URL = "https://hooks.example.com/" + strings.Repeat("x", 2048) }},
	} {
		w := good
		c.change(&w)
		if err := w.Validate(); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != c.field {
			t.Errorf("%+v: %v, want %s", w, err, c.field)
		}
	}
}

func TestWebhooksAreFound(t *testing.T) {
	each(t, func(w *world) {
		a, b, c := w.hook("alpha"), w.hook("beta"), w.hook("100%")
		w.ok(second(w.hooks.Delete(w.ctx, w.hook("gone").ID)))
		names := func(f webhook.Filter, size int) (all []string) {
			for after := (page.Key)(nil); ; {
				p, err := w.hooks.List(w.ctx, f, page.Request{Size: size, After: after})
				w.ok(err)
				for _, h := range p.Items {
					all = append(all, h.DisplayName)
				}
				if after = p.Next; after == nil {
					return all
				}
			}
		}
		w.same("all", names(webhook.Filter{}, 2), "[alpha beta 100%]")
		w.same("by text", names(webhook.Filter{Query: "BETA.example"}, 10), "[beta]")
		w.same("by sign", names(webhook.Filter{Query: "0%"}, 10), "[100%]")
		w.same("by id", names(webhook.Filter{IDs: []webhook.ID{c.ID, a.ID, "nobody"}}, 1), "[alpha 100%]")
		w.same("by both", names(webhook.Filter{IDs: []webhook.ID{b.ID}, Query: "alpha"}, 1), "[]")
	})
}

func TestDeletingAWebhookGivesUpWhatItWasToBeTold(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		w.reply = replies(http.StatusAccepted, "")
		waiting := w.deliver(h, webhook.EventApproval, "waiting")
		w.due(w.hooks)
		open := w.deliver(h, webhook.EventApproval, "open")
		w.ok(second(w.hooks.Delete(w.ctx, h.ID)))
		w.due(w.hooks)
		w.same("sent", len(w.messages()), 1)
		w.same("states", []string{w.state(waiting), w.state(open)}, []string{"failed 2 the webhook was deleted", "failed 1 the webhook was deleted"})
		w.same("told", len(w.told), 2)
	})
}

func TestATestIsSentAtOnceAndOnce(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		for _, c := range []struct {
			status int
			want   string
		}{{http.StatusNoContent, "done 1 "}, {http.StatusAccepted, "waiting 1 "}, {http.StatusNotFound, "failed 1 the receiver answered with status 404"}} {
			w.reply = replies(c.status, "")
			d, err := w.hooks.Test(w.ctx, h.ID)
			w.ok(err)
			w.same("state", w.state(d.ID), c.want)
		}
		w.clock.Advance(time.Hour)
		w.due(w.hooks)
		w.same("sent", len(w.messages()), 3)
		if body := string(w.messages()[0].Body); !strings.Contains(body, `"payload":{"@type":"type.googleapis.com/c1.webhooks.v1.PayloadTest"}`) {
			w.Errorf("body %s", body)
		}
		w.same("audit", len(w.events("webhook.tested")), 3)
		p, err := w.hooks.Deliveries(w.ctx, h.ID, page.Request{Size: 2})
		w.ok(err)
		if len(p.Items) != 2 || p.Next == nil || p.Items[0].State != webhook.Failed {
			w.Errorf("deliveries: %+v", p)
		}
	})
}

// payloads makes payloads on demand and counts how often.
type payloads struct {
	n   int
	err error
}

func (p *payloads) WebhookPayload(context.Context, webhook.Delivery) (json.RawMessage, error) {
	p.n++
	return json.RawMessage(`{"a":1}`), p.err
}

func (p *payloads) WebhookSteps(_ context.Context, _ webhook.Delivery, steps json.RawMessage) (json.RawMessage, error) {
	return append(append([]byte(`{"ours":`), steps...), '}'), p.err
}

func TestTheStepsOfAnAnswerAreTurnedBeforeTheyTakeEffect(t *testing.T) {
	each(t, func(w *world) {
		p := &payloads{}
		w.hooks.Speak(p)
		w.reply = replies(http.StatusOK, `{"replacePolicy":{"policySteps":[{"accept":{}}]}}`)
		h := w.hook("a")
		w.deliver(h, webhook.EventApproval, "x")
		w.due(w.hooks)
		w.same("told", w.told, `[x: replacePolicy {"ours":[{"accept":{}}]}]`)
		p.err = fault.InvalidField("replacePolicy.policySteps[0]", "no policy has that")
		d := w.deliver(h, webhook.EventApproval, "y")
		w.due(w.hooks)
		w.same("state", w.state(d), "open 1 replacePolicy.policySteps[0]: no policy has that")
		w.same("misread", w.misread, "[y: replacePolicy.policySteps[0]: no policy has that]")
		if err := w.callback(d, `{"replacePolicy":{"policySteps":[{"accept":{}}]}}`); !fault.Is(err, fault.Invalid) {
			w.Errorf("by callback: %v", err)
		}
	})
}

func TestAPayloadIsAskedForOnceWhenItIsSent(t *testing.T) {
	each(t, func(w *world) {
		p := &payloads{}
		w.hooks.Speak(p)
		w.reply = replies(http.StatusBadGateway, "")
		h := w.hook("a")
		bare := func(ref string) (d webhook.DeliveryID) {
			w.ok(w.db.Write(w.ctx, func(tx *db.Tx) (err error) {
				d, err = w.hooks.Deliver(tx, h.ID, webhook.EventPostAction, ref, nil)
				return err
			}))
			return d
		}
		bare("x")
		w.due(w.hooks)
		w.clock.Advance(15 * time.Second)
		w.due(w.hooks)
		m := w.messages()
		if p.n != 1 || len(m) != 2 || string(m[0].Body) != string(m[1].Body) || !strings.Contains(string(m[0].Body), `"a":1}`) {
			w.Errorf("asked %d times: %s", p.n, m[0].Body)
		}
		p.err = fault.New(fault.NotFound, "no such task")
		w.same("state", w.stateAfter(bare("y")), "failed 1 no such task")
	})
}

func (w *world) stateAfter(d webhook.DeliveryID) string {
	w.Helper()
	w.due(w.hooks)
	return w.state(d)
}

func TestNoStatementReadsAWholeTable(t *testing.T) {
	each(t, func(w *world) {
		w.ok(w.db.Write(audit.With(w.ctx, audit.System()), func(tx *db.Tx) error {
			for _, sql := range []string{
				`insert into webhook_delivery with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
					select 'd' || i, 'w' || (i % 50), 'e', 'r' || i, '', case when i % 4 = 0 then 'open' else 'done' end, 1000000 + i, '', 0, '', null,
						'', i, 1, null, case when i % 4 = 0 then null else i end from n`,
				`insert into webhook with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
					select 'w' || i, 'u', 'n', '', '', 1, '', 1, 1, case when i % 2 = 0 then 1 else null end, 1 from n`,
				`analyze webhook_delivery`, `analyze webhook`,
			} {
				if _, err := tx.Exec(sql); err != nil {
					return err
				}
			}
			return nil
		}))
		for _, s := range webhook.Statements() {
			plan := w.plan(s.SQL)
			if !strings.Contains(plan, s.Index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "TEMP B-TREE") {
				w.Errorf("%s should use %s:\n%s", s.SQL, s.Index, plan)
			}
		}
	})
}

func (w *world) plan(sql string) string {
	w.Helper()
	explain, columns := "explain query plan ", 4
	if w.db.Engine() == db.Postgres {
		explain, columns = "explain ", 1
	}
	var lines []string
	w.ok(w.db.Write(w.ctx, func(tx *db.Tx) (err error) {
		lines, err = db.Collect(tx, func(r *db.Rows) (string, error) {
			all := make([]any, columns)
			for i := range all {
				all[i] = new(any)
			}
			err := r.Scan(all...)
			s, _ := (*all[columns-1].(*any)).(string)
			return s, err
		}, explain+sql)
		return err
	}))
	return strings.Join(lines, "\n")
}
