package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

func decide(u directory.User) notify.Notice {
	return notify.Notice{
		User: u.ID, Kind: notify.Decide, TaskID: id.Static("task"),
		Data: notify.Data{TaskNumber: 7, App: "Warehouse", Entitlement: "reader", Subject: "Linus", By: "Ada", For: "Mary", Reason: "on call"},
	}
}

func TestPeopleAreToldByMailOnce(t *testing.T) {
	each(t, func(w *world) {
		grace := w.person("grace")
		w.tell(decide(grace))
		w.same("handled", w.due(w.notify), 1)
		m := w.sent()
		if len(m) != 1 || m[0].Address != "grace@example.com" || m[0].Subject != "Please decide (#7): reader in Warehouse for Linus" {
			w.Fatalf("%+v", m)
		}
		w.same("text", m[0].Text, `Hello grace,

You are asked to decide on reader in Warehouse for Linus.
Ada asked for it.
You decide for Mary.
Reason: on call

The request: task `+id.KSUID(id.Static("task"))+`

This was sent by Interim at https://interim.example.com. Its API lets you choose what you are told.
`)
		w.clock.Advance(6 * 24 * time.Hour)
		w.same("again", w.due(w.notify)+w.due(w.service(true)), 0)
		w.clock.Advance(24 * time.Hour)
		w.same("forgotten", w.due(w.notify), 1)
		w.same("rows", w.rows(), 0)
		w.same("sent", len(w.sent()), 1)
	})
}

func TestAChangeThatWasRolledBackTellsNobody(t *testing.T) {
	each(t, func(w *world) {
		grace := w.person("grace")
		failed := errors.New("rolled back")
		err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			if err := w.notify.Tell(tx, decide(grace)); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) || w.due(w.notify) != 0 {
			w.Errorf("%v", err)
		}
	})
}

func TestManyAreToldTogether(t *testing.T) {
	each(t, func(w *world) {
		var all []notify.Notice
		for i := range 128 {
			all = append(all, decide(w.person(fmt.Sprintf("p%d", i))))
		}
		w.tell(all...)
		w.same("rows", w.rows(), 1)
		w.due(w.notify)
		to := map[string]bool{}
		for _, m := range w.sent() {
			to[m.Address] = true
		}
		w.same("people", len(to), 128)
		w.same("mails", len(w.sent()), 128)
	})
}

func TestWhatIsCancelledForManyIsToldToNone(t *testing.T) {
	each(t, func(w *world) {
		var all []notify.Notice
		for i := range 20 {
			all = append(all, decide(w.person(fmt.Sprintf("p%d", i))))
		}
		w.tell(all...)
		w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error {
			w.notify.Cancel(tx, all[0].TaskID, notify.Decide)
			return nil
		}))
		w.due(w.notify)
		w.same("mails", len(w.sent()), 0)
		w.same("rows", w.rows(), 0)
	})
}

// A transaction makes a bounded number of rows, whatever the size of a group.
func TestACrowdIsToldInSteps(t *testing.T) {
	each(t, func(w *world) {
		const people = 1000
		disabled := w.person("disabled")
		all := []notify.Notice{decide(disabled)}
		for i := range people - 1 {
			all = append(all, decide(directory.User{ID: directory.UserID(fmt.Sprintf("nobody-%d", i))}))
		}
		grace := w.person("grace")
		all = append(all, decide(grace))
		w.tell(all...)
		w.same("rows", w.rows(), 1)
		_, err := w.people.Disable(w.ctx, disabled.ID, "")
		w.ok(err)
		_, err = w.notify.Sources()[0].Run(w.ctx, w.clock.Now())
		w.ok(err)
		w.same("rows after a turn", w.rows(), 401)
		w.due(w.notify)
		mails := w.sent()
		w.same("mails", len(mails), 1)
		w.same("whom to", mails[0].Address, grace.Email)
		w.same("rows", w.rows(), 1) // of the mail that was sent
	})
}

