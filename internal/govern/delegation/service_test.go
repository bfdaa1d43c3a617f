package delegation

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestADelegateAnswersInsteadWhileTheWindowIsOpen(t *testing.T) {
	each(t, func(o *office) {
		d := o.instead(o.grace, in(1), in(3))
		o.answered(o.ada)
		o.clock.Set(in(1).Add(-time.Microsecond))
		o.answered(o.ada)
		o.clock.Set(in(1))
		o.answered(o.grace)
		o.clock.Set(in(3).Add(-time.Microsecond))
		o.answered(o.grace)
		o.clock.Set(in(3))
		o.answered(o.ada) // before anybody noticed
		o.told()
		if n := o.end(); n != 1 {
			t.Errorf("%d windows closed", n)
		}
		o.told(d.ID)
		o.answered(o.ada)
		o.happened("delegation.set", "delegation.ended")
		if d := o.now(d); !d.ClosedAt.Equal(in(3)) || !d.DeletedAt.IsZero() {
			t.Errorf("%+v", d)
		}
		if n := o.end(); n != 0 {
			t.Errorf("%d windows closed twice", n)
		}
	})
}

func TestTheDelegateIsToldOfTheirWindow(t *testing.T) {
	each(t, func(o *office) {
		must(o.SetReassign(o.ctx, o.ada, o.grace, in(1), in(3), "on leave"))(o)
		o.beside(o.joan, time.Time{}, time.Time{})
		want := []notify.Notice{
			{User: o.grace, Kind: notify.Delegate, Data: notify.Data{By: "Ada", Reason: "on leave", From: in(1), Until: in(3)}},
			{User: o.joan, Kind: notify.Delegate, Data: notify.Data{By: "Ada", Reason: "on leave", From: noon}},
		}
		if !slices.Equal(o.notices, want) {
			t.Errorf("%+v, want %+v", o.notices, want)
		}
	})
}

func TestTheDelegateIsNotToldAgainOfWhatTheyKnow(t *testing.T) {
	each(t, func(o *office) {
		for _, w := range []struct {
			until  time.Time
			reason string
			told   int
		}{{in(900), "on leave", 1}, {in(900), "on leave", 1}, {in(901), "on leave", 2}, {in(901), "ill", 3}, {in(901), "ill", 3}} {
			o.clock.Advance(Quiet)
			must(o.SetReassign(o.ctx, o.ada, o.grace, time.Time{}, w.until, w.reason))(o)
			if len(o.notices) != w.told {
				t.Errorf("until %v, %q: told %d times, want %d", w.until, w.reason, len(o.notices), w.told)
			}
		}
	})
}

func TestNobodyIsSentMailsByADelegationThatChangesInALoop(t *testing.T) {
	each(t, func(o *office) {
		told := func(want int) {
			o.Helper()
			if len(o.notices) != want {
				t.Errorf("told %d times, want %d", len(o.notices), want)
			}
		}
		start := o.clock.Now()
		for n := range 20 {
			must(o.SetReassign(o.ctx, o.ada, o.grace, time.Time{}, in(90+n), "changed"))(o)
			must(o.RemoveReassign(o.ctx, o.ada))(o)
			added := o.beside(o.grace, time.Time{}, in(90))
			must(o.Delete(o.ctx, added.ID))(o)
		}
		told(1)
		o.beside(o.joan, time.Time{}, in(90)) // somebody else
		told(2)
		o.clock.Set(start.Add(Quiet - time.Microsecond))
		o.beside(o.grace, time.Time{}, in(91))
		told(2)
		o.clock.Set(start.Add(Quiet))
		o.beside(o.grace, time.Time{}, in(92))
		told(3)
	})
}

func TestEveryEventNamesBothPeople(t *testing.T) {
	each(t, func(o *office) {
		first := o.instead(o.grace, time.Time{}, in(1))
		o.instead(o.grace, time.Time{}, in(2))
		o.instead(o.joan, time.Time{}, in(2))
		must(o.RemoveReassign(o.ctx, o.ada))(o)
		added := o.beside(o.grace, time.Time{}, time.Time{})
		must(o.Delete(o.ctx, added.ID))(o)
		o.beside(o.joan, time.Time{}, in(1))
		o.clock.Set(in(1))
		o.end()
		o.happened("delegation.set", "delegation.changed", "delegation.replaced", "delegation.set", "delegation.removed",
			"delegation.created", "delegation.deleted", "delegation.created", "delegation.ended")
		for i, e := range o.events() {
			who := "Grace"
			if i == 3 || i == 4 || i > 6 {
				who = "Joan"
			}
			if !strings.HasPrefix(e.Message, who) || !strings.HasSuffix(e.Message, "Ada") || e.Data["delegateName"] != who ||
				e.Data["delegatorName"] != "Ada" || e.UserID != string(o.ada) || e.ObjectID == "" || (e.Actor.UserID == "admin") != (i < 8) {
				t.Errorf("%s: %q by %+v about %s, %v", e.Kind, e.Message, e.Actor, e.UserID, e.Data)
			}
		}
		if first.ID != ID(o.events()[1].ObjectID) {
			t.Error("a delegation that goes on has another identity")
		}
	})
}

