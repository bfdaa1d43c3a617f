package interim

import (
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// encodeTier shows a tier; owners who decide because nobody named is left are a fallback.
func encodeTier(t task.Tier) interimv1.ApproverTier {
	if t == task.ItemOwners || t == task.AppOwners {
		t = task.Fallback
	}
	return c1.EnumValue[interimv1.ApproverTier](interimv1.ApproverTier_value, "APPROVER_TIER_", strings.ToUpper(string(t)))
}

func encodeApprovers(list []task.Eligible) []*interimv1.Approver {
	out := make([]*interimv1.Approver, len(list))
	for i, e := range list {
		out[i] = &interimv1.Approver{UserId: c1.KSUID(e.User)}
		for _, r := range e.Reasons {
			words := r
			words.For = "" // it has a member of its own
			out[i].Reasons = append(out[i].Reasons, &interimv1.ApproverReason{
				Text: words.String(), ForUserId: c1.KSUID(r.For), DelegationId: c1.KSUID(r.Delegation),
				ViaAppId: c1.KSUID(r.Via.AppID), ViaAppEntitlementId: c1.KSUID(r.Via.ID),
			})
		}
	}
	return out
}

// encodeDry shows what would become of a request.
func encodeDry(d task.Dry) *interimv1.DryRunResponse {
	v := &interimv1.DryRunResponse{
		PolicyId: c1.KSUID(d.Plan.Policy), PolicyGenerationId: c1.KSUID(d.Plan.Generation), StepKey: d.Plan.Key, Warnings: d.Warnings,
	}
	if d.Task.Duration > 0 {
		v.GrantDuration = durationpb.New(d.Task.Duration)
	}
	for _, step := range d.Plan.Steps {
		v.Steps = append(v.Steps, &interimv1.DryRunStep{Step: c1.EncodePolicyStep(step)})
	}
	for _, one := range d.Steps {
		shown := v.GetSteps()[one.Index]
		shown.Tier, shown.Approvers, shown.Error, shown.Skipped = encodeTier(one.Tier), encodeApprovers(one.People), one.Error, one.Skip
	}
	return v
}

// encodeResult shows what became of one item of many: the task, or what is wrong with it.
func encodeResult(t task.Task, err error) *interimv1.TaskResult {
	if err == nil {
		return &interimv1.TaskResult{
			TaskId: c1.KSUID(t.ID), NumericId: t.Number,
			State: c1.EnumValue[taskv1.TaskState](taskv1.TaskState_value, "TASK_STATE_", t.State),
		}
	}
	err = c1.Spell(err)
	status := transcode.ToStatus(err)
	v := &interimv1.TaskResult{Code: status.Proto().GetCode(), Message: status.Message()}
	for _, d := range fault.Of(err).Details {
		if id := d.Metadata["taskId"]; id != "" {
			v.DuplicateTaskId = id
		}
	}
	return v
}
