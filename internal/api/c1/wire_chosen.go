package c1

import "github.com/interim-access/interim/internal/govern/app"

// chooser is what chooses policies: an app or an entitlement, made or changed.
type chooser interface {
	GetGrantPolicyId() string
	GetRevokePolicyId() string
	GetCertifyPolicyId() string
}

// decodeChosen reads the policies chosen, those that m names; all of them for nil.
func decodeChosen(req chooser, m Mask, c *app.Chosen) error {
	for _, f := range []struct {
		name, field, id string
		to              *app.PolicyID
	}{
		{"grant_policy_id", "grantPolicyId", req.GetGrantPolicyId(), &c.GrantPolicyID},
		{"revoke_policy_id", "revokePolicyId", req.GetRevokePolicyId(), &c.RevokePolicyID},
		{"certify_policy_id", "certifyPolicyId", req.GetCertifyPolicyId(), &c.CertifyPolicyID},
	} {
		if m != nil && !m[f.name] {
			continue
		}
		v, err := refID[app.PolicyID](f.field, f.id)
		if err != nil {
			return err
		}
		*f.to = v
	}
	return nil
}

func setChosen(m Mask, to *app.Chosen, v app.Chosen) {
	Set(m, "grant_policy_id", &to.GrantPolicyID, v.GrantPolicyID)
	Set(m, "revoke_policy_id", &to.RevokePolicyID, v.RevokePolicyID)
	Set(m, "certify_policy_id", &to.CertifyPolicyID, v.CertifyPolicyID)
}
