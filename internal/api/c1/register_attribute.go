package c1

import (
	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	attributev1 "github.com/interim-access/interim/gen/c1/api/attribute/v1"
	directoryv1 "github.com/interim-access/interim/gen/c1/api/directory/v1"
)

// registerAttributes puts attributes, directories and bindings of entitlements on r.
func (d *Deps) registerAttributes(r grpc.ServiceRegistrar) {
	attributev1.RegisterAttributesServer(r, attributes{Deps: d})
	attributev1.RegisterAttributeSearchServer(r, attributeSearch{Deps: d})
	appv1.RegisterAppEntitlementsProxyServer(r, proxies{Deps: d})
	directoryv1.RegisterDirectoryServiceServer(r, directories{Deps: d})
}