func TestAnotherDelegateReplacesTheFirst(t *testing.T) {
	each(t, func(o *office) {
		first := o.instead(o.grace, time.Time{}, time.Time{})
		o.clock.Advance(time.Minute)
		second := o.instead(o.joan, in(5), time.Time{})
		o.answered(o.ada)
		o.told(first.ID)
		if d := o.now(first); !d.DeletedAt.Equal(o.clock.Now()) || second.ID == first.ID {
			t.Errorf("%+v", d)
		}
		o.clock.Set(in(5))
		o.answered(o.joan)
	})
}

func TestTheSameDelegateForLongerGoesOnWithoutABreak(t *testing.T) {
	each(t, func(o *office) {
		d := o.instead(o.grace, time.Time{}, in(1))
		o.clock.Advance(30 * time.Minute)
		longer := must(o.SetReassign(o.ctx, o.ada, o.grace, time.Time{}, in(2), "still away"))(o)
		if longer.ID != d.ID || !longer.CreatedAt.Equal(d.CreatedAt) || !longer.UpdatedAt.Equal(o.clock.Now()) || longer.Version != 2 {
			t.Errorf("%+v became %+v", d, longer)
		}
		if d := o.now(d); d != longer {
			t.Errorf("%+v is kept as %+v", longer, d)
		}
		o.clock.Set(in(1))
		o.end()
		o.answered(o.grace)
		o.told()
		o.clock.Set(in(2))
		o.end()
		o.told(d.ID)
	})
}

func TestTheSameDelegateLaterIsABreak(t *testing.T) {
	each(t, func(o *office) {
		d := o.instead(o.grace, time.Time{}, in(4))
		later := o.instead(o.grace, in(1), in(4))
		o.told(d.ID)
		o.answered(o.ada)
		if later.ID == d.ID {
			t.Error("one identity for two windows")
		}
	})
}

func TestRemovingTakesItAwayAndRemovingNothingSaysTheSame(t *testing.T) {
	each(t, func(o *office) {
		none := must(o.RemoveReassign(o.ctx, o.ada))(o)
		if none.Delegator != o.ada || !none.DeletedAt.Equal(noon) || none.ID != "" {
			t.Errorf("%+v", none)
		}
		d := o.instead(o.grace, time.Time{}, time.Time{})
		o.clock.Advance(time.Hour)
		gone := must(o.RemoveReassign(o.ctx, o.ada))(o)
		if gone.ID != d.ID || !gone.DeletedAt.Equal(in(1)) || gone != o.now(d) {
			t.Errorf("%+v, kept %+v", gone, o.now(d))
		}
		o.answered(o.ada)
		o.told(d.ID)
		o.happened("delegation.set", "delegation.removed")
		if _, err := o.Delete(o.ctx, d.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted again: %v", err)
		}
	})
}

func TestManyAnswerBesideAPerson(t *testing.T) {
	each(t, func(o *office) {
		first, second := o.beside(o.grace, time.Time{}, in(2)), o.beside(o.joan, in(1), in(3))
		o.answered(o.ada, o.grace)
		o.clock.Set(in(1))
		o.answered(o.ada, o.grace, o.joan)
		o.instead(o.grace, time.Time{}, time.Time{})
		o.answered(o.grace, o.joan)
		o.clock.Set(in(2))
		o.end()
		must(o.Delete(o.ctx, second.ID))(o)
		o.answered(o.grace)
		o.told() // ADD hands nothing over
		if d := o.now(first); d.StateAt(o.clock.Now()) != Over || d.Reason != "on leave" || d.CreatedBy != "admin" {
			t.Errorf("%+v", d)
		}
	})
}

