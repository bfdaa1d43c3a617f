package c1

import (
	"context"
	"time"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// taskSearch serves c1.api.task.v1.TaskSearchService.
type taskSearch struct {
	taskv1.UnimplementedTaskSearchServiceServer
	*Deps
}

// Search finds tasks; callers with own scope find their own.
func (s taskSearch) Search(ctx context.Context, r *taskv1.TaskSearchRequest) (*taskv1.TaskSearchResponse, error) {
	x, err := taskExpander(r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	f, err := taskFilter(r, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return nil, err
	}
	if know := knowing(ctx); !know.everybody || !know.everyAccount {
		f.OwnPerson, f.OwnAccounts = know.me, know.me
	}
	by, err := EnumName[read.TaskSort]("sortBy", "TASK_SEARCH_SORT_BY_", r.GetSortBy())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Tasks(ctx, f, by, p.Request)
	if err != nil {
		return nil, err
	}
	views, err := s.taskViews(ctx, x, found.Items)
	if err != nil {
		return nil, err
	}
	return &taskv1.TaskSearchResponse{List: views, Expanded: x.List(), NextPageToken: p.Token(found.Next)}, nil
}

// taskFilter decodes the filters of a search at a moment.
func taskFilter(r *taskv1.TaskSearchRequest, now time.Time) (read.TaskFilter, error) {
	f := read.TaskFilter{
		Query: r.GetQuery(), IncludeDeleted: r.GetIncludeDeleted(), WantsReason: r.GetRequireApprovalReason(),
		WantsDenial: r.GetRequireDenialReason(),
	}
	err := firstError(
		CheckText("query", f.Query, MaxQuery),
		taskFilterStage(r, &f), taskFilterEnds(r, &f), taskFilterTimes(r, &f, now), taskFilterPeople(r, &f), taskFilterObjects(r, &f),
	)
	return f, err
}

// taskFilterStage decodes which tasks, and where they stand.
func taskFilterStage(r *taskv1.TaskSearchRequest, f *read.TaskFilter) error {
	var errs [6]error
	refs := make([]string, len(r.GetRefs()))
	for i, one := range r.GetRefs() {
		refs[i] = one.GetId()
	}
	f.IDs, errs[0] = FilterIDs[task.ID]("refs.id", refs)
	f.ExcludeIDs, errs[1] = FilterIDs[task.ID]("excludeIds", r.GetExcludeIds())
	f.Kinds, errs[2] = taskKinds(r.GetTaskTypes())
	f.States, errs[3] = EnumNames[task.State]("taskStates", taskStatePrefix, r.GetTaskStates())
	// Nothing makes access reviews yet, so that no task is of one: whichever is asked for, nothing is found.
	f.Reviews, errs[5] = FilterIDs[string]("accessReviewIds", r.GetAccessReviewIds())
	f.Step, errs[4] = EnumName[string]("currentStep", "TASK_SEARCH_CURRENT_STEP_", r.GetCurrentStep())
	return firstError(append(errs[:], taskFilterFlags(r, f))...)
}

func taskFilterFlags(r *taskv1.TaskSearchRequest, f *read.TaskFilter) error {
	emergency, err := EnumName[string]("emergencyStatus", "", r.GetEmergencyStatus())
	if err != nil {
		return err
	}
	if emergency == "EMERGENCY" || emergency == "NON_EMERGENCY" {
		f.Emergency = new(emergency == "EMERGENCY")
	}
	pending, err := EnumName[string]("pendingActionFilter", "PENDING_ACTION_FILTER_", r.GetPendingActionFilter())
	if err != nil {
		return err
	}
	if pending != "" {
		f.Pending = new(pending == "WITH_PENDING")
	}
	kinds, err := EnumNames[string]("stepApprovalTypes", "STEP_APPROVAL_TYPE_", r.GetStepApprovalTypes())
	for _, k := range kinds {
		f.Approvals = append(f.Approvals, approverKinds[k])
	}
	return err
}

// approverKinds are the kinds of approval by their names in the filter. Of kind AGENT is none here, which matches nothing.
var approverKinds = map[string]policy.ApproverKind{
	"USERS": policy.Users, "MANAGER": policy.Manager, "APP_OWNERS": policy.AppOwners, "GROUP": policy.Group, "SELF": policy.Self,
	"ENTITLEMENT_OWNERS": policy.EntitlementOwners, "EXPRESSION": policy.Expression, "WEBHOOK": policy.Webhook,
	"RESOURCE_OWNERS": policy.ResourceOwners, "AGENT": nobody,
}

// taskKinds decodes a filter of types, of which only the member that is set counts. Tasks of types that are not served match nothing.
func taskKinds(list []*taskv1.TaskType) ([]task.Kind, error) {
	if err := CheckList("taskTypes", len(list), MaxFilter); err != nil {
		return nil, err
	}
	var out []task.Kind
	for _, t := range list {
		if err := checkEach("taskTypes", t.ProtoReflect(), shortText); err != nil {
			return nil, err
		}
		switch t.GetTaskType().(type) {
		case *taskv1.TaskType_Grant:
			out = append(out, task.Grant)
		case *taskv1.TaskType_Revoke:
			out = append(out, task.Revoke)
		case *taskv1.TaskType_Certify:
			out = append(out, task.Certify)
		case *taskv1.TaskType_Offboarding:
			out = append(out, task.Offboarding)
		case *taskv1.TaskType_Action, *taskv1.TaskType_Finding:
			out = append(out, nobody)
		default:
			return nil, fault.InvalidField("taskTypes", "one of grant, revoke, certify, offboarding, action and finding is required")
		}
	}
	return out, nil
}

// shortText limits a text that is not searched for but came along.
func shortText(field, s string) error { return CheckText(field, s, MaxQuery) }

func taskFilterEnds(r *taskv1.TaskSearchRequest, f *read.TaskFilter) error {
	var errs [3]error
	f.GrantEnds, errs[0] = EnumNames[task.Outcome]("grantOutcomes", grantOutcomePrefix, r.GetGrantOutcomes())
	f.RevokeEnds, errs[1] = EnumNames[task.Outcome]("revokeOutcomes", revokeOutcomePrefix, r.GetRevokeOutcomes())
	f.CertifyEnds, errs[2] = EnumNames[task.Outcome]("certifyOutcomes", certifyOutcomePrefix, r.GetCertifyOutcomes())
	return firstError(errs[:]...)
}

func taskFilterTimes(r *taskv1.TaskSearchRequest, f *read.TaskFilter, now time.Time) error {
	var errs [6]error
	f.CreatedAfter, errs[0] = Time("createdAfter", r.GetCreatedAfter())
	f.CreatedUntil, errs[1] = Time("createdBefore", r.GetCreatedBefore())
	f.OutcomeAfter, errs[2] = Time("outcomeAfter", r.GetOutcomeAfter())
	f.OutcomeUntil, errs[3] = Time("outcomeBefore", r.GetOutcomeBefore())
	f.ActedOn, errs[4] = Time("includeActedAfter", r.GetIncludeActedAfter())
	if d := r.GetOlderThanDuration(); d != nil {
		switch age := d.AsDuration(); {
		case d.CheckValid() != nil || age < 0 || age > task.MaxDuration:
			errs[5] = fault.InvalidField("olderThanDuration", "must be zero to %d days", task.MaxDuration/(24*time.Hour))
		case f.CreatedUntil.IsZero() || now.Add(-age).Before(f.CreatedUntil):
			f.CreatedUntil = now.Add(-age).Add(time.Microsecond) // at least that old
		}
	}
	if !f.ActedOn.IsZero() && len(r.GetMyWorkUserIds()) == 0 {
		return firstError(append(errs[:], fault.InvalidField("includeActedAfter", "adds to what myWorkUserIds finds, which is not set"))...)
	}
	return firstError(errs[:]...)
}

func taskFilterPeople(r *taskv1.TaskSearchRequest, f *read.TaskFilter) error {
	var errs [11]error
	f.Subjects, errs[0] = FilterIDs[directory.UserID]("subjectIds", r.GetSubjectIds())
	f.Openers, errs[1] = FilterIDs[directory.UserID]("openerIds", r.GetOpenerIds())
	f.Party, errs[2] = FilterID[directory.UserID]("openerOrSubjectUserId", r.GetOpenerOrSubjectUserId())
	f.Workers, errs[3] = workers("myWorkUserIds", r.GetMyWorkUserIds())
	f.Assigned, errs[4] = workers("assigneesInIds", r.GetAssigneesInIds())
	f.Decider, errs[5] = FilterID[directory.UserID]("assignedOrStepApproverUserId", r.GetAssignedOrStepApproverUserId())
	f.Actors, errs[6] = FilterIDs[directory.UserID]("previouslyActedOnIds", r.GetPreviouslyActedOnIds())
	f.Actor, errs[7] = FilterID[directory.UserID]("actorId", r.GetActorId())
	f.AccountOwners, errs[8] = FilterIDs[directory.UserID]("accountOwnerIds", r.GetAccountOwnerIds())
	errs[9] = CheckTexts("userEmploymentStatuses", r.GetUserEmploymentStatuses())
	f.Employments = r.GetUserEmploymentStatuses()
	return firstError(errs[:]...)
}

// workers decodes a filter on whom tasks wait for.
func workers(field string, list []string) ([]directory.UserID, error) {
	if err := CheckList(field, len(list), read.MaxWorkers); err != nil {
		return nil, err
	}
	return FilterIDs[directory.UserID](field, list)
}

func taskFilterObjects(r *taskv1.TaskSearchRequest, f *read.TaskFilter) error {
	var errs [10]error
	f.Apps, errs[0] = FilterIDs[app.ID]("applicationIds", r.GetApplicationIds())
	f.ExcludeApps, errs[1] = FilterIDs[app.ID]("excludeApplicationIds", r.GetExcludeApplicationIds())
	f.Entitlements, errs[2] = FilterIDs[app.EntitlementID]("appEntitlementIds", r.GetAppEntitlementIds())
	f.ExcludeEntitlements, errs[3] = FilterIDs[app.EntitlementID]("excludeAppEntitlementIds", r.GetExcludeAppEntitlementIds())
	f.Resources, errs[4] = FilterIDs[app.ResourceID]("appResourceIds", r.GetAppResourceIds())
	f.Types, errs[5] = FilterIDs[app.ResourceTypeID]("appResourceTypeIds", r.GetAppResourceTypeIds())
	f.ExcludeTypes, errs[6] = FilterIDs[app.ResourceTypeID]("excludeAppResourceTypeIds", r.GetExcludeAppResourceTypeIds())
	f.Accounts, errs[7] = FilterIDs[app.AccountID]("appUserSubjectIds", r.GetAppUserSubjectIds())
	f.AccountStatuses, errs[8] = EnumNames[app.AccountStatus]("accountStatuses", "STATUS_", r.GetAccountStatuses())
	f.AccountKinds, errs[9] = EnumNames[app.AccountKind, appv1.AppUserType]("accountTypes", accountTypePrefix, r.GetAccountTypes())
	return firstError(errs[:]...)
}
