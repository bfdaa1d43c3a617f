package interim

import (
	"google.golang.org/grpc"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
)

// Register puts every service of this door on r: the gRPC server and the JSON gateway alike.
func Register(r grpc.ServiceRegistrar, d *c1.Deps) {
	r = c1.Spelled(r)
	interimv1.RegisterUsersServer(r, users{Deps: d})
	interimv1.RegisterAccountsServer(r, accounts{Deps: d})
	interimv1.RegisterGrantsServer(r, grants{Deps: d})
	interimv1.RegisterAccessServer(r, access{Deps: d})
	interimv1.RegisterConnectorsServer(r, connectors{Deps: d})
	interimv1.RegisterDelegationsServer(r, delegations{Deps: d})
	interimv1.RegisterOnCallSchedulesServer(r, onCallSchedules{Deps: d})
	registerIAM(r, d)
	registerNotifications(r, d)
	registerTasks(r, d)
	registerRequestSettings(r, d)
}
