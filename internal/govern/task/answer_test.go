package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/task"
)

func TestAnExtensionTakesNoAnswerOfAWebhookThatItDoesNotCall(t *testing.T) {
	_, do := hooked()
	d := begin(t, task.Task{Extension: true, Duration: time.Hour}, approval(grace), do)
	d.deny = "the grant is locked"
	d.must(d.approve(grace))
	d.is(task.Open, task.Failed)
	step := d.t.Step()
	d.must(task.Answered{Step: step, GaveUp: true})
	if d.t.Step() != step || d.t.State != task.Open {
		t.Fatalf("after an answer: %s, step %s", d.t.State, d.t.Step())
	}
	d.deny, d.target = "", true
	d.must(task.RetryProvision{By: d.who(edith)})
	step = d.t.Step()
	d.must(task.Answered{Step: step, GaveUp: true}) // while the end is on its way
	if d.t.Step() != step || d.t.State != task.Open {
		t.Fatalf("after another answer: %s, step %s", d.t.State, d.t.Step())
	}
}
