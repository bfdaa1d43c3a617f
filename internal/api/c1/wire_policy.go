package c1

import (
	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	policyTypePrefix = "POLICY_TYPE_"
	policySlotPrefix = "POLICY_SCOPE_SLOT_"
)

// EncodePolicy shows a policy.
func EncodePolicy(p policy.Policy) *policyv1.Policy {
	v := &policyv1.Policy{
		Id:               KSUID(p.ID),
		DisplayName:      p.DisplayName,
		Description:      p.Description,
		Annotations:      p.Annotations,
		BaselinePolicyId: KSUID(p.BaselineID),
		PolicyType:       EnumValue[policyv1.PolicyType](policyv1.PolicyType_value, policyTypePrefix, p.Kind),
		PolicySteps:      map[string]*policyv1.PolicySteps{},
		Scope:            encodePolicyScope(p.Scope),
		SystemBuiltin:    p.Builtin,
		CreatedAt:        Moment(p.CreatedAt),
		UpdatedAt:        Moment(p.UpdatedAt),
		DeletedAt:        Moment(p.DeletedAt),
	}
	for key, steps := range p.Steps {
		v.PolicySteps[key] = &policyv1.PolicySteps{Steps: EncodePolicySteps(steps)}
	}
	for _, r := range p.Rules {
		rule := &policyv1.Rule{Condition: r.Condition}
		if r.PolicyID != "" {
			rule.Outcome = &policyv1.Rule_PolicyId{PolicyId: KSUID(r.PolicyID)}
		} else {
			rule.Outcome = &policyv1.Rule_StepKey{StepKey: r.StepKey}
		}
		v.Rules = append(v.Rules, rule)
	}
	if p.Remediates {
		v.PostActions = []*policyv1.PolicyPostActions{{
			Action: &policyv1.PolicyPostActions_CertifyRemediateImmediately{CertifyRemediateImmediately: p.Remediate},
		}}
	}
	return v
}

// encodePolicyScope shows a scope; none is an empty one, since the official TypeScript SDK has no null there.
func encodePolicyScope(s policy.Scope) *policyv1.PolicyScope {
	return &policyv1.PolicyScope{
		AppId: KSUID(s.App), AppEntitlementId: KSUID(s.Entitlement),
		Slot: EnumValue[policyv1.PolicyScopeSlot](policyv1.PolicyScopeSlot_value, policySlotPrefix, s.Slot),
	}
}

// policyBody is what a creation and an update have in common.
type policyBody interface {
	GetDisplayName() string
	GetDescription() string
	GetBaselinePolicyId() string
	GetPolicyType() policyv1.PolicyType
	GetPolicySteps() map[string]*policyv1.PolicySteps
	GetPostActions() []*policyv1.PolicyPostActions
	GetRules() []*policyv1.Rule
	GetScope() *policyv1.PolicyScope
	GetAnnotations() map[string]string
}

// decodePolicyBody reads what m names, all of it for nil, onto p. Fields are named without the wrapper, as upstream's own messages
// do.
func decodePolicyBody(req policyBody, m Mask, p *policy.Policy) error {
	wants := func(field string) bool { return m == nil || m[field] }
	var err error
	if wants("display_name") {
		p.DisplayName = req.GetDisplayName()
	}
	if wants("description") {
		p.Description = req.GetDescription()
	}
	if wants("policy_type") {
		if p.Kind, err = EnumName[policy.Kind]("policyType", policyTypePrefix, req.GetPolicyType()); err != nil {
			return err
		}
	}
	if wants("baseline_policy_id") {
		if p.BaselineID, err = policyRef("baselinePolicyId", req.GetBaselinePolicyId()); err != nil {
			return err
		}
	}
	if wants("policy_steps") {
		if p.Steps, err = decodePolicySteps(req.GetPolicySteps()); err != nil {
			return err
		}
	}
	if wants("rules") {
		if p.Rules, err = decodeRules(req.GetRules()); err != nil {
			return err
		}
	}
	if wants("post_actions") {
		if err := decodePostActions(req.GetPostActions(), p); err != nil {
			return err
		}
	}
	if wants("scope") {
		if p.Scope, err = decodePolicyScope(req.GetScope()); err != nil {
			return err
		}
	}
	if wants("annotations") {
		p.Annotations, err = app.Annotate(p.Annotations, req.GetAnnotations())
	}
	return err
}

func decodeRules(list []*policyv1.Rule) ([]policy.Rule, error) {
	if err := CheckList("rules", len(list), policy.MaxRules); err != nil {
		return nil, err
	}
	var out []policy.Rule
	for i, r := range list {
		rule := policy.Rule{Condition: r.GetCondition(), StepKey: r.GetStepKey()}
		if rule.StepKey == "" && r.GetPolicyId() == "" {
			rule.StepKey = r.GetPolicyKey() //nolint:staticcheck // the old name of stepKey, which clients still send
		}
		var err error
		if rule.PolicyID, err = policyRef(place("rules[%d].policyId", i), r.GetPolicyId()); err != nil {
			return nil, err
		}
		out = append(out, rule)
	}
	return out, nil
}

// decodePostActions reads what follows a decision: the one thing there is, once.
func decodePostActions(list []*policyv1.PolicyPostActions, p *policy.Policy) error {
	p.Remediates, p.Remediate = false, false
	if err := CheckList("postActions", len(list), 1); err != nil {
		return err
	}
	for _, a := range list {
		if _, ok := a.GetAction().(*policyv1.PolicyPostActions_CertifyRemediateImmediately); !ok {
			return fault.InvalidField("postActions[0]", "certifyRemediateImmediately is required")
		}
		p.Remediates, p.Remediate = true, a.GetCertifyRemediateImmediately()
	}
	return nil
}

func decodePolicyScope(v *policyv1.PolicyScope) (s policy.Scope, err error) {
	var errs [3]error
	s.App, errs[0] = refID[app.ID]("scope.appId", v.GetAppId())
	s.Entitlement, errs[1] = refID[app.EntitlementID]("scope.appEntitlementId", v.GetAppEntitlementId())
	s.Slot, errs[2] = EnumName[policy.ScopeSlot]("scope.slot", policySlotPrefix, v.GetSlot())
	return s, firstError(errs[:]...)
}

func policyRef(field, s string) (policy.ID, error) { return refID[policy.ID](field, s) }

// refID decodes an identity inside an object: one that is no object's is a mistake in that field, not a missing object.
func refID[T ~string](field, s string) (T, error) {
	v, err := OptionalID[T](field, "object", s)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField(field, "there is no such object")
	}
	return v, err
}
