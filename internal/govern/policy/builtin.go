package policy

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// BuiltinID is the built-in policy of a kind: what decides where neither the entitlement nor its app chooses.
func BuiltinID(kind Kind) ID { return ID(id.Static("policy.builtin." + string(kind))) }

func builtins() []Policy {
	owners := Step{Approval: &Approval{Kind: AppOwners, AllowDelegation: true, AllowReassignment: true}}
	carry := Step{Provision: &Provision{}}
	of := func(kind Kind, name, description string, steps ...Step) Policy {
		return Policy{
			ID: BuiltinID(kind), Kind: kind, DisplayName: name, Description: description, Builtin: true,
			Generation: GenerationID(id.Static("policy.builtin.generation.1." + string(kind))),
			Steps:      map[string][]Step{kind.Baseline(): steps},
		}
	}
	return []Policy{
		of(Grant, "App owner approval", "The owners of the app decide, then the access is given.", owners, carry),
		of(Revoke, "Revoke at once", "The access is taken without asking anybody.", Step{Accept: &Verdict{}}, carry),
		of(Certify, "App owner review", "The owners of the app decide whether the access stays.", owners),
	}
}

// Ensure makes the built-in policies that are not there. Several servers may do so at once.
func (s *Service) Ensure(ctx context.Context) error {
	for _, p := range builtins() {
		if _, err := get(s.DB.Q(ctx), p.ID); err == nil || !fault.Is(err, fault.NotFound) {
			if err != nil {
				return err
			}
			continue
		}
		p.CreatedAt = s.Clock.Now()
		p.UpdatedAt = p.CreatedAt
		if err := s.DB.Write(ctx, func(tx *db.Tx) error {
			made, err := insert(tx, p)
			if err != nil || !made {
				return err
			}
			return s.Audit.Record(tx, audit.System(), event(p, "policy.created", audit.Create, "made the built-in policy "+p.DisplayName))
		}); err != nil {
			return err
		}
	}
	return nil
}

// For is the policy that decides on an entitlement of an app: its own, else its app's, else the built-in one. For an emergency it is
// the entitlement's emergency policy, or where none is chosen the one that decides otherwise; Precondition where the entitlement
// allows no emergency access.
func (*Service) For(e app.Entitlement, in app.App, kind Kind, emergency bool) (ID, error) {
	var own, apps app.PolicyID
	switch kind {
	case Grant:
		own, apps = e.GrantPolicyID, in.GrantPolicyID
	case Revoke:
		own, apps = e.RevokePolicyID, in.RevokePolicyID
	case Certify:
		own, apps = e.CertifyPolicyID, in.CertifyPolicyID
	default:
		return "", fault.New(fault.Invalid, "there are no policies of type %s", kind)
	}
	switch {
	case emergency && (!e.EmergencyGrantEnabled || kind != Grant):
		return "", fault.New(fault.Precondition, "the entitlement allows no emergency access")
	case emergency && e.EmergencyGrantPolicyID != "":
		return ID(e.EmergencyGrantPolicyID), nil
	case own != "":
		return ID(own), nil
	case apps != "":
		return ID(apps), nil
	}
	return BuiltinID(kind), nil
}

// Choose answers Invalid about field unless the policy may be chosen for that kind of decision: it is live, of the kind, and its
// scope, if it has one, is not another object's. It makes sure that the policy is not deleted in the same moment.
func (s *Service) Choose(tx *db.Tx, field, kind string, policy string, of app.EntitlementRef) error {
	if err := lock(tx); err != nil {
		return err
	}
	if err := usable(tx, field, Kind(kind), ID(policy)); err != nil {
		return err
	}
	p, err := live(tx, ID(policy))
	if err == nil && p.Scope.App != "" && (p.Scope.App != of.AppID || p.Scope.Entitlement != "" && p.Scope.Entitlement != of.ID) {
		err = fault.InvalidField(field, "is the own policy of another object")
	}
	return err
}
