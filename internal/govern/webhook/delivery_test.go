package webhook_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

const approved = `{"version":"v1","approve":{"comment":"fine"}}`

func TestAMessageHasTheFormThatUpstreamsReceiversKnow(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusOK, approved)
		d := w.deliver(w.hook("a"), webhook.EventApproval, "step 1")
		w.same("handled", w.due(w.hooks), 1)
		m := w.messages()[0]
		var body struct {
			Version, WebhookID, CallbackURL, Event string
			Payload                                map[string]any
		}
		w.ok(json.Unmarshal(m.Body, &body))
		shown := id.KSUID(string(d))
		w.same("body", []any{body.Version, body.WebhookID, body.CallbackURL, body.Event, body.Payload["@type"]}, []any{
			"v1", shown, w.hooks.CallbackURL(d), "c1.webhooks.v1.PayloadPolicyApprovalStep",
			"type.googleapis.com/c1.webhooks.v1.PayloadPolicyApprovalStep",
		})
		if body.Payload["taskView"] == nil || !strings.HasPrefix(body.CallbackURL, "https://interim.example.com:8443/webhooks/v1/callback/") {
			w.Errorf("payload %v, callback %s", body.Payload, body.CallbackURL)
		}
		sum := sha256.Sum256(m.Body)
		digest := base64.StdEncoding.EncodeToString(sum[:])
		for name, want := range map[string]string{
			"Content-Type": "application/json", "User-Agent": "Interim", "Content-Digest": "sha-256=" + digest, "Webhook-Version": "v1", "Webhook-Id": shown,
			"Webhook-Event": body.Event, "Webhook-Callback-Url": body.CallbackURL,
		} {
			w.same(name, m.Header.Get(name), want)
		}
		keys, err := w.iam.JWKS(w.ctx)
		w.ok(err)
		raw, _ := strings.CutPrefix(m.Header.Get("Authorization"), "bearer ")
		token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA})
		w.ok(err)
		claims := map[string]any{}
		w.ok(token.Claims(keys.Key(token.Headers[0].KeyID)[0].Key, &claims))
		now := float64(w.clock.Now().Unix())
		w.same("claims", claims, map[string]any{
			"iss": "interim.example.com:8443", "aud": "a.example.com", "jti": shown, "c1typ": "wh", "iat": now, "exp": now + 120, "nbf": now - 60,
			"htm": "POST", "htu": "https://a.example.com/in", "htb_s256": digest,
		})
		if _, err := w.iam.Authenticate(w.ctx, raw, netip.MustParseAddr("192.0.2.1")); !fault.Is(err, fault.Unauthenticated) {
			w.Errorf("the token of a message lets its holder in: %v", err)
		}
		w.same("state", w.state(d), "done 1 ")
		w.same("told", w.told, "[step 1: approve fine]")
	})
}

func TestWhatWasAnsweredIsNeverSentAgain(t *testing.T) {
	each(t, func(w *world) {
		d := w.deliver(w.hook("a"), webhook.EventPostAction, "x")
		w.due(w.hooks)
		w.clock.Advance(29 * 24 * time.Hour)
		w.same("handled", w.due(w.hooks)+w.due(w.service()), 0)
		w.same("sent", len(w.messages()), 1)
		w.clock.Advance(2 * 24 * time.Hour)
		w.same("forgotten", w.due(w.hooks), 1)
		if _, err := w.hooks.Delivery(w.ctx, d); !fault.Is(err, fault.NotFound) {
			w.Errorf("%v", err)
		}
		if err := w.callback(d, "{}"); !fault.Is(err, fault.Precondition) {
			w.Errorf("a callback after that: %v", err)
		}
	})
}