func TestNobodyIsToldWhatTheyTurnedOffOrCannotBeTold(t *testing.T) {
	each(t, func(w *world) {
		off, none, disabled, deleted, silent := w.person("off"), w.person("none"), w.person("disabled"), w.person("deleted"), w.person("silent")
		_, err := w.notify.UpdateSettings(w.ctx, off.ID, func(v *notify.Settings) { v.Off = []notify.Kind{notify.Decide, notify.Decide} })
		w.ok(err)
		_, err = w.notify.UpdateSettings(w.ctx, none.ID, func(v *notify.Settings) { v.Channel = notify.None })
		w.ok(err)
		_, err = w.people.Update(w.ctx, silent.ID, func(u *directory.User) error { u.Email = ""; return nil })
		w.ok(err)
		for _, u := range []directory.User{off, none, disabled, deleted, silent, {ID: "nobody"}} {
			w.tell(decide(u))
		}
		_, err = w.people.Disable(w.ctx, disabled.ID, "")
		w.ok(err)
		_, err = w.people.Delete(w.ctx, deleted.ID, "")
		w.ok(err)
		w.due(w.notify)
		w.same("rows", w.rows(), 0)
		w.same("mails", len(w.sent()), 0)
		w.tell(notify.Notice{User: off.ID, Kind: notify.Ended, Data: notify.Data{App: "Warehouse"}})
		w.due(w.notify)
		w.same("another kind", len(w.sent()), 1)
	})
}

func TestWhereNobodyCanBeToldNothingIsQueued(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, false)
		grace := w.person("grace")
		w.tell(decide(grace))
		w.same("rows", w.rows(), 0)
		h := w.hook()
		_, err := w.notify.UpdateDefaults(w.ctx, func(v *notify.Defaults) { v.WebhookID = h.ID })
		w.ok(err)
		w.tell(decide(grace)) // by mail, as nobody said otherwise
		w.due(w.notify)
		w.same("rows", w.rows(), 0)
		_, err = w.notify.UpdateDefaults(w.ctx, func(v *notify.Defaults) { v.Channel, v.WebhookID = notify.Mail, "" })
		w.ok(err)
		w.tell(decide(grace))
		w.same("rows", w.rows(), 0)
	})
}

func (w *world) hook() webhook.Webhook {
	w.Helper()
	h, err := w.hooks.Create(w.ctx, webhook.Webhook{URL: "https://chat.example.com/in", DisplayName: "chat"})
	w.ok(err)
	return h
}

func TestAMailServerThatFailsIsAskedAgainEverMoreRarely(t *testing.T) {
	each(t, func(w *world) {
		w.post = func(context.Context, notify.Message) error { return errors.New("password in here") }
		grace := w.person("grace")
		w.tell(decide(grace))
		began := w.clock.Now()
		for tries := 1; ; tries++ {
			w.same("handled", w.due(w.notify), 1)
			at, open, err := w.notify.Sources()[0].Next(w.ctx)
			w.ok(err)
			if !open {
				w.same("tries", tries, notify.MaxAttempts)
				break
			}
			if wait := at.Sub(w.clock.Now()); wait < 24*time.Second || wait > 72*time.Minute {
				w.Fatalf("it waits %s", wait)
			}
			w.clock.Set(at)
		}
		if took := w.clock.Now().Sub(began); took < 15*time.Hour || took > 36*time.Hour {
			w.Errorf("given up after %s", took)
		}
		p, err := w.notify.Failed(w.ctx, page.Request{Size: 10})
		w.ok(err)
		if len(p.Items) != 1 || p.Items[0].User != grace.ID || p.Items[0].LastError != "the mail could not be sent; the server's log says why" ||
			p.Items[0].Channel != notify.Mail || p.Items[0].Attempts != notify.MaxAttempts {
			w.Errorf("%+v", p.Items)
		}
		w.clock.Advance(30 * 24 * time.Hour)
		w.same("forgotten", w.due(w.notify), 1)
	})
}

