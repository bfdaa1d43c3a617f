package stream_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestEventsArriveInTheirOrderAndOnce(t *testing.T) {
	each(t, func(w *world) {
		w.happens("before")
		s := w.stream()
		w.due(w.streams)
		if got := w.taken(); len(got) != 0 {
			t.Fatalf("sent without an event: %v", w.said(got))
		}
		w.happens(names(0, 250)...)
		w.clock.Advance(time.Second)
		w.due(w.streams)
		got := w.said(w.taken())
		want := []string{strings.Join(names(0, 100), " "), strings.Join(names(100, 200), " "), strings.Join(names(200, 250), " ")}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v", got)
		}
		w.clock.Advance(time.Hour)
		w.due(w.service()) // after a restart, too
		if again := w.taken(); len(again) != 0 {
			t.Errorf("sent again: %v", w.said(again))
		}
		if now := w.read(s.ID); now.SentAt.IsZero() || now.Failures != 0 || now.LastError != "" {
			t.Errorf("%+v", now)
		}
	})
}

func TestAStreamBeginsWithItsOwnCreation(t *testing.T) {
	each(t, func(w *world) {
		w.happens("before")
		_, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.None})
		w.ok(err)
		w.happens("after")
		w.clock.Advance(time.Second)
		w.due(w.streams)
		if got := w.said(w.taken()); !slices.Equal(got, []string{"created event stream SIEM after"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestAStreamThatKeepsFailingWaitsLongerIsSwitchedOffAndGoesOnWhereItWas(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		w.happens("a", "b")
		w.replies(status(http.StatusServiceUnavailable))
		tries, began := 0, w.clock.Now()
		var waits []time.Duration
		for last := began; w.read(s.ID).Enabled; {
			w.due(w.streams)
			if n := len(w.taken()); n > 0 {
				tries += n
				waits, last = append(waits, w.clock.Now().Sub(last)), w.clock.Now()
			}
			w.clock.Advance(time.Second * time.Duration(1+len(waits)*len(waits)/2))
			if tries > 60 {
				t.Fatal("tried for ever")
			}
		}
		if tries != stream.MaxFailures || waits[10] < 20*time.Minute || waits[3] > time.Minute {
			t.Errorf("%d tries, waits %v", tries, waits)
		}
		if took := w.clock.Now().Sub(began); took < 12*time.Hour || took > 48*time.Hour {
			t.Errorf("given up after %v", took)
		}
		off := w.read(s.ID)
		if off.Reason != "the receiver answered with status 503" || off.LastError != off.Reason || off.Failures != stream.MaxFailures {
			t.Errorf("%+v", off)
		}
		w.happens("c")
		w.clock.Advance(24 * time.Hour)
		w.due(w.streams)
		if got := w.taken(); len(got) != 0 {
			t.Errorf("sent while it is off: %v", w.said(got))
		}
		w.replies(status(http.StatusNoContent))
		on := true
		after, err := w.streams.Update(w.ctx, s.ID, stream.Change{Enabled: &on})
		w.ok(err)
		if after.Reason != "" || !after.Enabled {
			t.Errorf("%+v", after)
		}
		w.due(w.streams)
		got := w.said(w.taken())
		if len(got) != 1 || !strings.HasPrefix(got[0], "a b switched event stream SIEM off: the receiver answered with status 503 c ") {
			t.Errorf("got %q", got)
		}
	})
}

func TestAReceiverThatIsGoneIsNotTriedAgain(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		w.happens("a")
		w.replies(status(http.StatusGone))
		w.due(w.streams)
		if off := w.read(s.ID); off.Enabled || !strings.Contains(off.Reason, "410") || len(w.taken()) != 1 {
			t.Errorf("%+v", off)
		}
	})
}