func TestWhatFailsIsSentAgainUpToFiftyTimes(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusInternalServerError, "no")
		h := w.hook("a")
		d := w.deliver(h, webhook.EventProvision, "x")
		for i := 1; i <= 50; i++ {
			w.same("handled", w.due(w.hooks), 1)
			if i < 50 {
				w.same("state", strings.HasPrefix(w.state(d), "open "), true)
				if wait := w.next(w.hooks).Sub(w.clock.Now()); wait < 3*time.Second || wait > 15*time.Second {
					w.Fatalf("after try %d it waits %s", i, wait)
				}
				w.clock.Set(w.next(w.hooks))
			}
		}
		w.same("state", w.state(d), "failed 50 the receiver answered with status 500")
		w.same("told", w.told, "[x: gave up: the receiver answered with status 500]")
		ids := map[string]bool{}
		for _, m := range w.messages() {
			ids[m.Header.Get("Webhook-Id")] = true
		}
		w.same("ids", len(ids), 1)
		e := w.events("webhook.gave_up")
		if len(e) != 1 || !e[0].Failed || e[0].ObjectID != string(h.ID) {
			w.Errorf("audit: %+v", e)
		}
		w.clock.Advance(time.Hour)
		w.same("afterwards", w.due(w.hooks), 0)
	})
}

func TestAReceiverRecovers(t *testing.T) {
	each(t, func(w *world) {
		d := w.deliver(w.hook("a"), webhook.EventApproval, "x")
		for _, reply := range []func(webhook.Request) (webhook.Reply, error){
			func(webhook.Request) (webhook.Reply, error) { return webhook.Reply{}, errors.New("password in here") },
			func(webhook.Request) (webhook.Reply, error) { panic("broken") },
			replies(http.StatusFound, ""),
			replies(http.StatusOK, ""),
			replies(http.StatusOK, `{"version":"v1"}`),
			replies(http.StatusOK, `{"version":"v1","approve":{},"deny":{}}`),
		} {
			w.reply = reply
			w.due(w.hooks)
			if s := w.state(d); !strings.HasPrefix(s, "open ") || strings.Contains(s, "password") {
				w.Errorf("state: %s", s)
			}
			w.clock.Advance(15 * time.Second)
		}
		w.reply = replies(http.StatusOK, `{"version":"v1","deny":{"comment":"no"}}`)
		w.due(w.hooks)
		w.same("state", w.state(d), "done 7 ")
		w.same("told", w.told, "[x: deny no]")
	})
}

func TestGoneStopsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusGone, "")
		d := w.deliver(w.hook("a"), webhook.EventApproval, "x")
		w.due(w.hooks)
		w.same("state", w.state(d), "failed 1 the receiver wants no more messages (410)")
		w.same("told", len(w.told), 1)
	})
}

func TestACallbackIsTakenOnce(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusAccepted, "ignored")
		d := w.deliver(w.hook("a"), webhook.EventApproval, "x")
		if err := w.callback(d, approved); !fault.Is(err, fault.Precondition) {
			w.Errorf("before it was sent: %v", err)
		}
		w.due(w.hooks)
		w.same("state", w.state(d), "waiting 1 ")
		if at := w.next(w.hooks); !at.Equal(w.clock.Now().Add(8 * 24 * time.Hour)) {
			w.Errorf("it is given up at %s", at)
		}
		for _, bad := range []string{"", "{", "{}", `{"complete":{}}`, `{"approve":{"comment":"` + strings.Repeat("x", 1025) + `"}}`, strings.Repeat(" ", webhook.MaxBody+1)} {
			if err := w.callback(d, bad); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
				w.Errorf("%.20q: %v", bad, err)
			}
		}
		w.ok(w.callback(d, approved))
		for range 2 {
			if err := w.callback(d, approved); !fault.Is(err, fault.Precondition) {
				w.Errorf("the second time: %v", err)
			}
		}
		w.same("state", w.state(d), "done 1 ")
		w.same("told", w.told, "[x: approve fine]")
		w.clock.Advance(9 * 24 * time.Hour)
		w.same("handled", w.due(w.hooks), 0)
	})
}

func TestACallbackThatOvertakesItsPromiseCounts(t *testing.T) {
	each(t, func(w *world) {
		var d webhook.DeliveryID
		w.reply = func(webhook.Request) (webhook.Reply, error) {
			return webhook.Reply{Status: http.StatusAccepted}, w.callback(d, approved)
		}
		d = w.deliver(w.hook("a"), webhook.EventApproval, "x")
		w.due(w.hooks)
		w.same("state", w.state(d), "done 1 ")
		w.same("told", w.told, "[x: approve fine]")
	})
}

