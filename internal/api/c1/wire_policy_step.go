package c1

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// place names a field inside lists.
func place(format string, at ...any) string { return fmt.Sprintf(format, at...) }

// EncodePolicySteps shows a list of steps.
func EncodePolicySteps(steps []policy.Step) []*policyv1.PolicyStep {
	out := make([]*policyv1.PolicyStep, len(steps))
	for i, s := range steps {
		out[i] = EncodePolicyStep(s)
	}
	return out
}

// EncodePolicyStep shows a step of a policy.
func EncodePolicyStep(s policy.Step) *policyv1.PolicyStep {
	switch {
	case s.Approval != nil:
		return &policyv1.PolicyStep{Step: &policyv1.PolicyStep_Approval{Approval: EncodeApproval(*s.Approval)}}
	case s.Provision != nil:
		return &policyv1.PolicyStep{Step: &policyv1.PolicyStep_Provision{Provision: EncodeProvision(*s.Provision)}}
	case s.Accept != nil:
		return &policyv1.PolicyStep{Step: &policyv1.PolicyStep_Accept{Accept: &policyv1.Accept{AcceptMessage: s.Accept.Message}}}
	case s.Reject != nil:
		return &policyv1.PolicyStep{Step: &policyv1.PolicyStep_Reject{Reject: &policyv1.Reject{RejectMessage: s.Reject.Message}}}
	case s.Wait != nil:
		return &policyv1.PolicyStep{Step: &policyv1.PolicyStep_Wait{Wait: encodeWait(*s.Wait)}}
	}
	return &policyv1.PolicyStep{}
}

// EncodeProvision shows a provision step; without a way of its own with an empty one, since the official TypeScript SDK has no null
// there.
func EncodeProvision(p policy.Provision) *policyv1.Provision {
	v := &policyv1.Provision{ProvisionPolicy: encodePolicy(p.Doc), ProvisionTarget: &policyv1.ProvisionTarget{}}
	if v.GetProvisionPolicy() == nil {
		v.ProvisionPolicy = &policyv1.ProvisionPolicy{}
	}
	return v
}

func encodeWait(w policy.Wait) *policyv1.Wait {
	v := &policyv1.Wait{
		Name: w.Name, CommentOnFirstWait: w.CommentOnFirst, CommentOnTimeout: w.CommentOnTimeout, TimeoutDuration: span(w.Timeout),
	}
	switch {
	case w.Condition != "":
		v.Until = &policyv1.Wait_Condition{Condition: &policyv1.WaitCondition{Condition: w.Condition}}
	case w.Until != nil:
		v.Until = &policyv1.Wait_UntilTime{UntilTime: &policyv1.WaitUntilTime{
			Hours: w.Until.Hours, Minutes: w.Until.Minutes, Timezone: w.Until.Zone,
		}}
	default:
		v.Until = &policyv1.Wait_Duration{Duration: &policyv1.WaitDuration{Duration: span(w.Duration)}}
	}
	return v
}

// span shows a duration; null where it is zero.
func span(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func decodePolicySteps(lists map[string]*policyv1.PolicySteps) (map[string][]policy.Step, error) {
	if err := CheckList("policySteps", len(lists), policy.MaxLists); err != nil {
		return nil, err
	}
	out := make(map[string][]policy.Step, len(lists))
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		if err := CheckText("policySteps", key, policy.MaxKey); err != nil {
			return nil, err
		}
		if err := CheckList(place("policySteps.%s.steps", key), len(lists[key].GetSteps()), policy.MaxSteps); err != nil {
			return nil, err
		}
		out[key] = []policy.Step{}
		for i, s := range lists[key].GetSteps() {
			step, err := decodePolicyStep(place("policySteps.%s.steps[%d]", key, i), s)
			if err != nil {
				return nil, err
			}
			out[key] = append(out[key], step)
		}
	}
	return out, nil
}

func decodePolicyStep(field string, s *policyv1.PolicyStep) (out policy.Step, err error) {
	switch v := s.GetStep().(type) {
	case *policyv1.PolicyStep_Approval:
		out.Approval, err = decodeApproval(field+".approval", v.Approval)
	case *policyv1.PolicyStep_Provision:
		out.Provision = &policy.Provision{}
		out.Provision.Doc, err = decodePolicy(field+".provision.provisionPolicy", v.Provision.GetProvisionPolicy())
		if string(out.Provision.Doc) == "{}" {
			out.Provision.Doc = nil
		}
	case *policyv1.PolicyStep_Accept:
		out.Accept = &policy.Verdict{Message: v.Accept.GetAcceptMessage()}
	case *policyv1.PolicyStep_Reject:
		out.Reject = &policy.Verdict{Message: v.Reject.GetRejectMessage()}
	case *policyv1.PolicyStep_Wait:
		out.Wait, err = decodeWait(field+".wait", v.Wait)
	case *policyv1.PolicyStep_Form:
		err = notPossible(field, "form")
	case *policyv1.PolicyStep_Action:
		err = notPossible(field, "action")
	default:
		err = fault.InvalidField(field, "one of approval, provision, accept, reject and wait is required")
	}
	return out, err
}

// notPossible refuses a kind of step that tasks could not carry out, when the policy is saved and not when it is needed.
func notPossible(field, kind string) error {
	return fault.New(fault.Unimplemented, "%s: %s steps are not served yet; approval, provision, accept, reject and wait are", field, kind)
}

func decodeWait(field string, v *policyv1.Wait) (*policy.Wait, error) {
	w := &policy.Wait{Name: v.GetName(), CommentOnFirst: v.GetCommentOnFirstWait(), CommentOnTimeout: v.GetCommentOnTimeout()}
	var err error
	if w.Timeout, err = decodeSpan(field+".timeoutDuration", v.GetTimeoutDuration()); err != nil {
		return nil, err
	}
	switch u := v.GetUntil().(type) {
	case *policyv1.Wait_Condition:
		w.Condition = u.Condition.GetCondition()
		if w.Condition == "" {
			err = fault.InvalidField(field+".condition.condition", "is required")
		}
	case *policyv1.Wait_Duration:
		w.Duration, err = decodeSpan(field+".duration.duration", u.Duration.GetDuration())
		if err == nil && w.Duration <= 0 {
			err = fault.InvalidField(field+".duration.duration", "must be more than zero")
		}
	case *policyv1.Wait_UntilTime:
		w.Until = &policy.ClockTime{Hours: u.UntilTime.GetHours(), Minutes: u.UntilTime.GetMinutes(), Zone: u.UntilTime.GetTimezone()}
	default:
		err = fault.InvalidField(field, "one of condition, duration and untilTime is required")
	}
	return w, err
}

func decodeSpan(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.AsDuration() < 0 || d.AsDuration() > policy.MaxWait {
		return 0, fault.InvalidField(field, "must be more than zero and at most %d seconds", int64(policy.MaxWait/time.Second))
	}
	return d.AsDuration(), nil
}
