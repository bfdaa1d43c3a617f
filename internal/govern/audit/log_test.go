package audit

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func each(t *testing.T, test func(t *testing.T, d *db.DB, log *Log, c *clock.Fake)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		test(t, d, New(d, c), c)
	})
}

func record(t *testing.T, d *db.DB, log *Log, e Event) {
	t.Helper()
	actor := Actor{Kind: KindUser, UserID: "u", Name: "Ada", Email: "ada@example.com", IP: "192.0.2.1", RequestID: "r"}
	if err := d.Write(context.Background(), func(tx *db.Tx) error { return log.Record(tx, actor, e) }); err != nil {
		t.Fatal(err)
	}
}

func TestAnEventIsReadAsItWasRecorded(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		record(t, d, log, Event{
			Kind: "grant.end_moved", Activity: Update, ObjectType: "grant", ObjectID: "g", AppID: "a", UserID: "s",
			Message: "moved", Data: map[string]any{"to": "tomorrow"},
		})
		got, err := log.List(context.Background(), Filter{ObjectType: "grant", ObjectID: "g"}, page.Request{Size: 10})
		if err != nil || len(got.Items) != 1 {
			t.Fatalf("%v %v", got, err)
		}
		e := got.Items[0]
		if e.Kind != "grant.end_moved" || e.Activity != Update || e.Actor.Name != "Ada" || e.Actor.IP != "192.0.2.1" ||
			!e.At.Equal(c.Now()) || e.Data["to"] != "tomorrow" || e.AppID != "a" || e.UserID != "s" {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAnEventExistsExactlyWhenItsChangeDoes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, _ *clock.Fake) {
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			if err := log.Record(tx, System(), Event{Kind: "never.happened"}); err != nil {
				return err
			}
			return errors.New("the change failed")
		})
		if err == nil {
			t.Fatal("the write succeeded")
		}
		if got, _ := log.List(context.Background(), Filter{}, page.Request{Size: 10}); len(got.Items) != 0 {
			t.Errorf("an event of a change that never was: %+v", got.Items)
		}
	})
}

func TestPagesOfEventsAreTheWholeListInBothDirections(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		for i := range 23 {
			record(t, d, log, Event{Kind: fmt.Sprintf("e%02d", i)})
			if i%3 == 0 { // several events of one instant
				c.Advance(time.Second)
			}
		}
		for _, newest := range []bool{false, true} {
			var kinds []string
			r := page.Request{Size: 4}
			for {
				p, err := log.List(context.Background(), Filter{Newest: newest}, r)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Items {
					kinds = append(kinds, e.Kind)
				}
				if r.After = p.Next; r.After == nil {
					break
				}
			}
			for i, k := range kinds {
				want := i
				if newest {
					want = 22 - i
				}
				if len(kinds) != 23 || k != fmt.Sprintf("e%02d", want) {
					t.Fatalf("newest=%v: %v", newest, kinds)
				}
			}
		}
	})
}

func TestTheWindowOfEventsIsHalfOpen(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		since := c.Now()
		record(t, d, log, Event{Kind: "first"})
		c.Advance(time.Minute)
		record(t, d, log, Event{Kind: "second"})
		got, err := log.List(context.Background(), Filter{Since: since, Until: c.Now()}, page.Request{Size: 10})
		if err != nil || len(got.Items) != 1 || got.Items[0].Kind != "first" {
			t.Fatalf("%+v %v", got.Items, err)
		}
		got, err = log.List(context.Background(), Filter{SinceID: got.Items[0].ID}, page.Request{Size: 10})
		if err != nil || len(got.Items) != 1 || got.Items[0].Kind != "second" {
			t.Fatalf("after the first: %+v %v", got.Items, err)
		}
		if _, err := log.List(context.Background(), Filter{SinceID: "unknown"}, page.Request{Size: 10}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an unknown event: %v", err)
		}
	})
}

func TestManyEventsOfOneActAreReadAsTheyWereRecorded(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		actor := Actor{
			Kind: KindUser, UserID: "u", Name: "Ada", Email: "ada@example.com", ClientKey: "k", OnBehalfOf: "o", IP: "192.0.2.1",
			RequestID: "r",
		}
		for _, n := range []int{0, 1, 2, atOnce, atOnce + 3} {
			subject := fmt.Sprint("s", n)
			sent := make([]Event, n)
			for i := range sent {
				sent[i] = Event{
					At: c.Now().Add(time.Duration(i) * time.Second), Kind: fmt.Sprint("kind", i), Activity: Delete, Failed: i%2 == 0,
					ObjectType: "grant", ObjectID: fmt.Sprint("g", i), AppID: fmt.Sprint("a", i), UserID: subject,
					Message: fmt.Sprint("message", i), Data: map[string]any{"n": float64(i)},
				}
			}
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return log.RecordAll(tx, actor, sent) }); err != nil {
				t.Fatal(err)
			}
			got, err := log.List(t.Context(), Filter{UserID: subject}, page.Request{Size: 100})
			if err != nil || len(got.Items) != n {
				t.Fatalf("%d of %d events, %v", len(got.Items), n, err)
			}
			for i, e := range got.Items {
				want := sent[i]
				want.ID, want.Actor = e.ID, actor
				if !reflect.DeepEqual(e, want) {
					t.Errorf("got %+v\nwant %+v", e, want)
				}
			}
		}
	})
}
