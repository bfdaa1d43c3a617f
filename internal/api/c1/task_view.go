package c1

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/anypb"

	authorizationv1 "github.com/interim-access/interim/gen/c1/api/authorization/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// taskPaths are what an expandMask of tasks may name. Of the last seven there is nothing to show yet: their paths stay empty.
var taskPaths = []string{
	"app_id", "app_user_id", "app_entitlement_ids", "user_id", "identity_user_id", "created_by_user_id", "step_approver_ids", "approver_ids",
	"access_review_id", "insight_ids", "app_user_last_usage", "entitlement_scope_bindings", "scope_role_resources", "resource",
}

// taskExpander reads the expandMask of a request about tasks.
func taskExpander(m *taskv1.TaskExpandMask) (*Expander, error) {
	return NewExpander(m.GetPaths(), taskPaths...)
}

// taskView shows one task as the caller sees it now.
func (d *Deps) taskView(ctx context.Context, x *Expander, t task.Task) (*taskv1.TaskView, []*anypb.Any, error) {
	views, err := d.taskViews(ctx, x, []task.Task{t})
	if err != nil {
		return nil, nil, err
	}
	return views[0], x.List(), nil
}

// taskViews shows tasks as the caller sees them now, with what x asks for.
func (d *Deps) taskViews(ctx context.Context, x *Expander, list []task.Task) ([]*taskv1.TaskView, error) {
	return d.taskViewsFor(ctx, knowing(ctx), x, list)
}

// taskViewsFor is taskViews for somebody who may know other things than the caller may.
func (d *Deps) taskViewsFor(ctx context.Context, k knowledge, x *Expander, list []task.Task) ([]*taskv1.TaskView, error) {
	sights, err := d.Tasks.See(ctx, list)
	if err != nil {
		return nil, err
	}
	policies, err := d.generations(ctx, list)
	if err != nil {
		return nil, err
	}
	e, err := d.expand(ctx, x, wantedOf(x, list, sights))
	if err != nil {
		return nil, err
	}
	e.know = k
	views := make([]*taskv1.TaskView, len(list))
	for i, t := range list {
		sights[i].Actions = reachable(ctx, sights[i].Actions)
		views[i] = &taskv1.TaskView{
			Task:              EncodeTask(t, sights[i], k.policy(policies[t.Generation], t.StepKey)),
			ObjectPermissions: taskPermissions(sights[i]),
		}
		e.task(views[i], t, sights[i])
	}
	return views, nil
}

// reachable are the actions whose operations the caller's credential reaches: no client is to offer somebody what they are refused.
func reachable(ctx context.Context, list []task.Action) []task.Action {
	return slices.DeleteFunc(list, func(a task.Action) bool { return reaches(ctx, taskOperations[a]) == iam.None })
}

// taskOperations are the operations by which people take actions.
var taskOperations = map[task.Action]string{
	task.Approve:        "c1.api.task.v1.TaskActionsService.Approve",
	task.Deny:           "c1.api.task.v1.TaskActionsService.Deny",
	task.Comment:        "c1.api.task.v1.TaskActionsService.Comment",
	task.Close:          "c1.api.task.v1.TaskActionsService.Close",
	task.ReassignStep:   "c1.api.task.v1.TaskActionsService.Reassign",
	task.SkipStep:       "c1.api.task.v1.TaskActionsService.SkipStep",
	task.Restart:        "c1.api.task.v1.TaskActionsService.Restart",
	task.Reset:          "c1.api.task.v1.TaskActionsService.HardReset",
	task.ProcessNow:     "c1.api.task.v1.TaskActionsService.ProcessNow",
	task.Escalate:       "c1.api.task.v1.TaskActionsService.EscalateToEmergencyAccess",
	task.UpdateDuration: "c1.api.task.v1.TaskActionsService.UpdateGrantDuration",
	task.UpdateData:     "c1.api.task.v1.TaskActionsService.UpdateRequestData",
	task.Retry:          "c1.api.task.v1.TaskActionsService.RetryProvisioning",
	task.CompleteManual: "interim.v1.Tasks.CompleteProvision",
	task.FailManual:     "interim.v1.Tasks.FailProvision",
}