func TestAWindowThatIsPastOrEmptyIsKeptAndDoesNothing(t *testing.T) {
	each(t, func(o *office) {
		past, empty := o.beside(o.grace, in(-3), in(-1)), o.beside(o.grace, in(-1), in(-1))
		ahead := o.beside(o.grace, in(1), in(1))
		o.answered(o.ada)
		instead := o.instead(o.joan, in(-2), in(-1))
		o.answered(o.ada)
		o.end()
		o.happened("delegation.created", "delegation.created", "delegation.created", "delegation.set")
		o.clock.Set(in(1))
		o.answered(o.ada)
		o.end()
		for _, d := range []Delegation{past, empty, ahead, instead} {
			if s := o.now(d).StateAt(o.clock.Now()); s != Over {
				t.Errorf("%+v is %s", d, s)
			}
		}
		if len(o.notices) != 1 {
			t.Errorf("told of windows that are past: %+v", o.notices)
		}
		o.told()
	})
}

func TestTheOffsetATimeWasWrittenWithIsKept(t *testing.T) {
	each(t, func(o *office) {
		berlin, india := time.FixedZone("", 2*60*60), time.FixedZone("", 5*60*60+30*60)
		d := o.now(o.beside(o.grace, in(1).In(berlin), in(2).In(india)))
		if d.From.Format(time.RFC3339) != "2026-03-01T15:00:00+02:00" || d.Until.Format(time.RFC3339) != "2026-03-01T19:30:00+05:30" {
			t.Errorf("%s, %s", d.From, d.Until)
		}
	})
}

func TestWhoCannotBeADelegateIsRefused(t *testing.T) {
	each(t, func(o *office) {
		gone := o.person("Gone")
		must(o.people.Delete(o.ctx, gone, ""))(o)
		for name, create := range map[string]func(a, b directory.UserID, from, until time.Time, why string) error{
			"instead": func(a, b directory.UserID, from, until time.Time, why string) error {
				_, err := o.SetReassign(o.ctx, a, b, from, until, why)
				return err
			},
			"beside": func(a, b directory.UserID, from, until time.Time, why string) error {
				_, err := o.Create(o.ctx, a, b, from, until, why)
				return err
			},
		} {
			t.Log(name)
			var zero time.Time
			o.refused(create(o.ada, o.ada, zero, zero, ""), fault.Invalid, "delegateUserId")
			o.refused(create(o.ada, "nobody", zero, zero, ""), fault.Invalid, "delegateUserId")
			o.refused(create(o.ada, "", zero, zero, ""), fault.Invalid, "delegateUserId")
			o.refused(create(o.ada, gone, zero, zero, ""), fault.Invalid, "delegateUserId")
			o.refused(create("nobody", o.ada, zero, zero, ""), fault.NotFound, "")
			o.refused(create(gone, o.ada, zero, zero, ""), fault.NotFound, "")
			o.refused(create(o.ada, o.grace, in(1), in(0), ""), fault.Invalid, "endAt")
			o.refused(create(o.ada, o.grace, zero, in(-1), ""), fault.Invalid, "endAt")
			o.refused(create(o.ada, o.grace, zero, zero, strings.Repeat("x", 1<<20)), fault.Invalid, "reason")
		}
		_, err := o.RemoveReassign(o.ctx, gone)
		o.refused(err, fault.NotFound, "")
		_, err = o.RemoveReassign(o.ctx, "nobody")
		o.refused(err, fault.NotFound, "")
		_, err = o.Delete(o.ctx, "nothing")
		o.refused(err, fault.NotFound, "")
		o.happened()
	})
}

func TestADisabledPersonIsPassedOverAndComesBack(t *testing.T) {
	each(t, func(o *office) {
		o.instead(o.grace, time.Time{}, time.Time{})
		o.beside(o.joan, time.Time{}, time.Time{})
		for _, c := range []struct {
			who  directory.UserID
			then []directory.UserID
		}{{o.grace, []directory.UserID{o.ada, o.joan}}, {o.joan, []directory.UserID{o.grace}}, {o.ada, nil}} {
			must(o.people.Disable(o.ctx, c.who, ""))(o)
			o.answered(c.then...)
			if c.who != o.joan && len(must(o.StandsInFor(o.DB.Q(o.ctx), o.grace, noon))(o)) != 0 {
				t.Error("Grace stands in although she or Ada is disabled")
			}
			must(o.people.Enable(o.ctx, c.who, ""))(o)
			o.answered(o.grace, o.joan)
		}
		o.told()
	})
}

