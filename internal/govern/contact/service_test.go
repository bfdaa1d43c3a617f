package contact_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

type house struct {
	*granttest.House

	contacts *contact.Service
}

func each(t *testing.T, test func(h house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := granttest.New(t, d)
		test(house{h, contact.New(contact.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})})
	})
}

func slack(id string) contact.Channel {
	return contact.Channel{Remote: contact.Remote{Provider: contact.Slack, RemoteID: id}}
}

func TestWhatManyRegisterAtOnceIsRegisteredOnce(t *testing.T) {
	each(t, func(h house) {
		ids := make([]contact.ChannelID, 12)
		var all sync.WaitGroup
		for n := range ids {
			all.Go(func() {
				c, err := h.contacts.RegisterChannel(h.Ctx, slack("C1"))
				if err != nil {
					h.Error(err)
				}
				ids[n] = c.ID
			})
		}
		all.Wait()
		list, err := h.contacts.Channels(h.Ctx)
		if err != nil || len(list) != 1 {
			h.Fatal(list, err)
		}
		for _, i := range ids {
			if i != list[0].ID {
				h.Error("registered as", i)
			}
		}
		if events := strings.Join(h.Events(), " "); strings.Count(events, "message_channel.created") > 1 {
			h.Error(events)
		}
	})
}

func TestThereAreNoMoreChannelsThanAListShows(t *testing.T) {
	each(t, func(h house) {
		h.Write(func(tx *db.Tx) error {
			for n := range contact.MaxRecords {
				tx.Queue(`insert into message_channel (id, provider, remote_id, name, private, created_at) values ($1, 'SLACK', $1, '', $2, 1)`,
					fmt.Sprintf("c%04d", n), false)
			}
			return nil
		})
		if _, err := h.contacts.RegisterChannel(h.Ctx, slack("one more")); !fault.Is(err, fault.Precondition) {
			h.Error(err)
		}
		if c, err := h.contacts.RegisterChannel(h.Ctx, slack("c0007")); err != nil || c.ID != "c0007" {
			h.Error("one that is there:", c, err)
		}
	})
}

func TestShiftsOfNobodyAndWithoutTimeAreRefused(t *testing.T) {
	each(t, func(h house) {
		c, err := h.contacts.RegisterSchedule(h.Ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.PagerDuty, RemoteID: "P1"}})
		if err != nil {
			h.Fatal(err)
		}
		ada := h.User().ID
		for name, list := range map[string][]contact.Shift{
			"nobody":   {{User: "nobody", From: noon}},
			"no time":  {{User: ada, From: noon, Until: noon}},
			"backward": {{User: ada, From: noon, Until: hour(-1)}},
			"too many": make([]contact.Shift, contact.MaxShifts+1),
		} {
			if err := h.contacts.SetShifts(h.Ctx, c.ID, list); !fault.Is(err, fault.Invalid) {
				h.Errorf("%s: %v", name, err)
			}
		}
		if err := h.contacts.SetShifts(h.Ctx, "none", nil); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
		want := []contact.Shift{{User: ada, From: hour(1), Until: hour(2)}, {User: ada, From: noon}}
		if err := h.contacts.SetShifts(h.Ctx, c.ID, want); err != nil {
			h.Fatal(err)
		}
		if got, err := h.contacts.Shifts(h.Ctx, c.ID); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			h.Error(got, err)
		}
	})
}

func TestAScheduleBelongsToSoManyGroupsAndNoMore(t *testing.T) {
	each(t, func(h house) {
		c, err := h.contacts.RegisterSchedule(h.Ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.Opsgenie, RemoteID: "S1"}})
		if err != nil {
			h.Fatal(err)
		}
		h.Write(func(tx *db.Tx) error {
			for n := range contact.MaxGroups {
				tx.Queue(`insert into on_call_duty (app_id, resource_id, schedule_id, entitlement_id, due_at, updated_at) values ('a', $1, $2, 'e', 1, 1)`,
					fmt.Sprint(n), string(c.ID))
			}
			return nil
		})
		e := h.Entitlement(h.App().ID)
		g := contact.Group{ResourceRef: app.ResourceRef{AppID: e.AppID, ID: e.ResourceID}, Gives: e.ID}
		if _, err := h.contacts.SetSchedules(h.Ctx, g, []contact.ScheduleID{c.ID}); !fault.Is(err, fault.Invalid) {
			h.Error(err)
		}
		g.ResourceRef.ID = "none"
		if _, err := h.contacts.SetSchedules(h.Ctx, g, []contact.ScheduleID{c.ID}); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
	})
}

func TestNoQuestionReadsAWholeTable(t *testing.T) {
	each(t, func(h house) {
		for name, s := range contact.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			if granttest.ReadsWhole(plan) {
				h.Errorf("%s reads a whole table:\n%s", name, plan)
			}
			if h.DB.Engine() == db.SQLite && !strings.Contains(plan, s.Index) {
				h.Errorf("%s does not use %s:\n%s", name, s.Index, plan)
			}
		}
	})
}
