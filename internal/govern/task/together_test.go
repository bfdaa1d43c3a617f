package task_test

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// asksTwo are two things that Ada asks for at once.
func (o *office) asksTwo() []task.Ask {
	second := o.asks()
	second.Entitlement = o.Entitlement(o.App.ID).ID
	return []task.Ask{o.asks(), second}
}

func TestWhoeverDeniesOneTaskDeniesAllThatWereAskedForWithIt(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		made, err := o.Tasks.RequestGrants(o.as(o.Ada), o.asksTwo(), nil)
		o.ok(err)
		_, err = o.Tasks.Deny(o.as(o.Grace), string(made[1].ID), made[1].Step(), "no")
		o.ok(err)
		o.is(made[0], task.Closed, task.Denied)
		if left := o.work(o.Grace); len(left) != 0 {
			o.Errorf("still asked about %v", left)
		}
		_, err = o.Tasks.DecideTogether(o.as(o.Grace), made[0].ID, task.BatchDecision{Approve: true})
		o.fails(err, fault.Conflict)
	})
}

func TestOfWhatIsAskedForTogetherAllIsMadeOrNothing(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		asks := o.asksTwo()
		o.request()
		_, err := o.Tasks.RequestGrants(o.as(o.Ada), []task.Ask{asks[1], asks[0]}, nil)
		o.fails(err, fault.Exists)
		_, err = o.Tasks.RequestGrants(o.as(o.Ada), asks[1:], nil)
		o.ok(err)
	})
}

func TestAnOverrideIsNobodysOwnAndNotForStrangers(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		asked := o.request()
		yes := task.BatchDecision{Approve: true, Override: true, Comment: "as agreed"}
		_, err := o.Tasks.DecideTogether(o.as(o.Ada), asked.ID, yes)
		o.fails(err, fault.Denied)
		_, err = o.Tasks.DecideTogether(o.as(o.Linus), asked.ID, yes)
		o.fails(err, fault.Denied)
		_, err = o.Tasks.DecideTogether(o.as(o.Edith), asked.ID, yes)
		o.ok(err)
		o.is(asked, task.Closed, task.Granted)
	})
}
