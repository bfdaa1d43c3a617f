package c1

import (
	"context"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	webhooksv1 "github.com/interim-access/interim/gen/c1/webhooks/v1"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

var _ webhook.Words = (*Deps)(nil)

// enveloped is how many bytes of a message are left to its envelope and its type.
const enveloped = 4096

// WebhookPayload implements [webhook.Words]: the task as the API shows it, with all that its paths may name. A receiver is whom
// administrators chose to decide or to provision, and is shown what they would be. What does not fit into a message goes without the
// related objects.
func (d *Deps) WebhookPayload(ctx context.Context, m webhook.Delivery) (json.RawMessage, error) {
	id, _, ours := task.OfDelivery(m)
	if !ours {
		return nil, fault.New(fault.Invalid, "nobody knows what the message is about")
	}
	t, err := d.Tasks.Get(ctx, string(id))
	if err != nil {
		return nil, err
	}
	everything := knowledge{everybody: true, everyAccount: true, ofRole: true, policies: true}
	for _, paths := range [][]string{{"*"}, nil} {
		x, err := NewExpander(paths, taskPaths...)
		if err != nil {
			return nil, err
		}
		views, err := d.taskViewsFor(ctx, everything, x, []task.Task{t})
		if err != nil {
			return nil, err
		}
		payload, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(payloadOf(m.Event, views[0], x.List()))
		if err != nil || len(payload) < webhook.MaxBody-enveloped || len(paths) == 0 {
			return payload, err
		}
	}
	return nil, nil
}

func payloadOf(event webhook.Event, v *taskv1.TaskView, expanded []*anypb.Any) proto.Message {
	switch event {
	case webhook.EventApproval:
		return &webhooksv1.PayloadPolicyApprovalStep{TaskView: v, Expanded: expanded}
	case webhook.EventPostAction:
		return &webhooksv1.PayloadPolicyPostAction{TaskView: v, Expanded: expanded}
	default:
		return &webhooksv1.PayloadProvisionStep{TaskView: v, Expanded: expanded}
	}
}

// WebhookSteps implements [webhook.Words].
func (d *Deps) WebhookSteps(ctx context.Context, m webhook.Delivery, steps json.RawMessage) (json.RawMessage, error) {
	const field = "replacePolicy.policySteps"
	id, _, ours := task.OfDelivery(m)
	if !ours {
		return nil, fault.InvalidField("replacePolicy", "is no answer to this message")
	}
	t, err := d.Tasks.Get(ctx, string(id))
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(steps, &list); err != nil {
		return nil, fault.InvalidField(field, "cannot be read")
	}
	plan := make([]policy.Step, len(list))
	for i, raw := range list {
		at, s := place("%s[%d]", field, i), &policyv1.PolicyStep{}
		if err := protojson.Unmarshal(raw, s); err != nil {
			return nil, fault.InvalidField(at, "is no step of a policy")
		}
		plan[i], err = decodePolicyStep(at, s)
		if fault.Is(err, fault.Unimplemented) { // whoever answers is told that they cannot, like of any other step that is not possible
			err = fault.InvalidField(at, "is of a kind that is not served yet")
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.Policies.CheckSteps(ctx, t.PolicyKind(), field, plan); err != nil {
		return nil, err
	}
	return json.Marshal(plan) //nolint:musttag // references to entitlements have no tags
}
