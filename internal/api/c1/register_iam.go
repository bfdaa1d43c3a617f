package c1

import (
	"google.golang.org/grpc"

	authv1 "github.com/interim-access/interim/gen/c1/api/auth/v1"
	iamv1 "github.com/interim-access/interim/gen/c1/api/iam/v1"
)

// registerIAM puts on r who the caller is, credentials and roles.
func (d *Deps) registerIAM(r grpc.ServiceRegistrar) {
	authv1.RegisterAuthServer(r, auth{Deps: d})
	iamv1.RegisterPersonalClientServiceServer(r, personalClients{Deps: d})
	iamv1.RegisterPersonalClientSearchServiceServer(r, personalClientSearch{Deps: d})
	iamv1.RegisterRolesServer(r, roles{Deps: d})
}
