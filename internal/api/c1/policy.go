package c1

import (
	"context"

	editorv1 "github.com/interim-access/interim/gen/c1/api/editor/v1"
	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
)

// policies serves c1.api.policy.v1.Policies.
type policies struct {
	policyv1.UnimplementedPoliciesServer
	*Deps
}

// List lists the live policies without a scope.
func (s policies) List(ctx context.Context, req *policyv1.ListPolicyRequest) (*policyv1.ListPolicyResponse, error) {
	list, token, err := s.pageOfPolicies(ctx, req, policy.Filter{})
	return &policyv1.ListPolicyResponse{List: list, NextPageToken: token}, err
}

func (d *Deps) pageOfPolicies(ctx context.Context, req Paged, f policy.Filter) ([]*policyv1.Policy, string, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, "", err
	}
	p, err := d.Page(req)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Policies.Search(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	list := make([]*policyv1.Policy, len(found.Items))
	for i, v := range found.Items {
		list[i] = EncodePolicy(v)
	}
	return list, p.Token(found.Next), nil
}

// Create makes a policy.
func (s policies) Create(ctx context.Context, req *policyv1.CreatePolicyRequest) (*policyv1.CreatePolicyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	var p policy.Policy
	if err := decodePolicyBody(req, nil, &p); err != nil {
		return nil, err
	}
	p, err := s.Policies.Create(ctx, p)
	if err != nil {
		return nil, err
	}
	return &policyv1.CreatePolicyResponse{Policy: EncodePolicy(p)}, nil
}

// Get reads a policy, a deleted one too.
func (s policies) Get(ctx context.Context, req *policyv1.GetPolicyRequest) (*policyv1.GetPolicyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	policyID, err := ID[policy.ID]("id", "policy", req.GetId())
	if err != nil {
		return nil, err
	}
	p, err := s.Policies.Get(ctx, policyID)
	if err != nil {
		return nil, err
	}
	return &policyv1.GetPolicyResponse{Policy: EncodePolicy(p)}, nil
}

// Update writes what the mask names.
func (s policies) Update(ctx context.Context, req *policyv1.UpdatePolicyRequest) (*policyv1.UpdatePolicyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	m, err := UpdateMask("policy", req.GetPolicy(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	policyID, err := ID[policy.ID]("policy.id", "policy", req.GetPolicy().GetId())
	if err != nil {
		return nil, err
	}
	p, err := s.Policies.Update(ctx, policyID, func(p *policy.Policy) error { return decodePolicyBody(req.GetPolicy(), m, p) })
	if err != nil {
		return nil, err
	}
	return &policyv1.UpdatePolicyResponse{Policy: EncodePolicy(p)}, nil
}

// Delete deletes a policy that nothing refers to.
func (s policies) Delete(ctx context.Context, req *policyv1.DeletePolicyRequest) (*policyv1.DeletePolicyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	policyID, err := ID[policy.ID]("id", "policy", req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.Policies.Delete(ctx, policyID); err != nil {
		return nil, err
	}
	return &policyv1.DeletePolicyResponse{}, nil
}

// policyValidate serves c1.api.policy.v1.PolicyValidate.
type policyValidate struct {
	policyv1.UnimplementedPolicyValidateServer
	*Deps
}

// ValidateCEL says what is wrong with an expression.
func (s policyValidate) ValidateCEL(ctx context.Context, req *policyv1.EditorValidateRequest) (*policyv1.EditorValidateResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	reply := &policyv1.EditorValidateResponse{}
	for _, m := range s.Policies.Validate(req.GetText()) {
		reply.Markers = append(reply.Markers, &editorv1.EditorMarker{
			Severity: editorv1.EditorMarker_ERROR, Message: m.Message, StartLineNumber: number(m.StartLine), StartColumn: number(m.StartColumn),
			EndLineNumber: number(m.EndLine), EndColumn: number(m.EndColumn),
		})
	}
	return reply, nil
}

// number is a line or column, of which no text that is taken has more than fit.
func number(n int) int32 { return int32(min(n, 1<<30)) }

// provisionTest serves c1.api.policy.v1.AccountProvisionPolicyTest.
type provisionTest struct {
	policyv1.UnimplementedAccountProvisionPolicyTestServer
	*Deps
}

// Test works an expression of account provisioning out, with the caller as the subject.
func (s provisionTest) Test(
	ctx context.Context, req *policyv1.TestAccountProvisionPolicyRequest,
) (*policyv1.TestAccountProvisionPolicyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	me, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	subject, err := directory.Get(s.DB.Q(ctx), me.UserID)
	if err != nil {
		return nil, err
	}
	typ, value, err := s.Policies.Try(ctx, req.GetCel(), policy.Facts{Subject: subject})
	if err != nil {
		return nil, err
	}
	return &policyv1.TestAccountProvisionPolicyResponse{Type: typ, Value: value}, nil
}