func TestACallbackThatDoesNotComeIsGivenUp(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusAccepted, "")
		d := w.deliver(w.hook("a"), webhook.EventApproval, "x")
		w.due(w.hooks)
		w.clock.Advance(8*24*time.Hour - time.Microsecond)
		w.same("handled", w.due(w.hooks), 0)
		w.clock.Advance(time.Microsecond)
		if err := w.callback(d, approved); !fault.Is(err, fault.Precondition) {
			w.Errorf("at the end: %v", err)
		}
		w.same("handled", w.due(w.hooks), 1)
		w.same("state", w.state(d), "failed 1 no callback came in time")
		w.same("told", w.told, "[x: gave up: no callback came in time]")
	})
}

func TestCallbackAddressesCannotBeMadeUp(t *testing.T) {
	each(t, func(w *world) {
		w.reply = replies(http.StatusAccepted, "")
		a, b := w.deliver(w.hook("a"), webhook.EventApproval, "x"), w.deliver(w.hook("b"), webhook.EventApproval, "y")
		w.due(w.hooks)
		_, ofA, _ := strings.Cut(w.hooks.CallbackURL(a), webhook.CallbackPath)
		_, secret, _ := strings.Cut(ofA, ".")
		for _, token := range []string{"", ".", "x", id.KSUID(string(b)), id.KSUID(string(b)) + "." + secret, ofA + "A", ofA[:len(ofA)-1], "nope." + secret} {
			if err := w.hooks.Callback(w.ctx, token, []byte(approved)); !fault.Is(err, fault.NotFound) {
				w.Errorf("%q: %v", token, err)
			}
		}
		w.same("told", len(w.told), 0)
	})
}

func TestAnAnswerThatItsListenerRefusesIsNoAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.refusing = fault.New(fault.Invalid, "no such user")
		w.reply = replies(http.StatusOK, approved)
		d := w.deliver(w.hook("a"), webhook.EventApproval, "x")
		w.due(w.hooks)
		w.same("state", w.state(d), "open 1 no such user")
		w.clock.Advance(15 * time.Second)
		w.reply = replies(http.StatusAccepted, "")
		w.due(w.hooks)
		if err := w.callback(d, approved); !fault.Is(err, fault.Invalid) {
			w.Errorf("%v", err)
		}
		w.same("state", w.state(d), "waiting 2 ")
		w.refusing = nil
		w.ok(w.callback(d, approved))
		w.same("told", w.told, "[x: approve fine]")
	})
}

func TestTheMessageOfAWorkerThatDiedIsSentAgainUnderTheSameID(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		release, arrived := make(chan struct{}), make(chan struct{})
		w.reply = func(webhook.Request) (webhook.Reply, error) {
			close(arrived)
			<-release
			return webhook.Reply{Status: http.StatusOK, Body: []byte(`{"deny":{}}`)}, nil
		}
		d := w.deliver(h, webhook.EventApproval, "x")
		_, err := w.hooks.Sources()[0].Run(w.ctx, w.clock.Now())
		w.ok(err)
		<-arrived
		other := w.service()
		w.clock.Advance(webhook.Lease - time.Microsecond)
		w.same("within the lease", w.due(other), 0)
		w.clock.Advance(time.Microsecond)
		w.mu.Lock()
		w.reply = replies(http.StatusOK, approved)
		w.mu.Unlock()
		w.same("after it", w.due(other), 1)
		close(release) // the dead one was only asleep: what it heard comes too late
		w.hooks.Idle()
		w.same("told", w.told, "[x: approve fine]")
		w.same("state", w.state(d), "done 2 ")
		m := w.messages()
		if len(m) != 2 || m[0].Header.Get("Webhook-Id") != m[1].Header.Get("Webhook-Id") {
			w.Errorf("%d messages", len(m))
		}
	})
}

func TestAfterACrashTheOneServerSendsAgainAtOnce(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	release, arrived := make(chan struct{}), make(chan struct{})
	w.reply = func(webhook.Request) (webhook.Reply, error) {
		close(arrived)
		<-release
		return webhook.Reply{}, errors.New("late")
	}
	w.deliver(w.hook("a"), webhook.EventPostAction, "x")
	_, err := w.hooks.Sources()[0].Run(w.ctx, w.clock.Now())
	w.ok(err)
	<-arrived
	w.mu.Lock()
	w.reply = replies(http.StatusOK, "")
	w.mu.Unlock()
	next := w.service()
	w.ok(next.Recover(w.ctx))
	w.same("handled", w.due(next), 1)
	close(release)
	w.hooks.Idle()
	w.same("told", w.told, "[x: received]")
}

