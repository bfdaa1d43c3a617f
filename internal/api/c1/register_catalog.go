package c1

import (
	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	requestschemav1 "github.com/interim-access/interim/gen/c1/api/request_schema/v1"
	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	settingsv1 "github.com/interim-access/interim/gen/c1/api/settings/v1"
)

// registerCatalogs puts on r what can be asked for: catalogs, forms, defaults and settings of requests.
func (d *Deps) registerCatalogs(r grpc.ServiceRegistrar) {
	requestcatalogv1.RegisterRequestCatalogManagementServiceServer(r, catalogs{Deps: d})
	requestcatalogv1.RegisterRequestCatalogSearchServiceServer(r, catalogSearch{Deps: d})
	requestschemav1.RegisterRequestSchemaServiceServer(r, requestSchemas{Deps: d})
	appv1.RegisterAppAccessRequestsDefaultsServiceServer(r, requestDefaults{Deps: d})
	settingsv1.RegisterRequestSettingsServiceServer(r, requestSettings{Deps: d})
}
