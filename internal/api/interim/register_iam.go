package interim

import (
	"google.golang.org/grpc"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
)

// registerIAM puts on r what makes credentials and roles.
func registerIAM(r grpc.ServiceRegistrar, d *c1.Deps) {
	interimv1.RegisterRolesServer(r, roles{Deps: d})
	interimv1.RegisterPersonalClientsServer(r, personalClients{Deps: d})
	interimv1.RegisterApiTokensServer(r, apiTokens{Deps: d})
	interimv1.RegisterLoginLinksServer(r, loginLinks{Deps: d})
}