func TestTheEndOfTheServerIsNoFaultOfTheReceivers(t *testing.T) {
	each(t, func(w *world) {
		arrived := make(chan struct{})
		stop := make(chan struct{})
		w.reply = func(webhook.Request) (webhook.Reply, error) {
			close(arrived)
			<-stop
			return webhook.Reply{}, errors.New("cut")
		}
		d := w.deliver(w.hook("a"), webhook.EventPostAction, "x")
		_, err := w.hooks.Sources()[0].Run(w.ctx, w.clock.Now())
		w.ok(err)
		<-arrived
		closed := make(chan struct{})
		go func() { w.hooks.Close(); close(closed) }()
		for { // Close has begun once nothing more is taken
			if _, ok, err := w.hooks.Sources()[0].Next(w.ctx); err == nil && !ok {
				break
			}
		}
		w.hooks.AwaitStop()
		close(stop)
		<-closed
		w.same("state", w.state(d), "open 0 ")
	})
}

func TestACancelledMessageComesToNothing(t *testing.T) {
	each(t, func(w *world) {
		cancel := func(ref string) {
			w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error { return w.hooks.Cancel(tx, ref) }))
		}
		h := w.hook("a")
		before := w.deliver(h, webhook.EventApproval, "x")
		cancel("x")
		w.same("handled", w.due(w.hooks), 0)
		w.reply = func(webhook.Request) (webhook.Reply, error) {
			cancel("x")
			return webhook.Reply{Status: http.StatusOK, Body: []byte(approved)}, nil
		}
		during := w.deliver(h, webhook.EventApproval, "x")
		w.due(w.hooks)
		w.reply = replies(http.StatusAccepted, "")
		waiting := w.deliver(h, webhook.EventApproval, "x")
		other := w.deliver(h, webhook.EventApproval, "y")
		w.due(w.hooks)
		cancel("x")
		if err := w.callback(waiting, approved); !fault.Is(err, fault.Precondition) {
			w.Errorf("%v", err)
		}
		w.same("states", []string{w.state(before), w.state(during), w.state(waiting), w.state(other)},
			[]string{"cancelled 0 ", "cancelled 1 ", "cancelled 1 ", "waiting 1 "})
		w.same("told", len(w.told), 0)
	})
}

func TestAReceiverThatHangsLeavesTheOthersTheirs(t *testing.T) {
	each(t, func(w *world) {
		slow, quick := w.hook("slow"), w.hook("quick")
		release := make(chan struct{})
		w.reply = func(r webhook.Request) (webhook.Reply, error) {
			if strings.Contains(r.URL, "slow") {
				<-release
			}
			return webhook.Reply{Status: http.StatusOK}, nil
		}
		for range 40 {
			w.deliver(slow, webhook.EventPostAction, "slow")
		}
		last := w.deliver(quick, webhook.EventPostAction, "quick")
		sending := w.hooks.Sources()[0]
		for {
			at, ok, err := sending.Next(w.ctx)
			w.ok(err)
			if !ok || at.After(w.clock.Now()) {
				break
			}
			_, err = sending.Run(w.ctx, w.clock.Now())
			w.ok(err)
		}
		for w.state(last) != "done 1 " { // its answer is on its way
		}
		close(release)
		w.hooks.Idle()
		w.same("the rest", w.due(w.hooks), 36)
	})
}

func TestAMessageIsAskedForInTheTransactionOfTheChange(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		failed := errors.New("rolled back")
		err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			if _, err := w.hooks.Deliver(tx, h.ID, webhook.EventPostAction, "x", nil); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			w.Fatal(err)
		}
		w.same("handled", w.due(w.hooks), 0)
	})
}

func TestAMessageThatIsTooLargeIsGivenUp(t *testing.T) {
	each(t, func(w *world) {
		h := w.hook("a")
		w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error {
			_, err := w.hooks.Deliver(tx, h.ID, webhook.EventPostAction, "x", json.RawMessage(`{"a":"`+strings.Repeat("x", webhook.MaxBody)+`"}`))
			return err
		}))
		w.due(w.hooks)
		if len(w.messages()) != 0 || len(w.told) != 1 || !strings.Contains(w.told[0], "at most 250000 are sent") {
			w.Errorf("%v", w.told)
		}
	})
}
