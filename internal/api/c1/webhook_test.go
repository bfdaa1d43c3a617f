package c1_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// receiver plays whoever is told, by webhook and by mail.
type receiver struct {
	status int
	body   string
	err    error
}

func (r *receiver) Send(context.Context, webhook.Request) (webhook.Reply, error) {
	return webhook.Reply{Status: r.status, Body: []byte(r.body)}, r.err
}

type postman struct{ err error }

func (p *postman) Send(context.Context, notify.Message) error { return p.err }

// telling puts webhooks and notifications behind the door.
func (d *door) telling() (*receiver, *postman) {
	d.Helper()
	r, p := &receiver{status: http.StatusOK}, &postman{}
	quiet := slog.New(slog.DiscardHandler)
	d.deps.Webhooks = webhook.New(webhook.Deps{
		DB: d.deps.DB, Clock: d.clock, Log: quiet, Audit: d.deps.Audit, Sender: r, Sign: d.deps.IAM.SignClaims, CallbackKey: make([]byte, 32),
		PublicURL: d.deps.PublicURL,
	})
	d.Cleanup(d.deps.Webhooks.Close)
	var err error
	d.deps.Notify, err = notify.New(d.Context(), notify.Deps{
		DB: d.deps.DB, Clock: d.clock, Log: quiet, Audit: d.deps.Audit, Webhooks: d.deps.Webhooks, Mailer: p, PublicURL: d.deps.PublicURL,
	})
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(d.deps.Notify.Close)
	return r, p
}

const hooksPath = "/api/v1/webhooks"

func TestWebhooksThroughTheDoor(t *testing.T) {
	onDoors(t, "webhooks", func(d *door) {
		r, _ := d.telling()
		d.super("Ada")
		first := d.made("ci", "webhook.id", "a webhook", hooksPath, `{"displayName":"CI","url":"https://ci.example.com/hooks?key=1","description":"starts a build"}`)
		d.clock.Advance(time.Minute)
		d.made("chat", "webhook.id", "with a deadline of its own", hooksPath, `{"display_name":"Chat","url":"https://chat.example.com","callback_timeout":"3600s"}`)
		d.want(http.StatusOK, "read", "GET", hooksPath+"/"+first, "")
		d.want(http.StatusOK, "changed by its keys", "POST", hooksPath+"/"+first, `{"webhook":{"description":"","displayName":"Builds","createdAt":"2020-01-01T00:00:00Z"}}`)
		d.want(http.StatusOK, "changed by a mask", "POST", hooksPath+"/"+first, `{"webhook":{"url":"https://build.example.com","displayName":"not written"},"updateMask":"url,callbackTimeout"}`)
		page := d.want(http.StatusOK, "a page of one", "GET", hooksPath+"?page_size=1", "")
		d.want(http.StatusOK, "the next", "GET", hooksPath+"?page_size=1&page_token="+page.text("nextPageToken"), "")
		d.want(http.StatusOK, "found by text", "POST", "/api/v1/search/webhooks", `{"query":"BUILD.example"}`)
		d.want(http.StatusOK, "found by id", "POST", "/api/v1/search/webhooks", `{"refs":[{"id":"`+first+`"},{"id":"`+someID+`"}]}`)
		d.made("test-1", "webhook.id", "a test", hooksPath+"/"+first+"/test", `{}`)
		r.status = http.StatusAccepted
		d.made("test-2", "webhook.id", "a test that is answered later", hooksPath+"/"+first+"/test", ``)
		r.err = fault.New(fault.Unavailable, "the connection was refused")
		d.made("test-3", "webhook.id", "a test of who is not there", hooksPath+"/"+first+"/test", `{}`)
		d.want(http.StatusOK, "what became of them", "GET", "/api/interim/v1/webhooks/"+first+"/deliveries", "")
		d.want(http.StatusOK, "deleted", "DELETE", hooksPath+"/"+first, `{}`)
		for _, c := range [][2]string{{"GET", ""}, {"DELETE", "{}"}, {"POST", `{"webhook":{"displayName":"x"}}`}} {
			d.want(http.StatusNotFound, "gone", c[0], hooksPath+"/"+first, c[1])
		}
		d.want(http.StatusNotFound, "no test of what is gone", "POST", hooksPath+"/"+first+"/test", "{}")
		d.want(http.StatusOK, "the rest", "GET", hooksPath, "")
	})
}

func TestMalformedWebhooksAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.telling()
		d.super("Ada")
		good := `"displayName":"x","url":"https://x.example.com"`
		d.invalid("POST", hooksPath, map[string]string{
			"displayName":       `{"url":"https://x.example.com"}`,
			"displayName'":      `{"displayName":"` + strings.Repeat("é", 257) + `","url":"https://x.example.com"}`,
			"displayName''":     `{"displayName":"a\nb","url":"https://x.example.com"}`,
			"description":       `{` + good + `,"description":"` + strings.Repeat("é", 2049) + `"}`,
			"url":               `{"displayName":"x"}`,
			"url'":              `{"displayName":"x","url":"ftp://x.example.com"}`,
			"url''":             `{"displayName":"x","url":"https://u:p@x.example.com"}`,
			"url'''":            `{"displayName":"x","url":"https://x.example.com/` + strings.Repeat("x", 2048) + `"}`,
			"callbackTimeout":   `{` + good + `,"callbackTimeout":"0s"}`,
			"callbackTimeout'":  `{` + good + `,"callbackTimeout":"-5s"}`,
			"callbackTimeout''": `{` + good + `,"callbackTimeout":"2592001s"}`,
			"unmarshal body":    `{` + good + `,"color":"red"}`,
		})
		one := hooksPath + "/" + d.need(http.StatusOK, "", "POST", hooksPath, "{"+good+"}").text("webhook.id")
		d.invalid("POST", one, map[string]string{
			"webhook": `{}`, "updateMask": `{"webhook":{},"updateMask":"color"}`, "displayName": `{"webhook":{"displayName":""}}`,
			"webhook.callbackTimeout": `{"webhook":{"callbackTimeout":"-1s"}}`,
		})
		d.invalid("POST", "/api/v1/search/webhooks", map[string]string{
			"refs": `{"refs":[{"id":"x"}]}`, "query": `{"query":"` + strings.Repeat("x", 1025) + `"}`, "pageToken": `{"pageToken":"x"}`,
		})
		d.need(http.StatusBadRequest, "id", "GET", hooksPath+"/x", "")
		d.need(http.StatusBadRequest, "webhookId", "GET", "/api/interim/v1/webhooks/x/deliveries", "")
		if got := d.need(http.StatusOK, "", "GET", "/api/interim/v1/webhooks/"+someID+"/deliveries", ""); len(got.list()) != 0 {
			d.Errorf("%v", got.body)
		}
	})
}

func TestWhoMayDoWhatWithWebhooks(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.telling()
		d.super("Ada")
		one := hooksPath + "/" + d.need(http.StatusOK, "", "POST", hooksPath, `{"displayName":"x","url":"https://x.example.com"}`).text("webhook.id")
		for role, reads := range map[string]int{
			"system:viewer": http.StatusOK, "system:application-admin": http.StatusOK, iam.BasicUser: http.StatusForbidden, "system:system-logs-reader": http.StatusForbidden,
		} {
			d.person(strings.TrimPrefix(role, "system:"), role)
			for _, c := range [][3]string{{"GET", one, ""}, {"GET", hooksPath, ""}, {"POST", "/api/v1/search/webhooks", "{}"}, {"GET", "/api/interim/v1/webhooks/" + someID + "/deliveries", ""}} {
				if got := d.call(c[0], c[1], c[2]); got.status != reads {
					d.Errorf("%s %s %s: %d", role, c[0], c[1], got.status)
				}
			}
			for _, c := range [][3]string{{"POST", hooksPath, "{}"}, {"POST", one, `{"webhook":{}}`}, {"DELETE", one, "{}"}, {"POST", one + "/test", "{}"}} {
				d.need(http.StatusForbidden, "Permission denied", c[0], c[1], c[2])
			}
		}
	})
}

func TestCallbacksComeThroughTheirOwnDoor(t *testing.T) {
	onDoors(t, "", func(d *door) {
		r, _ := d.telling()
		d.super("Ada")
		one := hooksPath + "/" + d.need(http.StatusOK, "", "POST", hooksPath, `{"displayName":"x","url":"https://x.example.com"}`).text("webhook.id")
		var callback string
		d.deps.Webhooks.Sender = seen(func(m webhook.Request) { callback = m.Header.Get("Webhook-Callback-Url") })
		r.status = http.StatusAccepted
		d.need(http.StatusOK, "", "POST", one+"/test", "{}")
		path, ok := strings.CutPrefix(callback, "https://interim.example.com")
		if !ok || !strings.HasPrefix(path, webhook.CallbackPath) {
			d.Fatal(callback)
		}
		post := func(path, body string) (int, string) {
			rec := httptest.NewRecorder()
			c1.WebhookCallback(d.deps.Webhooks).ServeHTTP(rec, httptest.NewRequestWithContext(d.Context(), http.MethodPost, path, strings.NewReader(body)))
			return rec.Code, rec.Body.String()
		}
		for _, c := range []struct {
			path, body string
			status     int
			says       string
		}{
			{path + "x", "{}", http.StatusNotFound, "callback not found"},
			{webhook.CallbackPath, "{}", http.StatusNotFound, "callback not found"},
			{webhook.CallbackPath + strings.Repeat("x", 4000), "{}", http.StatusNotFound, "callback not found"},
			{path, strings.Repeat("x", webhook.MaxBody+1), http.StatusBadRequest, "250000"},
			{path, `{"version":"v1"}`, http.StatusOK, "{}"},
			{path, `{"version":"v1"}`, http.StatusBadRequest, "used before"},
		} {
			if status, body := post(c.path, c.body); status != c.status || !strings.Contains(body, c.says) {
				d.Errorf("%.60s: %d %s", c.path, status, body)
			}
		}
	})
}

