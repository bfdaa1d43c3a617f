package contact_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// house is the package on one engine, with people and an app.
type house struct {
	*testing.T

	ctx       context.Context
	db        *db.DB
	log       *audit.Log
	directory *directory.Service
	apps      *app.Service
	contacts  *contact.Service
}

func each(t *testing.T, test func(h house)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(noon)
		log := audit.New(d, c)
		h := house{
			T: t, ctx: audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "ada", Name: "Ada"}), db: d, log: log,
			directory: directory.New(d, c, log), apps: app.New(d, c, log), contacts: contact.New(contact.Deps{DB: d, Clock: c, Audit: log}),
		}
		h.directory.Tell(h.contacts)
		h.apps.TellResources(h.contacts)
		test(h)
	})
}

func (h house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h house) write(fn func(tx *db.Tx) error) {
	h.Helper()
	h.must(h.db.Write(h.ctx, fn))
}

// user makes Ada.
func (h house) user() directory.UserID {
	h.Helper()
	u, err := h.directory.Create(h.ctx, directory.User{DisplayName: "Ada", Email: "ada@example.com"})
	h.must(err)
	return u.ID
}

// group makes something that gives an entitlement.
func (h house) group() contact.Group {
	h.Helper()
	a, err := h.apps.CreateApp(h.ctx, app.App{DisplayName: "Wiki"})
	h.must(err)
	t, err := h.apps.CreateResourceType(h.ctx, app.ResourceType{AppID: a.ID, DisplayName: "Group", Kind: app.KindGroup})
	h.must(err)
	r, err := h.apps.CreateResource(h.ctx, app.Resource{AppID: a.ID, TypeID: t.ID, DisplayName: "Readers"})
	h.must(err)
	e, err := h.apps.CreateEntitlement(h.ctx, app.Entitlement{AppID: a.ID, TypeID: t.ID, ResourceID: r.ID, DisplayName: "Member"})
	h.must(err)
	return contact.Group{ResourceRef: app.ResourceRef{AppID: a.ID, ID: r.ID}, Gives: e.ID}
}

// events are the kinds of events so far.
func (h house) events() (kinds []string) {
	h.Helper()
	found, err := h.log.List(h.ctx, audit.Filter{}, page.Request{Size: 100})
	h.must(err)
	for _, e := range found.Items {
		kinds = append(kinds, e.Kind)
	}
	return kinds
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
				c, err := h.contacts.RegisterChannel(h.ctx, slack("C1"))
				if err != nil {
					h.Error(err)
				}
				ids[n] = c.ID
			})
		}
		all.Wait()
		list, err := h.contacts.Channels(h.ctx)
		if err != nil || len(list) != 1 {
			h.Fatal(list, err)
		}
		for _, i := range ids {
			if i != list[0].ID {
				h.Error("registered as", i)
			}
		}
		if events := strings.Join(h.events(), " "); strings.Count(events, "message_channel.created") > 1 {
			h.Error(events)
		}
	})
}

func TestThereAreNoMoreChannelsThanAListShows(t *testing.T) {
	each(t, func(h house) {
		h.write(func(tx *db.Tx) error {
			for n := range contact.MaxRecords {
				tx.Queue(`insert into message_channel (id, provider, remote_id, name, private, created_at) values ($1, 'SLACK', $1, '', $2, 1)`,
					fmt.Sprintf("c%04d", n), false)
			}
			return nil
		})
		if _, err := h.contacts.RegisterChannel(h.ctx, slack("one more")); !fault.Is(err, fault.Precondition) {
			h.Error(err)
		}
		if c, err := h.contacts.RegisterChannel(h.ctx, slack("c0007")); err != nil || c.ID != "c0007" {
			h.Error("one that is there:", c, err)
		}
	})
}

