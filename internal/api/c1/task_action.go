package c1

import (
	"context"

	"google.golang.org/protobuf/types/known/anypb"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// taskActions serves c1.api.task.v1.TaskActionsService.
type taskActions struct {
	taskv1.UnimplementedTaskActionsServiceServer
	*Deps
}

// onTask is what every request to do something with a task has.
type onTask interface {
	GetTaskId() string
	GetExpandMask() *taskv1.TaskExpandMask
}

// acted is the task after what was done with it, and the line of its history that tells of it.
type acted struct {
	view     *taskv1.TaskView
	expanded []*anypb.Any
	action   string
}

// act has something done with a task that the caller sees. Who may do it is for the task to say, at the moment of the change.
func (d *Deps) act(
	ctx context.Context, r onTask, do func(ctx context.Context, ref string, step task.StepID, comment string) (task.Task, error),
) (out acted, err error) {
	x, err := taskExpander(r.GetExpandMask())
	if err != nil {
		return out, err
	}
	seen, err := d.Task(ctx, "taskId", r.GetTaskId())
	if err != nil {
		return out, err
	}
	step, comment := task.StepID(""), ""
	if r, ok := r.(interface{ GetPolicyStepId() string }); ok {
		if step, err = stepRef(r.GetPolicyStepId()); err != nil {
			return out, err
		}
	}
	if r, ok := r.(interface{ GetComment() string }); ok {
		comment = r.GetComment()
		if err := Prose("comment", comment, task.MaxComment); err != nil {
			return out, err
		}
	}
	after, err := do(ctx, string(seen.ID), step, comment)
	if err != nil {
		return out, err
	}
	if out.view, out.expanded, err = d.taskView(ctx, x, after); err != nil {
		return out, err
	}
	out.action, err = d.lastAct(ctx, after.ID)
	return out, err
}

// Act has something done with a task that the caller sees, for the door of our own operations.
func (d *Deps) Act(
	ctx context.Context, r onTask, do func(ctx context.Context, ref string, step task.StepID, comment string) (task.Task, error),
) (*taskv1.TaskView, []*anypb.Any, error) {
	a, err := d.act(ctx, r, do)
	return a.view, a.expanded, err
}

// lastAct is the line of a task's history about what the caller did last, as it is shown; "" if they did nothing.
func (d *Deps) lastAct(ctx context.Context, of task.ID) (string, error) {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return "", err
	}
	recent, err := d.Read.TaskHistory(ctx, read.TaskHistoryFilter{Task: of, Newest: true}, page.Request{Size: page.Size(0)})
	if err != nil {
		return "", err
	}
	for _, e := range recent.Items {
		if e.User == p.UserID {
			return KSUID(e.ID), nil
		}
	}
	return "", nil
}

// Approve says yes to the open step; see [task.Service.Approve].
func (s taskActions) Approve(
	ctx context.Context, r *taskv1.TaskActionsServiceApproveRequest,
) (*taskv1.TaskActionsServiceApproveResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.Approve)
	return &taskv1.TaskActionsServiceApproveResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// ApproveWithStepUp is not served yet.
func (taskActions) ApproveWithStepUp(
	context.Context, *taskv1.TaskActionsServiceApproveWithStepUpRequest,
) (*taskv1.TaskActionsServiceApproveWithStepUpResponse, error) {
	return nil, fault.NotServed("c1.api.task.v1.TaskActionsService.ApproveWithStepUp")
}

// Deny says no to the open step; see [task.Service.Deny].
func (s taskActions) Deny(
	ctx context.Context, r *taskv1.TaskActionsServiceDenyRequest,
) (*taskv1.TaskActionsServiceDenyResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.Deny)
	return &taskv1.TaskActionsServiceDenyResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// SkipStep passes the open step over; see [task.Service.SkipStep].
func (s taskActions) SkipStep(
	ctx context.Context, r *taskv1.TaskActionsServiceSkipStepRequest,
) (*taskv1.TaskServiceActionResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.SkipStep)
	return &taskv1.TaskServiceActionResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// Restart opens the open step anew; see [task.Service.Restart].
func (s taskActions) Restart(
	ctx context.Context, r *taskv1.TaskActionsServiceRestartRequest,
) (*taskv1.TaskActionsServiceRestartResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.Restart)
	return &taskv1.TaskActionsServiceRestartResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// EscalateToEmergencyAccess makes a request one for emergency access; see [task.Service.Escalate].
func (s taskActions) EscalateToEmergencyAccess(
	ctx context.Context, r *taskv1.TaskActionsServiceEscalateToEmergencyAccessRequest,
) (*taskv1.TaskServiceActionResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.Escalate)
	return &taskv1.TaskServiceActionResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// RetryProvisioning tries again what failed; see [task.Service.RetryProvisioning].
