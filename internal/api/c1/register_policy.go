package c1

import (
	"google.golang.org/grpc"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
)

// registerPolicies puts on r the policies and what checks their expressions.
func (d *Deps) registerPolicies(r grpc.ServiceRegistrar) {
	policyv1.RegisterPoliciesServer(r, policies{Deps: d})
	policyv1.RegisterPolicySearchServer(r, policySearch{Deps: d})
	policyv1.RegisterPolicyValidateServer(r, policyValidate{Deps: d})
	policyv1.RegisterAccountProvisionPolicyTestServer(r, provisionTest{Deps: d})
}
