package task_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// mia manages Ada.
const mia directory.UserID = "mia"

var (
	setOf     = task.Slot{Kind: task.ToOwners, Of: task.OfOwnerSet, Object: "set"}
	managerOf = task.Slot{Kind: task.ToManagers, User: ada}
	itemOf    = task.Slot{Kind: task.ToOwners, Of: task.OfResource, App: "app", Object: "resource"}

	ownersSlot  = policy.Slot{Kind: policy.ToOwners, Owned: owner.OfSet("set")}
	managerSlot = policy.Slot{Kind: policy.ToManager}
	itemSlot    = policy.Slot{Kind: policy.ToItem}
)

func slots(q policy.Quorum, list ...policy.Slot) policy.Step {
	return policy.Step{Approval: &policy.Approval{Kind: policy.Slots, Quorum: q, Slots: list, AllowDelegation: true, AllowReassignment: true}}
}

// asks begins a task at a step of Ada's manager Mia and the owners Grace and Linus, who own the item too; Barbara owns the app.
func asks(t *testing.T, change func(f *task.Facts), plan ...policy.Step) *drive {
	t.Helper()
	tk := task.Task{Resource: "resource"}
	d := begin(t, tk, append([]policy.Step{{Wait: &policy.Wait{Duration: time.Hour}}}, plan...)...)
	d.facts.People[setOf], d.facts.People[managerOf] = fillers(grace, linus), fillers(mia)
	d.facts.People[itemOf], d.facts.People[ownersOf] = fillers(linus), fillers("barbara")
	d.facts.People[task.Slot{Kind: task.ToUser, User: mia}] = fillers(mia)
	d.facts.Stands = map[directory.UserID][]task.Stand{}
	if change != nil {
		change(&d.facts)
	}
	d.now = d.now.Add(time.Hour)
	d.must(task.Reached{})
	return d
}

func (d *drive) askedAre(want ...directory.UserID) {
	d.Helper()
	if got := d.t.Question(d.t.Current, nil).Resolve(d.facts).Users(); !slices.Equal(got, want) {
		d.Fatalf("%v may decide, want %v", got, want)
	}
}