func TestAMailServerRecovers(t *testing.T) {
	each(t, func(w *world) {
		w.post = func(context.Context, notify.Message) error { return fault.New(fault.Unavailable, "down") }
		for i := range 40 {
			w.tell(decide(w.person(fmt.Sprintf("p%d", i))))
		}
		w.due(w.notify)
		w.same("sent", len(w.sent()), 0)
		w.mu.Lock()
		w.post = nil
		w.mu.Unlock()
		w.clock.Advance(2 * time.Minute)
		w.due(w.notify)
		w.same("sent", len(w.sent()), 40)
	})
}

func TestAMailThatCanNeverArriveIsGivenUpAndHoldsUpNobody(t *testing.T) {
	each(t, func(w *world) {
		w.post = func(_ context.Context, m notify.Message) error {
			if m.Address == "grace@example.com" {
				return notify.Permanent(fault.New(fault.Unavailable, "the mail server refused the recipient (550)"))
			}
			return nil
		}
		w.tell(decide(w.person("grace")), decide(w.person("ada")))
		w.due(w.notify)
		w.same("sent", len(w.sent()), 1)
		p, err := w.notify.Failed(w.ctx, page.Request{Size: 10})
		w.ok(err)
		if len(p.Items) != 1 || p.Items[0].LastError != "the mail server refused the recipient (550)" || p.Items[0].Attempts != 1 {
			w.Errorf("%+v", p.Items)
		}
	})
}

func TestTheMailOfAWorkerThatDiedIsSentAgainUnderTheSameID(t *testing.T) {
	each(t, func(w *world) {
		release, arrived := make(chan struct{}), make(chan struct{})
		w.post = func(context.Context, notify.Message) error { close(arrived); <-release; return nil }
		w.tell(decide(w.person("grace")))
		over := make(chan error)
		go func() {
			_, err := w.notify.Sources()[0].Run(w.ctx, w.clock.Now())
			over <- err
		}()
		<-arrived
		w.mu.Lock()
		w.post = nil
		w.mu.Unlock()
		other := w.service(true)
		w.clock.Advance(notify.Lease - time.Microsecond)
		w.same("within the lease", w.due(other), 0)
		w.clock.Advance(time.Microsecond)
		w.same("after it", w.due(other), 1)
		close(release)
		w.ok(<-over)
		m := w.sent()
		if len(m) != 2 || m[0].ID != m[1].ID {
			w.Errorf("%+v", m)
		}
		w.same("again", w.due(w.notify), 0)
	})
}

func TestAfterACrashTheOneServerSendsAtOnce(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), true)
	release, arrived := make(chan struct{}), make(chan struct{})
	defer close(release)
	w.post = func(context.Context, notify.Message) error { close(arrived); <-release; return errors.New("died") }
	w.tell(decide(w.person("grace")))
	go func() { _, _ = w.notify.Sources()[0].Run(context.WithoutCancel(w.ctx), w.clock.Now()) }()
	<-arrived
	w.mu.Lock()
	w.post = nil
	w.mu.Unlock()
	next := w.service(true)
	w.ok(next.Recover(w.ctx))
	w.same("handled", w.due(next), 1)
	w.same("sent", len(w.sent()), 1)
}

func TestAMailerThatBreaksDoesNotTakeTheServerAlong(t *testing.T) {
	each(t, func(w *world) {
		w.post = func(context.Context, notify.Message) error { panic("broken") }
		w.tell(decide(w.person("grace")))
		w.due(w.notify)
		w.same("rows", w.rows(), 1)
	})
}

