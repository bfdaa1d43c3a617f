package c1

import (
	"context"

	"google.golang.org/protobuf/types/known/anypb"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// tasks serves c1.api.task.v1.TaskService.
type tasks struct {
	taskv1.UnimplementedTaskServiceServer
	*Deps
}

// CreateActionTask is not served yet.
func (tasks) CreateActionTask(context.Context, *taskv1.TaskServiceCreateActionRequest) (*taskv1.TaskServiceCreateActionResponse, error) {
	return nil, fault.NotServed("c1.api.task.v1.TaskService.CreateActionTask")
}

// CreateResourceActionTask is not served yet.
func (tasks) CreateResourceActionTask(
	context.Context, *taskv1.TaskServiceCreateResourceActionRequest,
) (*taskv1.TaskServiceCreateResourceActionResponse, error) {
	return nil, fault.NotServed("c1.api.task.v1.TaskService.CreateResourceActionTask")
}

// CreateGrantTask asks for access; see [task.Service.RequestGrant].
func (s tasks) CreateGrantTask(
	ctx context.Context, r *taskv1.TaskServiceCreateGrantRequest,
) (*taskv1.TaskServiceCreateGrantResponse, error) {
	x, err := taskExpander(r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	ask, err := s.GrantAsked(ctx, r)
	if err != nil {
		return nil, err
	}
	t, err := s.Tasks.RequestGrant(ctx, ask)
	view, expanded, err := s.answer(ctx, x, t, err)
	return &taskv1.TaskServiceCreateGrantResponse{TaskView: view, Expanded: expanded}, err
}

// GrantAsked decodes a request for access, of a caller who may make it.
func (d *Deps) GrantAsked(ctx context.Context, r *taskv1.TaskServiceCreateGrantRequest) (task.Ask, error) {
	ask, err := d.Asked(ctx, r)
	if err != nil {
		return ask, err
	}
	if err := mayRequest(ctx, ask); err != nil {
		return ask, err
	}
	ask.Bound = keptToCatalogs(ctx, ask)
	ask.Description, ask.Emergency, ask.Extension = r.GetDescription(), r.GetEmergencyAccess(), r.GetSource().GetIsExtension()
	if ask.Duration, err = Span("grantDuration", r.GetGrantDuration()); err != nil {
		return ask, err
	}
	if ask.Data, err = requestData("requestData", r.GetRequestData()); err != nil {
		return ask, err
	}
	if _, err := taskExpander(r.GetExpandMask()); err != nil { // what is only tried is refused what would be refused
		return ask, err
	}
	from := r.GetSource()
	ask.Source = task.Source{
		ConversationID: from.GetConversationId(), ExternalURL: from.GetExternalUrl(), IntegrationID: from.GetIntegrationId(),
		RequestID: from.GetRequestId(),
	}
	return ask, firstError(
		Prose("description", ask.Description, task.MaxDescription),
		sourceLine("source.conversationId", ask.Source.ConversationID),
		sourceLine("source.externalUrl", ask.Source.ExternalURL),
		sourceLine("source.integrationId", ask.Source.IntegrationID),
		sourceLine("source.requestId", ask.Source.RequestID),
	)
}

// sourceLine checks what another system says of where a request came from: it is kept, and shown.
func sourceLine(field, s string) error {
	return firstError(CheckText(field, s, MaxQuery), text.Line(field, s))
}

// CreateRevokeTask asks that access is taken; see [task.Service.RequestRevoke].
func (s tasks) CreateRevokeTask(
	ctx context.Context, r *taskv1.TaskServiceCreateRevokeRequest,
) (*taskv1.TaskServiceCreateRevokeResponse, error) {
	x, err := taskExpander(r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	ask, err := s.RevokeAsked(ctx, r)
	if err != nil {
		return nil, err
	}
	t, err := s.Tasks.RequestRevoke(ctx, ask)
	view, expanded, err := s.answer(ctx, x, t, err)
	return &taskv1.TaskServiceCreateRevokeResponse{TaskView: view, Expanded: expanded}, err
}

// RevokeAsked decodes a request that access is taken, of a caller who may make it.
func (d *Deps) RevokeAsked(ctx context.Context, r *taskv1.TaskServiceCreateRevokeRequest) (task.Ask, error) {
	ask, err := d.Asked(ctx, r)
	if err != nil {
		return ask, err
	}
	ask.Description = r.GetDescription()
	return ask, firstError(d.mayRevoke(ctx, ask), Prose("description", ask.Description, task.MaxDescription))
}

// CreateOffboardingTask has all taken that somebody holds; see [task.Service.RequestOffboarding].
func (s tasks) CreateOffboardingTask(
	ctx context.Context, r *taskv1.TaskServiceCreateOffboardingRequest,
) (*taskv1.TaskServiceCreateOffboardingResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	x, err := taskExpander(r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	subject, err := ID[directory.UserID]("subjectUserId", "user", r.GetSubjectUserId())
	if err != nil {
		return nil, err
	}
	if err := Prose("description", r.GetDescription(), task.MaxDescription); err != nil {
		return nil, err
	}
	t, err := s.Tasks.RequestOffboarding(ctx, task.Ask{Subject: subject, Description: r.GetDescription()})
	view, expanded, err := s.answer(ctx, x, t, err)
	return &taskv1.TaskServiceCreateOffboardingResponse{TaskView: view, Expanded: expanded}, err
}

// Get reads a task, by its id or its number.
func (s tasks) Get(ctx context.Context, r *taskv1.TaskServiceGetRequest) (*taskv1.TaskServiceGetResponse, error) {
	t, err := s.Task(ctx, "id", r.GetId())
	if err != nil {
		return nil, err
	}
	// What belongs to it is expanded whole: the request has no mask to ask for less.
	x, err := taskExpander(&taskv1.TaskExpandMask{Paths: []string{"*"}})
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.taskView(ctx, x, t)
	return &taskv1.TaskServiceGetResponse{TaskView: view, Expanded: expanded}, err
}

// answer shows a task that was made or changed, unless that failed.
func (d *Deps) answer(ctx context.Context, x *Expander, t task.Task, err error) (*taskv1.TaskView, []*anypb.Any, error) {
	if err != nil {
		return nil, nil, err
	}
	return d.taskView(ctx, x, t)
}