func TestAStepOfAllPassesWhenEachSlotIsFilled(t *testing.T) {
	both := slots(policy.AllSlots, ownersSlot, managerSlot)
	for name, c := range map[string]struct {
		step   policy.Step
		change func(f *task.Facts)
		play   func(d *drive)
		want   task.Outcome
	}{
		"one of each": {both, nil, func(d *drive) {
			d.askedAre(grace, linus, mia)
			d.must(d.approve(linus))
			d.askedAre(mia)
			d.must(d.approve(mia))
		}, task.Granted},
		"one owner is not enough": {both, nil, func(d *drive) { d.must(d.approve(grace)) }, task.NoOutcome},
		"nor are two of the same slot": {both, nil, func(d *drive) {
			d.must(d.approve(grace))
			d.refused(d.approve(linus), fault.Conflict) // somebody else has approved in their place
			d.refused(d.approve(grace), fault.Conflict)
			d.refused(d.approve(edith), fault.Denied)
		}, task.NoOutcome},
		"any is": {slots(policy.AnySlot, ownersSlot, managerSlot), nil, func(d *drive) { d.must(d.approve(mia)) }, task.Granted},
		"who stands in both fills both": {both, func(f *task.Facts) { f.People[managerOf] = fillers(linus) }, func(d *drive) {
			d.must(d.approve(linus))
		}, task.Granted},
		"a denial denies": {both, nil, func(d *drive) {
			d.must(d.approve(grace))
			d.must(d.deniedBy(mia))
		}, task.Denied},
		"a delegate fills the slot of who is away": {both, func(f *task.Facts) { f.Stands = beside(mia, edith) }, func(d *drive) {
			d.askedAre(edith, grace, linus, mia)
			d.must(d.approve(edith))
			d.askedAre(grace, linus)
			d.must(d.approve(grace))
		}, task.Granted},
		"a delegate instead fills it alone": {both, func(f *task.Facts) { f.Stands = away(mia, edith) }, func(d *drive) {
			d.askedAre(edith, grace, linus)
			d.refused(d.approve(mia), fault.Denied)
			d.must(d.approve(edith))
			d.must(d.approve(grace))
		}, task.Granted},
		"a delegate of both fills both": {both, func(f *task.Facts) {
			f.Stands = beside(mia, edith)
			f.Stands[grace] = beside(grace, edith)[grace]
		}, func(d *drive) { d.must(d.approve(edith)) }, task.Granted},
		"the subject fills nothing": {both, func(f *task.Facts) { f.People[setOf] = fillers(ada, grace) }, func(d *drive) {
			d.askedAre(grace, mia)
			d.refused(d.approve(ada), fault.Denied)
		}, task.NoOutcome},
		"a slot of nobody falls to who owns the item": {both, func(f *task.Facts) { f.People[managerOf] = nil }, func(d *drive) {
			d.askedAre(grace, linus)
			d.must(d.approve(grace))
			d.askedAre(linus)
			d.must(d.approve(linus))
		}, task.Granted},
		"an item of nobody falls to who owns the app": {both, func(f *task.Facts) { f.People[managerOf], f.People[itemOf] = nil, nil }, func(d *drive) {
			d.must(d.approve(grace))
			d.askedAre("barbara")
		}, task.NoOutcome},
		"and an app of nobody to the Super Administrators": {both, func(f *task.Facts) {
			f.People[managerOf], f.People[itemOf], f.People[ownersOf] = nil, nil, nil
		}, func(d *drive) {
			d.must(d.approve(grace))
			d.askedAre(edith)
			d.must(d.approve(edith))
		}, task.Granted},
		"with nobody at all it waits": {both, func(f *task.Facts) {
			for s := range f.People {
				if s.Kind != task.ToUser {
					f.People[s] = nil
				}
			}
		}, func(d *drive) {
			if d.t.Current.Tier != task.Nobody {
				d.Errorf("tier %s", d.t.Current.Tier)
			}
			d.refused(d.approve(grace), fault.Denied)
		}, task.NoOutcome},
		"a slot whose only person is the subject falls on, too": {slots(policy.AllSlots, itemSlot, managerSlot),
			func(f *task.Facts) { f.People[itemOf] = fillers(ada) }, func(d *drive) { d.askedAre("barbara", mia) }, task.NoOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			d := asks(t, c.change, c.step)
			c.play(d)
			state := task.Closed
			if c.want == task.NoOutcome {
				state = task.Open
			}
			d.is(state, c.want)
		})
	}
}

func TestWhatFilledASlotStands(t *testing.T) {
	both := slots(policy.AllSlots, ownersSlot, managerSlot)
	for name, c := range map[string]struct {
		then func(d *drive)
		left []directory.UserID // who may decide then
		keep bool
	}{
		"when owners change": {func(d *drive) {
			d.facts.People[setOf] = fillers("barbara")
			d.must(task.Look{})
		}, []directory.UserID{mia}, true},
		"when the manager changes": {func(d *drive) {
			d.facts.People[managerOf] = fillers(linus)
			d.must(task.Look{})
		}, []directory.UserID{linus}, true},
		"when what is left is given to others": {func(d *drive) {
			d.must(task.Reassign{By: d.who(mia), Step: d.t.Step(), To: []directory.UserID{linus}})
		}, []directory.UserID{linus}, true},
		"when an administrator gives it to others": {func(d *drive) {
			d.must(task.Reassign{By: d.who(edith), Step: d.t.Step(), To: []directory.UserID{linus}})
		}, []directory.UserID{linus}, true},
		"but not when the step begins again": {func(d *drive) { d.must(task.Again{By: d.who(mia)}) }, []directory.UserID{grace, linus, mia}, false},
		"nor when the policy does": {func(d *drive) {
			d.must(task.StartOver{By: d.who(edith), Plan: task.Plan{Steps: []policy.Step{both}}})
		}, []directory.UserID{grace, linus, mia}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := asks(t, nil, both)
			d.must(d.approve(grace))
			c.then(d)
			d.askedAre(c.left...)
			if kept := slices.Contains(d.t.Approvers(), grace); kept != c.keep {
				t.Errorf("Grace's approval counts: %v", kept)
			}
			d.must(d.approve(c.left[0]))
			if !c.keep {
				d.is(task.Open, task.NoOutcome)
				d.must(d.approve(mia))
			}
			d.is(task.Closed, task.Granted)
		})
	}
}

