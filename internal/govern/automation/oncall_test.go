package automation_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/page"
)

// rota is a world in which somebody can be on call for a.
type rota struct {
	*world

	contacts *contact.Service
	schedule contact.ScheduleID
}

func onRotas(t *testing.T, test func(r *rota)) {
	t.Helper()
	onWorlds(t, func(w *world) {
		r := &rota{world: w, contacts: contact.New(contact.Deps{DB: w.DB, Clock: w.Clock, Audit: w.Audit})}
		w.Directory.Tell(r.contacts)
		c, err := r.contacts.RegisterSchedule(w.Ctx, contact.Schedule{Remote: contact.Remote{Provider: contact.PagerDuty, RemoteID: "P1"}})
		w.must(err)
		r.schedule = c.ID
		r.belong(w.a, c.ID)
		test(r)
	})
}

// belong makes the schedules of what gives an entitlement be those.
func (r *rota) belong(of app.EntitlementRef, schedules ...contact.ScheduleID) {
	r.t.Helper()
	e, err := app.GetEntitlement(r.DB.Q(r.Ctx), of.AppID, of.ID)
	r.must(err)
	g := contact.Group{ResourceRef: app.ResourceRef{AppID: e.AppID, ID: e.ResourceID}, Gives: e.ID}
	_, err = r.contacts.SetSchedules(r.Ctx, g, schedules)
	r.must(err)
}

func (r *rota) shift(u directory.UserID, from, until int) contact.Shift {
	return contact.Shift{
		User: u, From: granttest.Noon.Add(time.Duration(from) * time.Hour), Until: granttest.Noon.Add(time.Duration(until) * time.Hour),
	}
}

func (r *rota) set(list ...contact.Shift) {
	r.t.Helper()
	r.must(r.contacts.SetShifts(r.Ctx, r.schedule, list))
}

// at lets the time be so many hours after noon, and does what is due.
func (r *rota) at(hours int) {
	r.t.Helper()
	r.Clock.Advance(granttest.Noon.Add(time.Duration(hours) * time.Hour).Sub(r.Clock.Now()))
	r.now()
}

// now does what is due, without letting time pass.
func (r *rota) now() {
	r.t.Helper()
	for range 20 {
		n := 0
		for _, s := range append(r.Grants.Enders(), r.auto.Keeper(), r.auto.OnCall()) {
			k, err := s.Run(context.Background(), r.Clock.Now())
			r.must(err)
			n += k
		}
		if n == 0 {
			return
		}
	}
	r.t.Fatal("it does not settle")
}

func TestWhoIsOnCallHoldsItFromTheFirstMomentOfTheirShiftToTheLast(t *testing.T) {
	onRotas(t, func(r *rota) {
		r.set(r.shift(r.user("Ada", ""), 1, 8), r.shift(r.user("Grace", ""), 8, 16))
		for _, step := range []struct {
			hour int
			want string
		}{{0, "[]"}, {1, "[Ada]"}, {7, "[Ada]"}, {8, "[Grace]"}, {15, "[Grace]"}, {16, "[]"}} {
			r.at(step.hour)
			r.wantHolders(r.a, step.want)
		}
		at, found, err := r.auto.OnCall().Next(r.Ctx)
		if err != nil || !found || !at.After(r.Clock.Now()) {
			t.Error("a duty is due for ever:", at, found, err)
		}
	})
}

func TestWhoseTurnIsOverIsDeniedBeforeAnybodyLooks(t *testing.T) {
	onRotas(t, func(r *rota) {
		ada := r.user("Ada", "")
		r.set(r.shift(ada, 0, 4), r.shift(ada, 4, 8))
		r.now()
		r.Clock.Advance(8*time.Hour - time.Microsecond)
		r.wantHolders(r.a, "[Ada]")
		r.Clock.Advance(time.Microsecond)
		r.wantHolders(r.a, "[]")
		r.now()
		r.set(r.shift(ada, 0, 12))
		r.now()
		r.wantHolders(r.a, "[Ada]")
		r.set(r.shift(ada, 0, 9)) // shorter than it was
		r.now()
		r.Clock.Advance(time.Hour)
		r.wantHolders(r.a, "[]")
	})
}

func TestTheLoopIsWokenWhenAShiftBegins(t *testing.T) {
	onRotas(t, func(r *rota) {
		r.now()
		r.set(r.shift(r.user("Ada", ""), 0, 1))
		if at, found, err := r.auto.OnCall().Next(r.Ctx); err != nil || !found || at.After(r.Clock.Now()) {
			t.Error("new shifts wait:", at, found, err)
		}
		r.now()
		r.Clock.Advance(57 * time.Minute)
		r.now()
		if at, _, err := r.auto.OnCall().Next(r.Ctx); err != nil || !at.Equal(granttest.Noon.Add(time.Hour)) {
			t.Error("the end of the shift waits for", at, err)
		}
	})
}

