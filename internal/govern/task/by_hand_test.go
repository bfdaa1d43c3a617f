package task_test

import (
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestNobodyConfirmsByHandWhatIsTheTargetsToConfirm(t *testing.T) {
	byLinus := provision(`{"manual":{"userIds":["linus"]}}`)
	for name, c := range map[string]struct {
		task  task.Task
		left  bool // something is left to be done by hand once the target has confirmed
		state task.Outcome
	}{
		"a revocation": {task.Task{Kind: task.Revoke, Subject: ada, Opener: edith}, true, task.Revoked},
		"an extension": {task.Task{Extension: true}, false, task.Granted},
	} {
		d := begin(t, c.task, approval(grace), byLinus)
		d.target = true
		d.must(d.approve(grace))
		d.refused(task.ByPerson{By: d.who(linus), Step: d.t.Step()}, fault.Denied)
		d.must(task.Carried{Error: "the target did not answer in time"})
		d.refused(task.ByPerson{By: d.who(linus), Step: d.t.Step()}, fault.Denied)
		d.must(task.RetryProvision{By: d.who(edith)})
		d.refused(task.ByPerson{By: d.who(linus), Step: d.t.Step()}, fault.Denied)
		if d.t.Processing != task.Working {
			t.Errorf("%s that the target is asked for is %s", name, d.t.Processing)
		}
		d.must(task.Carried{Over: true})
		if c.left {
			d.must(task.ByPerson{By: d.who(linus), Step: d.t.Step()})
		}
		d.is(task.Closed, c.state)
	}
}

func TestWhatWasNotDoneByHandIsAskedForOnceMore(t *testing.T) {
	byHand, byConnector := provision(`{"manual":{"userIds":["grace"]}}`), provision(`{"connector":{}}`)
	for name, d := range map[string]*drive{
		"before it is given": begin(t, task.Task{}, byHand),
		"after it was given": begin(t, task.Task{}, byConnector, byHand),
		"after it was taken": begin(t, task.Task{Kind: task.Revoke, Subject: ada, Opener: edith}, byHand),
	} {
		d.must(task.ByPerson{By: d.who(grace), Step: d.t.Step(), Failed: true, Text: "no time"})
		d.is(task.Open, task.Failed)
		d.must(task.RetryProvision{By: d.who(edith)})
		told := slices.ContainsFunc(d.effects, func(e task.Effect) bool {
			n, ok := e.(task.Notify)
			return ok && n.Kind == task.Decide && slices.Equal(n.Users, []directory.UserID{grace}) && n.Step == d.t.Step()
		})
		if !told || d.t.Processing != task.Waiting {
			t.Errorf("%s: told %v, and it is %s", name, told, d.t.Processing)
		}
		d.must(task.ByPerson{By: d.who(grace), Step: d.t.Step()})
		if d.t.State != task.Closed || d.t.Outcome == task.Failed {
			t.Errorf("%s: %s %s", name, d.t.State, d.t.Outcome)
		}
	}
}
