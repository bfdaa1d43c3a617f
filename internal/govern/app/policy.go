package app

import (
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// PolicyID is the identity of a policy: a UUIDv7 in text form.
type PolicyID string

// Chosen are the policies that an app or an entitlement chooses; empty: those of the app, or the built-in ones.
type Chosen struct {
	GrantPolicyID   PolicyID `json:"grantPolicyId,omitempty"`
	RevokePolicyID  PolicyID `json:"revokePolicyId,omitempty"`
	CertifyPolicyID PolicyID `json:"certifyPolicyId,omitempty"`
}

// Emergency says whether an entitlement can be had at once in an emergency, and which policy then decides.
type Emergency struct {
	EmergencyGrantEnabled  bool     `json:"emergencyGrantEnabled,omitempty"`
	EmergencyGrantPolicyID PolicyID `json:"emergencyGrantPolicyId,omitempty"`
}

// Policies knows the policies. It is asked inside the transaction that chooses one.
type Policies interface {
	// Choose answers Invalid about field unless the policy may decide on that kind of thing ("GRANT", "REVOKE", "CERTIFY") for the
	// app, or the entitlement in it, and keeps it from being deleted meanwhile.
	Choose(tx *db.Tx, field, kind string, policy string, of EntitlementRef) error
}

// Consult says who knows the policies. Only at start, before requests are served; until then none can be chosen.
func (s *Service) Consult(p Policies) { s.policies = p }

// choose checks the policies that are chosen anew.
func (s *Service) choose(tx *db.Tx, of EntitlementRef, before, after Chosen, was, is Emergency) error {
	for _, c := range []struct {
		field, kind string
		old, new    PolicyID
	}{
		{"grantPolicyId", "GRANT", before.GrantPolicyID, after.GrantPolicyID},
		{"revokePolicyId", "REVOKE", before.RevokePolicyID, after.RevokePolicyID},
		{"certifyPolicyId", "CERTIFY", before.CertifyPolicyID, after.CertifyPolicyID},
		{"emergencyGrantPolicyId", "GRANT", was.EmergencyGrantPolicyID, is.EmergencyGrantPolicyID},
	} {
		if c.new == c.old || c.new == "" {
			continue
		}
		if s.policies == nil {
			return fault.InvalidField(c.field, "there is no such policy")
		}
		if err := s.policies.Choose(tx, c.field, c.kind, string(c.new), of); err != nil {
			return err
		}
	}
	return nil
}
