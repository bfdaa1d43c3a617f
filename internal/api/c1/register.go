package c1

import (
	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

// Register puts every service of this door on r: the gRPC server and the JSON
// gateway alike, which therefore serve the same handlers.
func (d *Deps) Register(r grpc.ServiceRegistrar) {
	r = Spelled(r)
	appv1.RegisterAppsServer(r, apps{Deps: d})
	appv1.RegisterAppSearchServer(r, appSearch{Deps: d})
	appv1.RegisterAppResourceTypeServiceServer(r, resourceTypes{Deps: d})
	appv1.RegisterAppResourceServiceServer(r, resources{Deps: d})
	appv1.RegisterAppResourceSearchServer(r, resourceSearch{Deps: d})
	appv1.RegisterAppEntitlementsServer(r, entitlements{Deps: d})
	appv1.RegisterAppEntitlementSearchServiceServer(r, entitlementSearch{Deps: d})
	appv1.RegisterAppUserServiceServer(r, appUsers{Deps: d})
	appv1.RegisterAppEntitlementUserBindingServiceServer(r, bindings{Deps: d})
	d.registerIAM(r)
	d.registerUsers(r)
	d.registerWebhooks(r)
	d.registerOwners(r)
	d.registerPolicies(r)
	d.registerAttributes(r)
	d.registerTasks(r)
	d.registerCatalogs(r)
}