func TestWhoHoldsItOtherwiseKeepsItWhenTheirShiftIsOver(t *testing.T) {
	onRotas(t, func(r *rota) {
		ada := r.user("Ada", "")
		r.set(r.shift(ada, 0, 1))
		r.now()
		r.give(r.a, ada)
		r.at(1)
		r.wantHolders(r.a, "[Ada]")
	})
}

func TestARuleAndAScheduleTakeNothingFromEachOther(t *testing.T) {
	onRotas(t, func(r *rota) {
		ada := r.user("Ada", "")
		r.give(r.b, ada)
		r.must(r.bind(r.b, r.a))
		r.set(r.shift(ada, 0, 24))
		r.settle()
		r.now()
		r.must(r.auto.Unbind(r.Ctx, automation.Binding{Source: r.b, Destination: r.a}))
		r.settle()
		r.wantHolders(r.a, "[Ada]")
		r.set()
		r.now()
		r.wantHolders(r.a, "[]")
	})
}

func TestWhoIsDisabledIsNotOnCall(t *testing.T) {
	onRotas(t, func(r *rota) {
		ada := r.user("Ada", "")
		r.set(r.shift(ada, 0, 24))
		r.now()
		_, err := r.Directory.Disable(r.Ctx, ada, "")
		r.must(err)
		r.at(1)
		r.wantHolders(r.a, "[]")
		_, err = r.Directory.Enable(r.Ctx, ada, "")
		r.must(err)
		r.at(2)
		r.wantHolders(r.a, "[Ada]")
		_, err = r.Directory.Delete(r.Ctx, ada, "")
		r.must(err)
		r.at(3)
		r.wantHolders(r.a, "[]")
		if shifts, err := r.contacts.Shifts(r.Ctx, r.schedule); err != nil || len(shifts) > 0 {
			t.Error(shifts, err)
		}
	})
}

func TestAScheduleThatIsTakenAwayAndGivenBackAtOnceLosesNobody(t *testing.T) {
	onRotas(t, func(r *rota) {
		r.set(r.shift(r.user("Ada", ""), 0, 24))
		r.now()
		r.belong(r.a)
		r.belong(r.a, r.schedule)
		r.now()
		r.wantHolders(r.a, "[Ada]")
		r.belong(r.a)
		r.now()
		r.wantHolders(r.a, "[]")
		if _, found, err := r.auto.OnCall().Next(r.Ctx); found || err != nil {
			t.Error("something stays behind", err)
		}
	})
}

func TestOfAnEntitlementThatIsGoneNoDutyIsLeft(t *testing.T) {
	onRotas(t, func(r *rota) {
		r.set(r.shift(r.user("Ada", ""), 0, 24))
		r.now()
		r.must(r.Apps.DeleteEntitlement(r.Ctx, r.a.AppID, r.a.ID))
		r.at(1)
		if _, found, err := r.auto.OnCall().Next(r.Ctx); found || err != nil {
			t.Error("something stays behind", err)
		}
		told, err := r.Audit.List(r.Ctx, audit.Filter{ObjectType: "resource"}, page.Request{Size: 100})
		r.must(err)
		if n := slices.IndexFunc(told.Items, func(e audit.Event) bool { return e.Kind == "on_call.lost" }); n < 0 ||
			told.Items[n].Data["scheduleId"] != string(r.schedule) || !told.Items[n].Failed {
			t.Errorf("it is lost quietly: %+v", told.Items)
		}
	})
}

// Whatever is changed while passes are made, once it is quiet those hold it who are on call.
func TestChangesAndPassesAtOnceEndInStep(t *testing.T) {
	onRotas(t, func(r *rota) {
		var people []directory.UserID
		for n := range 4 {
			people = append(people, r.user(fmt.Sprint("P", n), ""))
		}
		var all sync.WaitGroup
		for n, p := range people {
			all.Go(func() {
				if err := r.contacts.SetShifts(r.Ctx, r.schedule, []contact.Shift{r.shift(p, 0, 2), r.shift(people[(n+1)%4], 0, 1)}); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := r.auto.OnCall().Run(context.Background(), r.Clock.Now()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		r.Clock.Advance(3 * time.Minute) // past the lease of a pass that was overtaken
		r.now()
		list, err := contact.EnabledShifts(r.DB.Q(r.Ctx), r.schedule)
		r.must(err)
		want := map[directory.UserID]bool{}
		for _, turn := range contact.OnCall(list, r.Clock.Now()) {
			want[turn.User] = true
		}
		names := []string{}
		for n, p := range people {
			if want[p] {
				names = append(names, fmt.Sprint("P", n))
			}
		}
		r.wantHolders(r.a, fmt.Sprint(names))
	})
}