func (s taskActions) RetryProvisioning(
	ctx context.Context, r *taskv1.TaskActionsServiceRetryProvisioningRequest,
) (*taskv1.TaskServiceActionResponse, error) {
	a, err := s.act(ctx, r, s.Tasks.RetryProvisioning)
	return &taskv1.TaskServiceActionResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// Reassign has others decide the open step; see [task.Service.Reassign].
func (s taskActions) Reassign(
	ctx context.Context, r *taskv1.TaskActionsServiceReassignRequest,
) (*taskv1.TaskActionsServiceReassignResponse, error) {
	if err := CheckList("newStepUserIds", len(r.GetNewStepUserIds()), task.MaxReassignees); err != nil {
		return nil, err
	}
	to, err := FilterIDs[directory.UserID]("newStepUserIds", r.GetNewStepUserIds())
	if err != nil {
		return nil, err
	}
	a, err := s.act(ctx, r, func(ctx context.Context, ref string, step task.StepID, comment string) (task.Task, error) {
		return s.Tasks.Reassign(ctx, ref, step, to, comment)
	})
	return &taskv1.TaskActionsServiceReassignResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// HardReset begins again under the policy as it is now; see [task.Service.Reset].
func (s taskActions) HardReset(
	ctx context.Context, r *taskv1.TaskActionsServiceHardResetRequest,
) (*taskv1.TaskActionsServiceHardResetResponse, error) {
	a, err := s.act(ctx, r, withoutStep(s.Tasks.Reset))
	return &taskv1.TaskActionsServiceHardResetResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// Close cancels the task; see [task.Service.Close].
func (s taskActions) Close(
	ctx context.Context, r *taskv1.TaskActionsServiceCloseRequest,
) (*taskv1.TaskActionsServiceCloseResponse, error) {
	a, err := s.act(ctx, r, withoutStep(s.Tasks.Close))
	return &taskv1.TaskActionsServiceCloseResponse{TaskView: a.view, Expanded: a.expanded, TaskActionId: a.action}, err
}

// Comment writes a comment; see [task.Service.Comment].
func (s taskActions) Comment(
	ctx context.Context, r *taskv1.TaskActionsServiceCommentRequest,
) (*taskv1.TaskActionsServiceCommentResponse, error) {
	a, err := s.act(ctx, r, withoutStep(s.Tasks.Comment))
	return &taskv1.TaskActionsServiceCommentResponse{TaskView: a.view, Expanded: a.expanded}, err
}

// ProcessNow takes up at once what the task waits for; see [task.Service.Process].
func (s taskActions) ProcessNow(
	ctx context.Context, r *taskv1.TaskActionsServiceProcessNowRequest,
) (*taskv1.TaskActionsServiceProcessNowResponse, error) {
	a, err := s.act(ctx, r, func(ctx context.Context, ref string, _ task.StepID, _ string) (task.Task, error) {
		return s.Tasks.Process(ctx, ref)
	})
	return &taskv1.TaskActionsServiceProcessNowResponse{TaskView: a.view, Expanded: a.expanded}, err
}

// UpdateGrantDuration changes for how long access is asked; see [task.Service.UpdateDuration].
func (s taskActions) UpdateGrantDuration(
	ctx context.Context, r *taskv1.TaskActionsServiceUpdateGrantDurationRequest,
) (*taskv1.TaskServiceActionResponse, error) {
	if r.GetDuration() == nil {
		return nil, fault.InvalidField("duration", "is required")
	}
	span, err := Span("duration", r.GetDuration())
	if err != nil {
		return nil, err
	}
	a, err := s.act(ctx, r, func(ctx context.Context, ref string, _ task.StepID, _ string) (task.Task, error) {
		return s.Tasks.UpdateDuration(ctx, ref, span)
	})
	return &taskv1.TaskServiceActionResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// UpdateRequestData changes what was filled into the request's form; see [task.Service.UpdateData].
func (s taskActions) UpdateRequestData(
	ctx context.Context, r *taskv1.TaskActionsServiceUpdateRequestDataRequest,
) (*taskv1.TaskServiceActionResponse, error) {
	data, err := requestData("data", r.GetData())
	if err != nil {
		return nil, err
	}
	a, err := s.act(ctx, r, func(ctx context.Context, ref string, _ task.StepID, _ string) (task.Task, error) {
		return s.Tasks.UpdateData(ctx, ref, data)
	})
	return &taskv1.TaskServiceActionResponse{TaskView: a.view, Expanded: a.expanded, TicketActionId: a.action}, err
}

// withoutStep is an action that is not about a step.
func withoutStep(
	do func(ctx context.Context, ref, comment string) (task.Task, error),
) func(context.Context, string, task.StepID, string) (task.Task, error) {
	return func(ctx context.Context, ref string, _ task.StepID, comment string) (task.Task, error) {
		return do(ctx, ref, comment)
	}
}