func TestWhoReassignsGivesAwayTheirOwnSlotOnly(t *testing.T) {
	d := asks(t, nil, slots(policy.AllSlots, ownersSlot, managerSlot))
	d.must(task.Reassign{By: d.who(mia), Step: d.t.Step(), To: []directory.UserID{edith}})
	d.askedAre(edith, grace, linus)
	d.must(d.approve(edith))
	d.is(task.Open, task.NoOutcome)
	d.must(d.approve(linus))
	d.is(task.Closed, task.Granted)
}

func TestAnEscalationGivesAwayWhatIsNotFilled(t *testing.T) {
	step := slots(policy.AllSlots, ownersSlot, managerSlot)
	step.Approval.Escalation = &policy.Escalation{After: time.Hour, Kind: policy.ReassignTo, UserIDs: []directory.UserID{edith}}
	d := asks(t, nil, step)
	d.must(d.approve(grace))
	d.now = d.now.Add(time.Hour)
	d.must(task.Reached{})
	d.askedAre(edith)
	d.must(d.approve(edith))
	d.is(task.Closed, task.Granted)
}

func TestWhereDistinctPeopleAreWantedOneYesCountsOnce(t *testing.T) {
	step := slots(policy.AllSlots, ownersSlot, managerSlot)
	step.Approval.RequireDistinctApprovers = true
	d := asks(t, nil, step)
	d.must(d.approve(grace))
	d.facts.People[managerOf] = fillers(grace) // moved up
	d.must(task.Look{})
	d.refused(d.approve(grace), fault.Conflict)
	d.askedAre(linus) // who owns the item
}

// Whoever has had a say in a step is not another person at the next, although the rest of the step was passed over.
func TestWhoFilledASlotOfAStepThatWasSkippedIsNoOtherPersonLater(t *testing.T) {
	later := slots(policy.AnySlot, ownersSlot)
	later.Approval.RequireDistinctApprovers = true
	d := asks(t, nil, slots(policy.AllSlots, ownersSlot, managerSlot), later)
	d.must(d.approve(grace))
	d.must(task.Skip{By: d.who(edith), Step: d.t.Step()})
	d.askedAre(linus)
	if err := d.try(d.approve(grace)); err == nil {
		t.Error("Grace decides twice")
	}
}

func TestTheHistoryNamesWhoApprovedForWhichSlot(t *testing.T) {
	d := asks(t, func(f *task.Facts) {
		f.Stands = beside(mia, linus)
		f.People[task.Slot{Kind: task.ToUser, User: "nina"}] = fillers("nina")
	}, slots(policy.AllSlots, ownersSlot, managerSlot, itemSlot, policy.Slot{Kind: policy.ToUser, User: "nina"}))
	d.must(d.approve(linus)) // an owner of both, and for Mia
	var lines []task.Audit
	for _, e := range d.effects {
		if a, ok := e.(task.Audit); ok && a.By == linus {
			lines = append(lines, a)
		}
	}
	if len(lines) != 2 || lines[0].For != "" || !slices.Equal(lines[0].Data["slots"].([]int), []int{1, 3}) ||
		lines[1].For != mia || !slices.Equal(lines[1].Data["slots"].([]int), []int{2}) {
		t.Errorf("lines %+v", lines)
	}
	if d.t.Current.Seats[1].Filled.For != mia {
		t.Errorf("seats %+v", d.t.Current.Seats)
	}
	spared := slices.ContainsFunc(d.effects, func(e task.Effect) bool {
		s, ok := e.(task.Spare)
		return ok && slices.Contains(s.Users, grace)
	})
	if !spared {
		t.Error("Grace is still asked")
	}
}