func TestPeopleAreToldByWebhookOnce(t *testing.T) {
	each(t, func(w *world) {
		h, grace := w.hook(), w.person("grace")
		_, err := w.notify.UpdateDefaults(w.ctx, func(v *notify.Defaults) { v.WebhookID = h.ID })
		w.ok(err)
		_, err = w.notify.UpdateSettings(w.ctx, grace.ID, func(v *notify.Settings) { v.Channel = notify.Webhook })
		w.ok(err)
		w.tell(decide(grace))
		w.due(w.notify)
		calls := w.called()
		if len(calls) != 1 || len(w.sent()) != 0 {
			w.Fatalf("%d calls, %d mails", len(calls), len(w.sent()))
		}
		var body struct {
			Event   string
			Payload map[string]any
		}
		w.ok(json.Unmarshal(calls[0].Body, &body))
		if body.Event != "interim.v1.PayloadNotification" || body.Payload["kind"] != "DECIDE" || body.Payload["userId"] != id.KSUID(string(grace.ID)) ||
			body.Payload["subject"] != "Please decide (#7): reader in Warehouse for Linus" || body.Payload["email"] != grace.Email {
			w.Errorf("%s", calls[0].Body)
		}
		w.clock.Advance(6 * 24 * time.Hour)
		w.same("again", w.due(w.notify), 0)

		w.mu.Lock()
		w.status = http.StatusGone
		w.mu.Unlock()
		w.tell(decide(grace))
		w.due(w.notify)
		p, err := w.notify.Failed(w.ctx, page.Request{Size: 10})
		w.ok(err)
		if len(p.Items) != 1 || p.Items[0].Channel != notify.Webhook || !strings.Contains(p.Items[0].LastError, "410") {
			w.Errorf("%+v", p.Items)
		}
		_, err = w.hooks.Delete(w.ctx, h.ID)
		w.ok(err)
		w.tell(decide(grace))
		w.due(w.notify)
		p, err = w.notify.Failed(w.ctx, page.Request{Size: 10})
		w.ok(err)
		if len(p.Items) != 2 || !strings.Contains(p.Items[0].LastError, "deleted") {
			w.Errorf("%+v", p.Items)
		}
	})
}

func TestWhoIsDisabledWhileAWebhookIsDownIsToldNothing(t *testing.T) {
	each(t, func(w *world) {
		h, grace := w.hook(), w.person("grace")
		_, err := w.notify.UpdateDefaults(w.ctx, func(v *notify.Defaults) { v.Channel, v.WebhookID = notify.Webhook, h.ID })
		w.ok(err)
		w.status = http.StatusBadGateway
		w.tell(decide(grace))
		w.due(w.notify)
		_, err = w.people.Disable(w.ctx, grace.ID, "")
		w.ok(err)
		w.status = http.StatusOK
		w.clock.Advance(time.Hour)
		w.due(w.notify)
		w.same("calls", len(w.called()), 1)
		w.same("rows", w.rows(), 0)
	})
}

func TestWhatIsDecidedNeedsNoDecisionAnyMore(t *testing.T) {
	each(t, func(w *world) {
		grace := w.person("grace")
		w.tell(decide(grace), notify.Notice{User: grace.ID, Kind: notify.Decided, TaskID: id.Static("task")})
		w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error { w.notify.Cancel(tx, id.Static("task"), notify.Decide); return nil }))
		w.due(w.notify)
		m := w.sent()
		if len(m) != 1 || m[0].Subject != "Your request was decided: access" {
			w.Errorf("%+v", m)
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	each(t, func(w *world) {
		grace := w.person("grace")
		for field, change := range map[string]func(v *notify.Settings){
			"channel": func(v *notify.Settings) { v.Channel = "SMOKE" },
			"off":     func(v *notify.Settings) { v.Off = []notify.Kind{"WEATHER"} },
		} {
			if _, err := w.notify.UpdateSettings(w.ctx, grace.ID, change); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
				w.Errorf("%s: %v", field, err)
			}
		}
		for field, change := range map[string]func(v *notify.Defaults){
			"channel":   func(v *notify.Defaults) { v.Channel = "" },
			"webhookId": func(v *notify.Defaults) { v.Channel = notify.Webhook },
		} {
			if _, err := w.notify.UpdateDefaults(w.ctx, change); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
				w.Errorf("%s: %v", field, err)
			}
		}
		if _, err := w.notify.UpdateDefaults(w.ctx, func(v *notify.Defaults) { v.WebhookID = "x" }); !fault.Is(err, fault.Invalid) {
			w.Errorf("%v", err)
		}
		if _, err := w.notify.Settings(w.ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			w.Errorf("%v", err)
		}
		d, err := w.notify.Defaults(w.ctx)
		w.ok(err)
		w.same("defaults", d.Channel, notify.Mail)
	})
}
