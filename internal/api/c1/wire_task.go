package c1

import (
	"encoding/json"

	"google.golang.org/protobuf/types/known/structpb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

// The prefixes of the names of the values of enums, behind which stand the words that tasks keep.
const (
	taskActionPrefix     = "TASK_ACTION_TYPE_"
	taskOriginPrefix     = "TASK_ORIGIN_"
	taskStatePrefix      = "TASK_STATE_"
	taskProcessingPrefix = "TASK_PROCESSING_TYPE_"
	grantOutcomePrefix   = "GRANT_OUTCOME_"
	revokeOutcomePrefix  = "REVOKE_OUTCOME_"
	certifyOutcomePrefix = "CERTIFY_OUTCOME_"
	offboardingPrefix    = "OFFBOARDING_OUTCOME_"
)

// EncodeTask shows a task as the caller sees it now. p is the saved state of the policy it runs under, nil for none.
func EncodeTask(t task.Task, seen task.Sight, p *policy.Policy) *taskv1.Task {
	v := &taskv1.Task{
		Id:                 KSUID(t.ID),
		NumericId:          t.Number,
		DisplayName:        t.DisplayName,
		Description:        t.Description,
		State:              encodeTaskState(t.State),
		Processing:         EnumValue[taskv1.TaskProcessingType](taskv1.TaskProcessingType_value, taskProcessingPrefix, t.Processing),
		Type:               encodeTaskType(t),
		Origin:             EnumValue[taskv1.TaskOrigin](taskv1.TaskOrigin_value, taskOriginPrefix, t.Origin),
		EmergencyAccess:    t.Emergency,
		CreatedByUserId:    KSUID(t.Opener),
		UserId:             KSUID(t.Subject),
		StepApproverIds:    KSUIDs(seen.Users()),
		ApproverIds:        KSUIDs(t.Approvers()),
		CommentCount:       number(t.Comments),
		Data:               encodeRequestData(t.Data),
		PolicyGenerationId: KSUID(t.Generation),
		CreatedAt:          Moment(t.CreatedAt),
		UpdatedAt:          Moment(t.UpdatedAt),
		DeletedAt:          Moment(t.DeletedAt),
	}
	for _, a := range seen.Actions {
		v.Actions = append(v.Actions, EnumValue[taskv1.TaskActionType](taskv1.TaskActionType_value, taskActionPrefix, a))
	}
	if t.Kind != task.Offboarding {
		v.Policy = encodePolicyInstance(t, p)
	}
	if t.Kind == task.Revoke {
		v.RevocationTargets = []*taskv1.TaskRevocationTarget{{
			EntitlementRef: &appv1.AppEntitlementRef{AppId: KSUID(t.App), Id: KSUID(t.Entitlement)},
		}}
	}
	return v
}

func encodeTaskState(s task.State) taskv1.TaskState {
	return EnumValue[taskv1.TaskState](taskv1.TaskState_value, taskStatePrefix, s)
}

// encodeRequestData shows what was filled into the request's form; null for nothing.
func encodeRequestData(data json.RawMessage) *structpb.Struct {
	if len(data) == 0 {
		return nil
	}
	s := &structpb.Struct{}
	if s.UnmarshalJSON(data) != nil { // it was checked when it was taken
		return nil
	}
	return s
}

// encodeTaskType shows what a task is about, with its outcome: clients read that without asking whether it is there.
func encodeTaskType(t task.Task) *taskv1.TaskType {
	ended := Moment(t.OutcomeAt)
	switch t.Kind {
	case task.Grant:
		return &taskv1.TaskType{TaskType: &taskv1.TaskType_Grant{Grant: &taskv1.TaskTypeGrant{
			AppId: KSUID(t.App), AppEntitlementId: KSUID(t.Entitlement), AppUserId: KSUID(t.Account), IdentityUserId: KSUID(t.Subject),
			GrantDuration: span(t.Duration), Outcome: encodeGrantOutcome(t.Outcome), OutcomeTime: ended,
			Source: &taskv1.TaskGrantSource{
				ConversationId: t.Source.ConversationID, ExternalUrl: t.Source.ExternalURL, IntegrationId: t.Source.IntegrationID,
				RequestId: t.Source.RequestID, IsExtension: t.Extension,
			},
		}}}
	case task.Revoke:
		return &taskv1.TaskType{TaskType: &taskv1.TaskType_Revoke{Revoke: &taskv1.TaskTypeRevoke{
			AppId: KSUID(t.App), AppEntitlementId: KSUID(t.Entitlement), AppUserId: KSUID(t.Account), IdentityUserId: KSUID(t.Subject),
			Outcome: encodeRevokeOutcome(t.Outcome), OutcomeTime: ended, Source: encodeRevokeSource(t),
		}}}
	case task.Certify:
		return &taskv1.TaskType{TaskType: &taskv1.TaskType_Certify{Certify: &taskv1.TaskTypeCertify{
			AppId: KSUID(t.App), AppEntitlementId: KSUID(t.Entitlement), AppUserId: KSUID(t.Account), IdentityUserId: KSUID(t.Subject),
			AccessReviewId: KSUID(t.Source.Review), Outcome: encodeCertifyOutcome(t.Outcome), OutcomeTime: ended,
		}}}
	case task.Offboarding:
		return &taskv1.TaskType{TaskType: &taskv1.TaskType_Offboarding{Offboarding: &taskv1.TaskTypeOffboarding{
			SubjectUserId: KSUID(t.Subject), OutcomeTime: ended,
			Outcome: EnumValue[taskv1.OffboardingOutcome](taskv1.OffboardingOutcome_value, offboardingPrefix, t.Outcome),
		}}}
	}
	return nil
}

func encodeGrantOutcome(o task.Outcome) taskv1.GrantOutcome {
	return EnumValue[taskv1.GrantOutcome](taskv1.GrantOutcome_value, grantOutcomePrefix, o)
}

func encodeRevokeOutcome(o task.Outcome) taskv1.RevokeOutcome {
	return EnumValue[taskv1.RevokeOutcome](taskv1.RevokeOutcome_value, revokeOutcomePrefix, o)
}

func encodeCertifyOutcome(o task.Outcome) taskv1.CertifyOutcome {
	return EnumValue[taskv1.CertifyOutcome](taskv1.CertifyOutcome_value, certifyOutcomePrefix, o)
}

// encodeRevokeSource shows why access is taken: its end came, a review decided so, or somebody asked.
func encodeRevokeSource(t task.Task) *taskv1.TaskRevokeSource {
	switch {
	case !t.Source.ExpiredAt.IsZero():
		return &taskv1.TaskRevokeSource{Origin: &taskv1.TaskRevokeSource_Expired{
			Expired: &taskv1.TaskRevokeSourceExpired{ExpiredAt: Moment(t.Source.ExpiredAt)},
		}}
	case t.Source.Review != "":
		return &taskv1.TaskRevokeSource{Origin: &taskv1.TaskRevokeSource_Review{
			Review: &taskv1.TaskRevokeSourceReview{AccessReviewId: KSUID(t.Source.Review), CertTicketId: KSUID(t.Source.CertTask)},
		}}
	}
	by := t.Source.RequestedBy
	if by == "" {
		by = t.Opener
	}
	return &taskv1.TaskRevokeSource{Origin: &taskv1.TaskRevokeSource_Request{
		Request: &taskv1.TaskRevokeSourceRequest{RequestUserId: KSUID(by)},
	}}
}
