package c1_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	webhooksv1 "github.com/interim-access/interim/gen/c1/webhooks/v1"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/id"
)

// What receivers build from the contract's messages is understood, in either spelling.
func TestAnswersMadeOfTheContractsMessagesAreRead(t *testing.T) {
	type (
		approval  = webhooksv1.ResponsePolicyApprovalStep
		provision = webhooksv1.ResponseProvisionStep
	)
	for want, m := range map[webhook.Verdict]proto.Message{
		webhook.Approve: &approval{Version: "v1", Action: &webhooksv1.ResponsePolicyApprovalStep_Approve{
			Approve: &webhooksv1.ResponsePolicyApprovalStep_ResponsePolicyApprovalStepApprove{Comment: "c"},
		}},
		webhook.Deny: &approval{Action: &webhooksv1.ResponsePolicyApprovalStep_Deny{
			Deny: &webhooksv1.ResponsePolicyApprovalStep_ResponsePolicyApprovalStepDeny{Comment: "c"},
		}},
		webhook.Reassign: &approval{Action: &webhooksv1.ResponsePolicyApprovalStep_Reassign{
			Reassign: &webhooksv1.ResponsePolicyApprovalStep_ResponsePolicyApprovalStepReassign{Comment: "c", NewStepUserIds: []string{id.KSUID(id.Static("x"))}},
		}},
		webhook.ReplacePolicy: &approval{Action: &webhooksv1.ResponsePolicyApprovalStep_ReplacePolicy{
			ReplacePolicy: &webhooksv1.ResponsePolicyApprovalStep_ResponsePolicyApprovalReplacePolicy{Comment: "c", PolicySteps: []*policyv1.PolicyStep{{}}},
		}},
		webhook.Complete: &provision{Outcome: &webhooksv1.ResponseProvisionStep_Complete{
			Complete: &webhooksv1.ResponseProvisionStep_ResponseProvisionStepComplete{Comment: "c"},
		}},
		webhook.Errored: &provision{Outcome: &webhooksv1.ResponseProvisionStep_Errored{
			Errored: &webhooksv1.ResponseProvisionStep_ResponseProvisionStepErrored{Comment: "c"},
		}},
	} {
		event := webhook.EventApproval
		if _, ok := m.(*provision); ok {
			event = webhook.EventProvision
		}
		for _, o := range []protojson.MarshalOptions{{}, {UseProtoNames: true}, {EmitUnpopulated: true}} {
			body, err := o.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if a, err := webhook.ParseAnswer(event, body); err != nil || a.Verdict != want || a.Comment != "c" {
				t.Errorf("%s: %+v, %v", body, a, err)
			}
		}
	}
}

func TestTheNamesOfEventsAreThoseOfTheirPayloads(t *testing.T) {
	for event, m := range map[webhook.Event]proto.Message{
		webhook.EventTest: &webhooksv1.PayloadTest{}, webhook.EventApproval: &webhooksv1.PayloadPolicyApprovalStep{},
		webhook.EventPostAction: &webhooksv1.PayloadPolicyPostAction{}, webhook.EventProvision: &webhooksv1.PayloadProvisionStep{},
	} {
		a, err := anypb.New(m)
		if err != nil || a.GetTypeUrl() != "type.googleapis.com/"+string(event) {
			t.Errorf("%s: %s, %v", event, a.GetTypeUrl(), err)
		}
	}
}
