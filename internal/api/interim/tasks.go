package interim

import (
	"context"

	"google.golang.org/grpc"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// tasks serves interim.v1.Tasks.
type tasks struct {
	interimv1.UnimplementedTasksServer
	*c1.Deps
}

// registerTasks puts on r what is done with tasks beyond the upstream API.
func registerTasks(r grpc.ServiceRegistrar, d *c1.Deps) {
	interimv1.RegisterTasksServer(r, tasks{Deps: d})
}

// CompleteProvision confirms what was to be done by hand; see [task.Service.CompleteManual].
func (s tasks) CompleteProvision(ctx context.Context, r *interimv1.ProvisionByHandRequest) (*interimv1.TaskResponse, error) {
	return s.byHand(ctx, r, s.Tasks.CompleteManual)
}

// FailProvision says that what was to be done by hand cannot be; see [task.Service.FailManual].
func (s tasks) FailProvision(ctx context.Context, r *interimv1.ProvisionByHandRequest) (*interimv1.TaskResponse, error) {
	return s.byHand(ctx, r, s.Tasks.FailManual)
}

func (s tasks) byHand(
	ctx context.Context, r *interimv1.ProvisionByHandRequest,
	do func(ctx context.Context, ref string, step task.StepID, comment string) (task.Task, error),
) (*interimv1.TaskResponse, error) {
	view, expanded, err := s.Act(ctx, r, do)
	return &interimv1.TaskResponse{TaskView: view, Expanded: expanded}, err
}

// ListApprovers says who may decide the open step now, and why; see [task.Service.Eligible].
func (s tasks) ListApprovers(ctx context.Context, r *interimv1.ListApproversRequest) (*interimv1.ListApproversResponse, error) {
	t, err := s.Task(ctx, "taskId", r.GetTaskId())
	if err != nil {
		return nil, err
	}
	found, err := s.Tasks.Eligible(ctx, t)
	if err != nil || found.Tier == "" {
		return &interimv1.ListApproversResponse{}, err
	}
	return &interimv1.ListApproversResponse{
		PolicyStepId: c1.KSUID(t.Step()), Tier: encodeTier(found.Tier), List: encodeApprovers(found.People),
	}, nil
}

// ListDecisions lists how the steps that are over were left.
func (s tasks) ListDecisions(ctx context.Context, r *interimv1.ListDecisionsRequest) (*interimv1.ListDecisionsResponse, error) {
	t, err := s.Task(ctx, "taskId", r.GetTaskId())
	if err != nil {
		return nil, err
	}
	out := &interimv1.ListDecisionsResponse{}
	for _, i := range t.History {
		if i.Result != nil {
			out.List = append(out.List, &interimv1.Decision{
				PolicyStepId: c1.KSUID(i.ID), Result: string(i.Result.Kind), UserId: c1.KSUID(i.Result.By), ForUserId: c1.KSUID(i.Result.For),
				Comment: i.Result.Text, At: c1.Moment(i.Result.At), EligibleUserIds: c1.KSUIDs(i.Asked()),
			})
		}
	}
	return out, nil
}

// DryRun says what would become of a request; see [task.Service.DryRun].
func (s tasks) DryRun(ctx context.Context, r *interimv1.DryRunRequest) (*interimv1.DryRunResponse, error) {
	if r.GetGrant() == nil {
		return nil, fault.InvalidField("grant", "is required")
	}
	ask, err := s.GrantAsked(ctx, r.GetGrant())
	if err != nil {
		return nil, err
	}
	dry, err := s.Tasks.DryRun(ctx, task.Grant, ask)
	if err != nil {
		return nil, err
	}
	return encodeDry(dry), nil
}

// maxItems is how many grants one request may speak of.
const maxItems = 100

// ExtendMany asks for each of some grants that it last longer.
func (s tasks) ExtendMany(ctx context.Context, r *interimv1.ExtendManyRequest) (*interimv1.ManyTasksResponse, error) {
	return many(r.GetDescription(), r.GetItems(), func(one *interimv1.ExtendItem) (task.Task, error) {
		ask, err := s.GrantAsked(ctx, &taskv1.TaskServiceCreateGrantRequest{
			AppId: one.GetAppId(), AppEntitlementId: one.GetAppEntitlementId(), AppUserId: one.GetAppUserId(),
			IdentityUserId: one.GetIdentityUserId(), GrantDuration: one.GetGrantDuration(), Description: r.GetDescription(),
			Source: &taskv1.TaskGrantSource{IsExtension: true},
		})
		if err != nil {
			return task.Task{}, err
		}
		return s.Tasks.RequestGrant(ctx, ask)
	})
}

// RevokeMany asks for each of some grants that it be taken.
func (s tasks) RevokeMany(ctx context.Context, r *interimv1.RevokeManyRequest) (*interimv1.ManyTasksResponse, error) {
	return many(r.GetDescription(), r.GetItems(), func(one *interimv1.RevokeItem) (task.Task, error) {
		ask, err := s.RevokeAsked(ctx, &taskv1.TaskServiceCreateRevokeRequest{
			AppId: one.GetAppId(), AppEntitlementId: one.GetAppEntitlementId(), AppUserId: one.GetAppUserId(),
			IdentityUserId: one.GetIdentityUserId(), Description: r.GetDescription(),
		})
		if err != nil {
			return task.Task{}, err
		}
		return s.Tasks.RequestRevoke(ctx, ask)
	})
}

// many answers each item by itself, under the description that they share.
func many[T any](description string, items []T, do func(T) (task.Task, error)) (*interimv1.ManyTasksResponse, error) {
	if err := c1.Prose("description", description, task.MaxDescription); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fault.InvalidField("items", "is required")
	}
	if err := c1.CheckList("items", len(items), maxItems); err != nil {
		return nil, err
	}
	out := &interimv1.ManyTasksResponse{}
	for _, one := range items {
		t, err := do(one)
		out.Results = append(out.Results, encodeResult(t, err))
	}
	return out, nil
}
