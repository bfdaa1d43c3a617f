package interim

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
)

// requestSettings serves interim.v1.RequestSettings.
type requestSettings struct {
	interimv1.UnimplementedRequestSettingsServer
	*c1.Deps
}

// registerRequestSettings puts on r what holds for all requests.
func registerRequestSettings(r grpc.ServiceRegistrar, d *c1.Deps) {
	interimv1.RegisterRequestSettingsServer(r, requestSettings{Deps: d})
}

// Get reads the settings.
func (s requestSettings) Get(ctx context.Context, _ *interimv1.GetRequestSettingsRequest) (*interimv1.RequestSettingsResponse, error) {
	if _, err := iam.OwnFilter(ctx); err != nil { // no secret among those who may ask at all
		return nil, err
	}
	v, err := s.Catalogs.RequestSettings(ctx)
	if err != nil {
		return nil, err
	}
	return encodeRequestSettings(v), nil
}

// Update writes what the mask names; see [catalog.Service.SetRequestSettings].
func (s requestSettings) Update(
	ctx context.Context, r *interimv1.UpdateRequestSettingsRequest,
) (*interimv1.RequestSettingsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	m, err := c1.UpdateMask("settings", r.GetSettings(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	wait, err := c1.Span("settings.maxWait", r.GetSettings().GetMaxWait())
	if err != nil {
		return nil, err
	}
	v, err := s.Catalogs.SetRequestSettings(ctx, func(v *catalog.RequestSettings) { c1.Set(m, "max_wait", &v.MaxWait, wait) })
	if err != nil {
		return nil, err
	}
	return encodeRequestSettings(v), nil
}

func encodeRequestSettings(v catalog.RequestSettings) *interimv1.RequestSettingsResponse {
	out := &interimv1.RequestSettingsValues{}
	if v.MaxWait > 0 {
		out.MaxWait = durationpb.New(v.MaxWait)
	}
	return &interimv1.RequestSettingsResponse{Settings: out}
}