func TestDeletingAPersonEndsTheirDelegationsBothWays(t *testing.T) {
	each(t, func(o *office) {
		to := o.instead(o.grace, in(1), time.Time{})
		from := must(o.SetReassign(o.ctx, o.grace, o.joan, time.Time{}, in(9), ""))(o)
		beside := must(o.Create(o.ctx, o.joan, o.grace, time.Time{}, in(9), ""))(o)
		left := must(o.Create(o.ctx, o.joan, o.ada, time.Time{}, in(9), ""))(o)
		must(o.people.Delete(o.ctx, o.grace, ""))(o)
		for _, d := range []Delegation{to, from, beside} {
			if o.now(d).DeletedAt.IsZero() {
				t.Errorf("%+v is left", d)
			}
		}
		if !o.now(left).Covers(noon) {
			t.Error("a delegation of others ended")
		}
		o.told(to.ID, from.ID)
		events := o.events()
		if len(events) != 7 {
			t.Fatalf("%d events", len(events))
		}
		for _, e := range events[4:] {
			if e.Kind != "delegation.ended" || e.Data["why"] != "USER_DELETED" || !strings.Contains(e.Message, "Grace") {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestWhomSomebodyStandsInFor(t *testing.T) {
	each(t, func(o *office) {
		instead, beside := o.instead(o.grace, time.Time{}, in(1)), must(o.Create(o.ctx, o.joan, o.grace, in(1), in(2), ""))(o)
		for at, want := range map[time.Time]ID{in(0): instead.ID, in(1): beside.ID, in(2): ""} {
			list := must(o.StandsInFor(o.DB.Q(o.ctx), o.grace, at))(o)
			if want == "" && len(list) != 0 || want != "" && (len(list) != 1 || list[0].ID != want) {
				t.Errorf("%s: %+v", at, list)
			}
		}
		if list := must(o.StandsInFor(o.DB.Q(o.ctx), o.ada, noon))(o); len(list) != 0 {
			t.Errorf("Ada stands in for %+v", list)
		}
		shown := must(Delegates(o.DB.Q(o.ctx), []directory.UserID{o.ada, o.joan}, in(0)))(o)
		if len(shown) != 1 || shown[o.ada] != o.grace {
			t.Errorf("%v", shown)
		}
	})
}

func TestAPersonHasALimitedNumberOfDelegatesBeside(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), noon)
	for range MaxAdded {
		o.beside(o.grace, time.Time{}, in(1))
	}
	_, err := o.Create(o.ctx, o.ada, o.joan, time.Time{}, in(1), "")
	o.refused(err, fault.Precondition, "")
	o.beside(o.grace, in(-2), in(-1)) // one that is past does not count
	o.clock.Set(in(1))
	o.beside(o.joan, time.Time{}, in(2))
}

func TestOfManyWhoSetADelegateAtOnceOneIsLeft(t *testing.T) {
	each(t, func(o *office) {
		var all sync.WaitGroup
		o.quiet()
		for i := range 16 {
			all.Go(func() {
				var err error
				switch i % 4 {
				case 0:
					_, err = o.SetReassign(o.ctx, o.ada, o.grace, time.Time{}, in(i+1), "")
				case 1:
					_, err = o.SetReassign(o.ctx, o.ada, o.joan, in(i), time.Time{}, "")
				case 2:
					_, err = o.RemoveReassign(o.ctx, o.ada)
				default:
					_, err = o.Ender().Run(o.ctx, in(1))
				}
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("neither done nor a conflict: %v (%s)", err, fault.Of(err).Cause())
				}
			})
		}
		all.Wait()
		o.instead(o.grace, time.Time{}, time.Time{})
		live := must(o.List(o.ctx, Filter{Delegators: []directory.UserID{o.ada}}, page.Request{Size: 100}))(o)
		if len(live.Items) != 1 {
			t.Errorf("%d are left", len(live.Items))
		}
		o.answered(o.grace)
	})
}

func TestADelegateWhoIsDeletedAtTheSameMomentLeavesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.quiet()
		for range 8 {
			who := o.person("Somebody")
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := o.SetReassign(o.ctx, o.ada, who, time.Time{}, time.Time{}, ""); err != nil && !fault.Is(err, fault.Invalid) {
					t.Errorf("%v (%s)", err, fault.Of(err).Cause())
				}
			})
			all.Go(func() {
				if _, err := o.people.Delete(o.ctx, who, ""); err != nil {
					t.Errorf("%v (%s)", err, fault.Of(err).Cause())
				}
			})
			all.Wait()
			left := must(o.List(o.ctx, Filter{Delegates: []directory.UserID{who}}, page.Request{Size: 1}))(o)
			if len(left.Items) != 0 {
				t.Fatalf("left to a person who is gone: %+v", left.Items)
			}
		}
	})
}