func TestShiftsOfNobodyAndWithoutTimeAreRefused(t *testing.T) {
	each(t, func(h house) {
		c, err := h.contacts.RegisterSchedule(h.ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.PagerDuty, RemoteID: "P1"}})
		if err != nil {
			h.Fatal(err)
		}
		ada := h.user()
		for name, list := range map[string][]contact.Shift{
			"nobody":   {{User: "nobody", From: noon}},
			"no time":  {{User: ada, From: noon, Until: noon}},
			"backward": {{User: ada, From: noon, Until: hour(-1)}},
			"too many": make([]contact.Shift, contact.MaxShifts+1),
		} {
			if err := h.contacts.SetShifts(h.ctx, c.ID, list); !fault.Is(err, fault.Invalid) {
				h.Errorf("%s: %v", name, err)
			}
		}
		if err := h.contacts.SetShifts(h.ctx, "none", nil); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
		want := []contact.Shift{{User: ada, From: hour(1), Until: hour(2)}, {User: ada, From: noon}}
		if err := h.contacts.SetShifts(h.ctx, c.ID, want); err != nil {
			h.Fatal(err)
		}
		if got, err := h.contacts.Shifts(h.ctx, c.ID); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			h.Error(got, err)
		}
	})
}

func TestAScheduleBelongsToSoManyGroupsAndNoMore(t *testing.T) {
	each(t, func(h house) {
		c, err := h.contacts.RegisterSchedule(h.ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.Opsgenie, RemoteID: "S1"}})
		if err != nil {
			h.Fatal(err)
		}
		h.write(func(tx *db.Tx) error {
			for n := range contact.MaxGroups {
				tx.Queue(`insert into on_call_duty (app_id, resource_id, schedule_id, entitlement_id, due_at, updated_at) values ('a', $1, $2, 'e', 1, 1)`,
					fmt.Sprint(n), string(c.ID))
			}
			return nil
		})
		g := h.group()
		if _, err := h.contacts.SetSchedules(h.ctx, g, []contact.ScheduleID{c.ID}); !fault.Is(err, fault.Invalid) {
			h.Error(err)
		}
		g.ID = "none"
		if _, err := h.contacts.SetSchedules(h.ctx, g, []contact.ScheduleID{c.ID}); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
	})
}

func TestWhatAGroupHasIsSetAsAWholeAndToldOnce(t *testing.T) {
	each(t, func(h house) {
		g := h.group()
		c, err := h.contacts.RegisterChannel(h.ctx, slack("C1"))
		h.must(err)
		s, err := h.contacts.RegisterSchedule(h.ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.PagerDuty, RemoteID: "P1"}})
		h.must(err)
		for range 2 { // the second time nothing changes, and nothing is told
			channels, err := h.contacts.SetChannels(h.ctx, g.ResourceRef, []contact.ChannelID{c.ID, c.ID})
			if err != nil || len(channels) != 1 {
				h.Fatal(channels, err)
			}
			schedules, err := h.contacts.SetSchedules(h.ctx, g, []contact.ScheduleID{s.ID, s.ID})
			if err != nil || len(schedules) != 1 {
				h.Fatal(schedules, err)
			}
		}
		if _, err := h.contacts.SetChannels(h.ctx, g.ResourceRef, []contact.ChannelID{"none"}); !fault.Is(err, fault.Invalid) {
			h.Error(err)
		}
		if _, err := h.contacts.SetSchedules(h.ctx, g, []contact.ScheduleID{"none"}); !fault.Is(err, fault.Invalid) {
			h.Error(err)
		}
		if channels, err := h.contacts.ChannelsOf(h.ctx, g.ResourceRef); err != nil || len(channels) != 1 {
			h.Error("what was refused took what there was:", channels, err)
		}
		told := strings.Join(h.events(), " ")
		for _, kind := range []string{"resource.channels_set", "resource.on_call_set"} {
			if strings.Count(told, kind) != 1 {
				h.Errorf("%s in %s", kind, told)
			}
		}
		h.must(h.contacts.SetShifts(h.ctx, s.ID, []contact.Shift{{User: h.user(), From: noon}}))
		h.must(h.apps.DeleteApp(h.ctx, g.AppID))
		if schedules, err := h.contacts.SchedulesOf(h.ctx, g.ResourceRef); err != nil || len(schedules) > 0 {
			h.Error(schedules, err)
		}
	})
}
