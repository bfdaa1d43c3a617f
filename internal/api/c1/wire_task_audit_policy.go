package c1

import (
	"encoding/json"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/id"
)

// tried shows each rule that was tried on the way to the steps of a task, in order, and where none held, that the baseline counted;
// none for other lines, and for whoever may not read policies: how many rules there are tells of them, too.
func (s story) tried(e task.Entry) []*taskv1.TaskAuditView {
	if e.Kind != task.PolicyEvaluated || !s.know.policies {
		return nil
	}
	var out []*taskv1.TaskAuditView
	for n, t := range traceOf(e) {
		if n == task.PartsPerLine {
			break
		}
		one := e
		one.ID = id.Beside(e.ID, n)
		v := s.line(one)
		v.Typ = &taskv1.TaskAuditView_ConditionalPolicyExecutionResult{
			ConditionalPolicyExecutionResult: &taskv1.TaskAuditConditionalPolicyExecutionResult{
				ChainDepth: number(t.Depth), Condition: t.Condition, ConditionMatched: t.Matched, DefaultCondition: t.Baseline,
				Error: t.Err, OutcomePolicyId: KSUID(t.Next), PolicyId: KSUID(t.PolicyID), PolicyKey: outcome(t),
			},
		}
		if t.Err != "" {
			v.EventType = taskv1.TaskAuditEventType_TASK_AUDIT_EVENT_TYPE_ERROR
		}
		out = append(out, v)
	}
	return out
}

// outcome is the key of the steps that were taken, of the same policy.
func outcome(t policy.Tried) string {
	if t.Next != "" {
		return ""
	}
	return t.StepKey
}

// trace shows in one line which policy decided, and how it was come to.
func (s story) trace(e task.Entry) *taskv1.TaskAuditConditionalPolicyExecutionResult {
	v := &taskv1.TaskAuditConditionalPolicyExecutionResult{
		OutcomePolicyId: KSUID(word(e, "policyId")), PolicyKey: word(e, "key"), DefaultCondition: true,
	}
	trace := traceOf(e)
	if len(trace) == 0 {
		return v
	}
	last := trace[len(trace)-1]
	v.ConditionMatched, v.DefaultCondition = last.Matched, !last.Matched
	v.ChainDepth, v.PolicyId = number(last.Depth), KSUID(last.PolicyID)
	return v
}

// traceOf reads the rules that were tried as the history spells them; none where it tells of none.
func traceOf(e task.Entry) []policy.Tried {
	text, err := json.Marshal(e.Data["trace"])
	if err != nil {
		return nil
	}
	var list []policy.Tried
	if err := json.Unmarshal(text, &list); err != nil {
		return nil
	}
	return list
}