// What counts is the status: a receiver that says more than we read took the events all the same.
func TestAStatusCountsWhateverBecameOfItsBody(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		answers := func(code int) func(webhook.Request) (webhook.Reply, error) {
			return func(webhook.Request) (webhook.Reply, error) { return webhook.Reply{Status: code}, errDown }
		}
		w.happens("a")
		w.replies(answers(http.StatusOK))
		w.due(w.streams)
		w.clock.Advance(time.Hour)
		w.due(w.streams)
		if got, v := w.said(w.taken()), w.read(s.ID); !slices.Equal(got, []string{"a"}) || v.Failures != 0 || v.SentAt.IsZero() {
			t.Errorf("got %q, %+v", got, v)
		}
		w.happens("b")
		w.replies(answers(http.StatusGone))
		w.clock.Advance(time.Second)
		w.due(w.streams)
		if v := w.read(s.ID); v.Enabled {
			t.Errorf("410: %+v", v)
		}
	})
}

func TestAFailureSaysNothingThatIsNotForAdministrators(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		w.happens("a")
		w.replies(down)
		w.due(w.streams)
		if v := w.read(s.ID); v.Failures != 1 || v.LastError == "" || strings.Contains(v.LastError, errDown.Error()) || !v.Enabled {
			t.Errorf("%+v", v)
		}
	})
}

func TestWhileOneReplicaSendsAnotherDoesNot(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		w.happens("a")
		began, goOn := make(chan struct{}), make(chan struct{})
		w.replies(func(webhook.Request) (webhook.Reply, error) {
			close(began)
			<-goOn
			return webhook.Reply{Status: http.StatusOK}, nil
		})
		w.clock.Advance(time.Second)
		_, _, err := w.streams.Source().Next(w.ctx)
		w.ok(err)
		for n := 0; n == 0; {
			n, err = w.streams.Source().Run(w.ctx, w.clock.Now())
			w.ok(err)
		}
		<-began
		other := w.service()
		w.happens("b")
		w.clock.Advance(webhook.Lease - time.Second)
		w.due(other)
		if got := w.taken(); len(got) != 1 {
			t.Fatalf("two at once: %v", w.said(got))
		}
		// The first does not end. When its lease does, the other sends all of it again, and what the first says later does not count.
		w.replies(status(http.StatusOK))
		w.clock.Advance(2 * time.Second)
		w.due(other)
		if got := w.said(w.taken()); !slices.Equal(got, []string{"a b"}) {
			t.Fatalf("after the lease: %v", got)
		}
		w.happens("c")
		w.replies(down)
		w.clock.Advance(time.Second)
		w.due(other)
		close(goOn)
		w.streams.Idle()
		if v := w.read(s.ID); v.Failures != 1 {
			t.Errorf("a late answer counted: %+v", v)
		}
		w.taken()
		w.replies(status(http.StatusOK))
		w.clock.Advance(time.Minute)
		w.due(w.streams)
		if got := w.said(w.taken()); !slices.Equal(got, []string{"c"}) {
			t.Errorf("at last: %v", got)
		}
	})
}