// taskPermissions tells the caller that they may see the task, and whether they may do anything with it: what, is in its actions.
func taskPermissions(seen task.Sight) *authorizationv1.ActorObjectPermissions {
	extra := map[string]bool{}
	for _, a := range seen.Actions {
		extra[string(a)] = true
	}
	return &authorizationv1.ActorObjectPermissions{Read: true, Edit: len(seen.Actions) > 0, Extra: extra}
}

// generations are the policies that tasks run under, as they were when the tasks took them.
func (d *Deps) generations(ctx context.Context, list []task.Task) (map[policy.GenerationID]*policy.Policy, error) {
	q, found := d.DB.Q(ctx), map[policy.GenerationID]*policy.Policy{}
	var ids []policy.ID
	for _, t := range list {
		if _, known := found[t.Generation]; known || t.Generation == "" {
			continue
		}
		p, err := d.Policies.Generation(q, t.Generation)
		if fault.Is(err, fault.NotFound) {
			found[t.Generation] = nil
			continue
		}
		if err != nil {
			return nil, err
		}
		p.UpdatedAt = p.CreatedAt // a saved state changes no more
		found[t.Generation], ids = &p, append(ids, p.ID)
	}
	if len(ids) == 0 {
		return found, nil
	}
	now, err := d.Policies.Many(q, ids)
	for _, p := range found {
		if p == nil {
			continue
		}
		p.Builtin = slices.ContainsFunc(now, func(v policy.Policy) bool { return v.ID == p.ID && v.Builtin })
	}
	return found, err
}

// wantedOf names what x asks for of tasks.
func wantedOf(x *Expander, list []task.Task, sights []task.Sight) read.Wanted {
	var w read.Wanted
	for i, t := range list {
		if x.Wants("app_id") {
			w.Apps = append(w.Apps, t.App)
		}
		if x.Wants("app_user_id") && t.Account != "" {
			w.Accounts = append(w.Accounts, app.AccountRef{AppID: t.App, ID: t.Account})
		}
		if x.Wants("app_entitlement_ids") && t.Entitlement != "" {
			w.Entitlements = append(w.Entitlements, app.EntitlementRef{AppID: t.App, ID: t.Entitlement})
		}
		if x.Wants("user_id") || x.Wants("identity_user_id") {
			w.Users = append(w.Users, t.Subject)
		}
		if x.Wants("created_by_user_id") {
			w.Users = append(w.Users, t.Opener)
		}
		if x.Wants("step_approver_ids") {
			w.Users = append(w.Users, sights[i].Users()...)
		}
		if x.Wants("approver_ids") {
			w.Users = append(w.Users, t.Approvers()...)
		}
	}
	return w
}

// task fills in where the expanded objects of a task are.
func (e expansion) task(v *taskv1.TaskView, t task.Task, seen task.Sight) {
	users := func(path string, list ...directory.UserID) string {
		if !e.x.Wants(path) {
			return ""
		}
		return paths(list, e.user)
	}
	v.AppPath = e.app(t.App)
	v.AppUserPath = e.account(app.AccountRef{AppID: t.App, ID: t.Account})
	v.EntitlementsPath = e.entitlement(app.EntitlementRef{AppID: t.App, ID: t.Entitlement})
	v.UserPath = users("user_id", t.Subject)
	v.IdentityUserPath = users("identity_user_id", t.Subject)
	v.CreatedByUserPath = users("created_by_user_id", t.Opener)
	v.StepApproversPath = users("step_approver_ids", seen.Users()...)
	v.ApproversPath = users("approver_ids", t.Approvers()...)
}