// seen is a receiver that promises a callback.
type seen func(m webhook.Request)

func (s seen) Send(_ context.Context, m webhook.Request) (webhook.Reply, error) {
	s(m)
	return webhook.Reply{Status: http.StatusAccepted}, nil
}

func TestNotificationsThroughTheDoor(t *testing.T) {
	onDoors(t, "notifications", func(d *door) {
		_, p := d.telling()
		grace := d.person("Grace", iam.BasicUser)
		mine := "/api/interim/v1/users/" + c1.KSUID(grace.ID) + "/notification_settings"
		d.want(http.StatusOK, "nothing chosen", "GET", mine, "")
		d.want(http.StatusOK, "some turned off", "POST", mine, `{"settings":{"off":["NOTIFICATION_KIND_ENDED","NOTIFICATION_KIND_DECIDED"]}}`)
		d.want(http.StatusOK, "another way", "POST", mine, `{"settings":{"channel":"NOTIFICATION_CHANNEL_WEBHOOK","off":[]},"updateMask":"channel"}`)
		d.want(http.StatusForbidden, "not hers to see", "GET", "/api/interim/v1/notifications/defaults", "")
		d.want(http.StatusForbidden, "nor to change", "POST", "/api/interim/v1/notifications/defaults", `{"defaults":{}}`)
		d.want(http.StatusForbidden, "nor what failed", "GET", "/api/interim/v1/notifications/failed", "")
		ada := d.super("Ada")
		d.want(http.StatusOK, "somebody else's", "GET", mine, "")
		d.want(http.StatusOK, "defaults", "GET", "/api/interim/v1/notifications/defaults", "")
		hook := d.made("chat", "webhook.id", "a webhook", hooksPath, `{"displayName":"Chat","url":"https://chat.example.com"}`)
		d.want(http.StatusOK, "named", "POST", "/api/interim/v1/notifications/defaults", `{"defaults":{"webhookId":"`+hook+`"}}`)
		p.err = notify.Permanent(fault.New(fault.Unavailable, "the mail server refused the recipient (550)"))
		if err := d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
			return d.deps.Notify.Tell(tx, notify.Notice{User: ada.ID, Kind: notify.Delegate, Data: notify.Data{By: "Grace"}})
		}); err != nil {
			d.Fatal(err)
		}
		if _, err := d.deps.Notify.Sources()[0].Run(d.Context(), d.clock.Now()); err != nil {
			d.Fatal(err)
		}
		d.want(http.StatusOK, "what failed", "GET", "/api/interim/v1/notifications/failed", "")
		linus := d.person("Linus", "system:viewer")
		d.want(http.StatusForbidden, "a viewer changes only their own", "POST", mine, `{"settings":{"off":[]}}`)
		d.want(http.StatusOK, "their own", "POST", strings.Replace(mine, c1.KSUID(grace.ID), c1.KSUID(linus.ID), 1), `{"settings":{"channel":"NOTIFICATION_CHANNEL_NONE"}}`)
	})
}

func TestMalformedSettingsOfNotificationsAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.telling()
		ada := d.super("Ada")
		mine := "/api/interim/v1/users/" + c1.KSUID(ada.ID) + "/notification_settings"
		d.invalid("POST", mine, map[string]string{
			"settings":         `{}`,
			"updateMask":       `{"settings":{},"updateMask":"userId.x"}`,
			"settings.channel": `{"settings":{"channel":9}}`,
			"settings.off":     `{"settings":{"off":[0]}}`,
			"settings.off'":    `{"settings":{"off":[7]}}`,
			"off":              `{"settings":{"off":[1,1,1,1,1,1,9]}}`,
		})
		d.invalid("POST", "/api/interim/v1/notifications/defaults", map[string]string{
			"defaults":            `{}`,
			"channel":             `{"defaults":{"channel":0}}`,
			"webhookId":           `{"defaults":{"channel":"NOTIFICATION_CHANNEL_WEBHOOK"}}`,
			"defaults.webhookId":  `{"defaults":{"webhookId":"x"}}`,
			"defaults.webhookId'": `{"defaults":{"webhookId":"` + someID + `"}}`,
		})
		d.need(http.StatusBadRequest, "userId", "GET", "/api/interim/v1/users/x/notification_settings", "")
		d.need(http.StatusNotFound, "user not found", "GET", "/api/interim/v1/users/"+someID+"/notification_settings", "")
		d.need(http.StatusBadRequest, "pageToken", "GET", "/api/interim/v1/notifications/failed?page_token=x", "")
	})
}