func TestAServerThatStopsLeavesTheBatchToTheNext(t *testing.T) {
	each(t, func(w *world) {
		w.stream()
		w.happens("a")
		began := make(chan struct{})
		w.clock.Advance(time.Second)
		w.mu.Lock()
		w.reply = func(webhook.Request) (webhook.Reply, error) { close(began); return webhook.Reply{}, errDown }
		w.mu.Unlock()
		dying := w.service()
		for n := 0; n == 0; {
			var err error
			n, err = dying.Source().Run(w.ctx, w.clock.Now())
			w.ok(err)
		}
		<-began
		dying.Close()
		w.taken()
		w.replies(status(http.StatusOK))
		w.clock.Advance(time.Minute)
		w.ok(w.streams.Recover(w.ctx))
		w.due(w.streams)
		if got := w.said(w.taken()); !slices.Equal(got, []string{"a"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestWhatIsCommittedLateIsSentInItsPlace(t *testing.T) {
	each(t, func(w *world) {
		if w.db.Engine() == db.SQLite { // nobody passes anybody
			return
		}
		w.stream()
		recorded, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			done <- w.db.Write(w.ctx, func(tx *db.Tx) error {
				err := w.log.Record(tx, audit.System(), audit.Event{Kind: "test", Message: "early"})
				var one int
				if err == nil {
					err = tx.Row(`select 1`).Scan(&one)
				}
				close(recorded)
				<-goOn
				return err
			})
		}()
		<-recorded
		w.held = true
		w.happens("late")
		for range 5 {
			w.clock.Advance(time.Second)
			w.due(w.streams)
		}
		if got := w.taken(); len(got) != 0 {
			t.Errorf("sent before what comes before it: %v", w.said(got))
		}
		close(goOn)
		w.ok(<-done)
		w.held = false
		w.clock.Advance(time.Second)
		w.due(w.streams)
		if got := strings.Join(w.said(w.taken()), " "); got != "early late" {
			t.Errorf("got %v", got)
		}
	})
}

func TestAMessageIsAsLargeAsAMessageMayBe(t *testing.T) {
	each(t, func(w *world) {
		w.stream()
		for n := range 40 {
			w.happens(fmt.Sprint(n, "-", strings.Repeat("x", 10_000)))
		}
		w.happens("huge-" + strings.Repeat("y", webhook.MaxBody))
		w.clock.Advance(time.Second)
		w.due(w.streams)
		var sizes []int
		for _, r := range w.taken() {
			sizes = append(sizes, len(r.Body))
		}
		if len(sizes) != 3 || sizes[0] > webhook.MaxBody || sizes[1] > webhook.MaxBody || sizes[2] < webhook.MaxBody {
			t.Errorf("sizes %v", sizes)
		}
	})
}

func TestAStreamThatMakesNoSenseIsRefused(t *testing.T) {
	each(t, func(w *world) {
		hmacs := stream.Credentials{Auth: stream.HMAC}
		for _, c := range []struct {
			name, url, words string
			credentials      stream.Credentials
		}{
			{" ", address, "name", hmacs}, {strings.Repeat("n", 257), address, "name", hmacs}, {"n\x1b[2J", address, "name", hmacs},
			{"n", "", "url: is required", hmacs}, {"n", "ftp://x.example.com", "url", hmacs}, {"n", "https://u:p@x.example.com", "url", hmacs},
			{"n", address, "auth", stream.Credentials{Auth: "BASIC"}},
			{"n", address, "secrets[0]", stream.Credentials{Auth: stream.HMAC, Secrets: [2]stream.Secret{{Wanted: true, Value: "short"}}}},
		} {
			_, err := w.streams.Create(w.ctx, c.name, c.url, c.credentials)
			w.refused(err, fault.Invalid, c.words)
		}
		_, err := w.streams.Update(w.ctx, "nobody", stream.Change{})
		w.refused(err, fault.NotFound, "event stream")
		w.refused(w.streams.Delete(w.ctx, "nobody"), fault.NotFound, "event stream")
		for range stream.MaxStreams {
			w.stream()
		}
		_, err = w.streams.Create(w.ctx, "n", address, hmacs)
		w.refused(err, fault.Precondition, "the most")
	})
}

func TestADeletedStreamSendsNothing(t *testing.T) {
	each(t, func(w *world) {
		s, other := w.stream(), w.stream()
		w.ok(w.streams.Delete(w.ctx, s.ID))
		off := false
		_, err := w.streams.Update(w.ctx, other.ID, stream.Change{Enabled: &off})
		w.ok(err)
		w.taken()
		w.happens("a")
		w.clock.Advance(time.Hour)
		w.due(w.streams)
		if got := w.taken(); len(got) != 0 {
			t.Errorf("sent %v", w.said(got))
		}
		list, err := w.streams.List(w.ctx)
		if err != nil || len(list) != 1 || list[0].ID != other.ID || list[0].Reason != "" {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestOfTwoWhoChangeAStreamAtOnceOneIsTold(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		done := make(chan error, 2)
		for _, name := range []string{"one", "two"} {
			go func() { _, err := w.streams.Update(w.ctx, s.ID, stream.Change{Name: &name}); done <- err }()
		}
		for range 2 {
			if err := <-done; err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if v := w.read(s.ID); !slices.Contains([]string{"one", "two"}, v.Name) || !reflect.DeepEqual(v.Credentials.Auth, stream.HMAC) {
			t.Errorf("%+v", v)
		}
	})
}
