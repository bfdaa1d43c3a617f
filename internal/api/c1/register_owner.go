package c1

import (
	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
	userv2 "github.com/interim-access/interim/gen/c1/api/user/v2"
)

// registerOwners puts on r who owns what, in both versions.
func (d *Deps) registerOwners(r grpc.ServiceRegistrar) {
	appv1.RegisterAppOwnersServer(r, appOwners{Deps: d})
	appv1.RegisterAppEntitlementOwnersServer(r, ownersOfEntitlement{Deps: d})
	appv1.RegisterAppResourceOwnersServer(r, resourceOwners{Deps: d})
	appv2.RegisterAppOwnersServer(r, appOwnersV2{Deps: d})
	appv2.RegisterAppEntitlementOwnersServer(r, entitlementOwnersV2{Deps: d})
	appv2.RegisterAppResourceOwnersV2Server(r, resourceOwnersV2{Deps: d})
	appv2.RegisterConnectorOwnersServer(r, connectorOwnersV2{Deps: d})
	appv2.RegisterAppUserOwnersV2Server(r, accountOwnersV2{Deps: d})
	userv2.RegisterUserOwnersV2Server(r, userOwnersV2{Deps: d})
}
