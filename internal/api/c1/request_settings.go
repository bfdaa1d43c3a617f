package c1

import (
	"context"

	settingsv1 "github.com/interim-access/interim/gen/c1/api/settings/v1"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
)

// requestSettings serves c1.api.settings.v1.RequestSettingsService.
type requestSettings struct {
	settingsv1.UnimplementedRequestSettingsServiceServer
	*Deps
}

// Get reads the settings.
func (s requestSettings) Get(ctx context.Context, _ *settingsv1.GetRequestSettingsRequest) (*settingsv1.GetRequestSettingsResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	v, err := s.Catalogs.RequestSettings(ctx)
	if err != nil {
		return nil, err
	}
	return &settingsv1.GetRequestSettingsResponse{RequestSettings: encodeRequestSettings(v)}, nil
}

// Update writes what the mask names.
func (s requestSettings) Update(
	ctx context.Context, req *settingsv1.UpdateRequestSettingsRequest,
) (*settingsv1.UpdateRequestSettingsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	m, err := UpdateMask("requestSettings", req.GetRequestSettings(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	v, err := s.Catalogs.SetRequestSettings(ctx, func(v *catalog.RequestSettings) {
		Set(m, "skip_justification", &v.SkipJustification, req.GetRequestSettings().GetSkipJustification())
	})
	if err != nil {
		return nil, err
	}
	return &settingsv1.UpdateRequestSettingsResponse{RequestSettings: encodeRequestSettings(v)}, nil
}

func encodeRequestSettings(v catalog.RequestSettings) *settingsv1.RequestSettings {
	return &settingsv1.RequestSettings{SkipJustification: v.SkipJustification}
}