func TestASlotNamesWhomItsKindSays(t *testing.T) {
	tk := task.Task{App: "app", Resource: "resource", Subject: ada}
	group := app.EntitlementRef{AppID: "app", ID: "group"}
	q := tk.Question(&task.Instance{State: task.Init, Step: slots(policy.AnySlot, ownersSlot, managerSlot, itemSlot,
		policy.Slot{Kind: policy.ToUser, User: grace}, policy.Slot{Kind: policy.ToHolders, Group: group},
		policy.Slot{Kind: policy.ToOwners, Owned: owner.OfApp("app")})}, nil)
	want := []task.Slot{setOf, managerOf, itemOf, {Kind: task.ToUser, User: grace}, groupOf, ownersOf}
	if !slices.Equal(q.Named, want) {
		t.Errorf("named %+v", q.Named)
	}
}

// What a step wants from several people, who looks after it does not have one person give.
func TestWhoGivesAwayAllSlotsGivesEachToSomebodyElse(t *testing.T) {
	d := asks(t, nil, slots(policy.AllSlots, ownersSlot, managerSlot, itemSlot))
	give := func(to ...directory.UserID) task.Event {
		return task.Reassign{By: d.who(edith), Step: d.t.Step(), To: to}
	}
	d.refused(give(grace), fault.Invalid)
	d.refused(give(grace, linus, grace), fault.Invalid)
	d.must(give(grace, linus, mia))
	d.must(d.approve(grace))
	d.is(task.Open, task.NoOutcome)
	d.askedAre(linus, mia)
	d.refused(give(mia), fault.Invalid)
	d.must(d.approve(linus))
	d.is(task.Open, task.NoOutcome)
	d.must(give(edith)) // one slot is left
	d.askedAre(edith)
	d.must(d.approve(edith))
	d.is(task.Closed, task.Granted)
}

// More people than slots are spread over them, and still nobody fills two.
func TestMorePeopleThanSlotsAreSpreadOverThem(t *testing.T) {
	d := asks(t, nil, slots(policy.AllSlots, ownersSlot, managerSlot))
	d.must(task.Reassign{By: d.who(edith), Step: d.t.Step(), To: []directory.UserID{grace, linus, mia}})
	d.must(d.approve(grace))
	d.askedAre(linus)
	d.must(d.approve(linus))
	d.is(task.Closed, task.Granted)
}

// Two in two slots of one step, at once and many times over, on real engines: both count, and one of them completes the step.
func TestOfTwoWhoFillTwoSlotsAtOnceBothCountAndOneCompletesTheStep(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.Book.grant[0] = slots(policy.AllSlots, policy.Slot{Kind: policy.ToUser, User: o.Grace}, policy.Slot{Kind: policy.ToUser, User: o.Linus})
		for range 8 {
			asked := o.request()
			var all sync.WaitGroup
			errs, after := make([]error, 2), make([]task.Task, 2)
			for i, u := range []directory.UserID{o.Grace, o.Linus} {
				all.Go(func() { after[i], errs[i] = o.Tasks.Approve(o.as(u), string(asked.ID), asked.Step(), "") })
			}
			all.Wait()
			if errs[0] != nil || errs[1] != nil || (after[0].State == task.Closed) == (after[1].State == task.Closed) {
				t.Fatalf("%v and %v, %s and %s", errs[0], errs[1], after[0].State, after[1].State)
			}
			done := o.is(asked, task.Closed, task.Granted)
			if by := done.Approvers(); len(by) != 2 || !slices.Contains(by, o.Grace) || !slices.Contains(by, o.Linus) {
				t.Fatalf("approved by %v", by)
			}
			given := 0
			for _, k := range o.kinds(done) {
				if k == task.ProvisionEnded {
					given++
				}
			}
			if given != 1 || !o.holds(done) {
				t.Fatalf("given %d times", given)
			}
			_, err := o.Grants.Revoke(o.Ctx, grant.Key{App: done.App, Entitlement: done.Entitlement, Account: done.Account}, "")
			o.ok(err)
		}
	})
}
