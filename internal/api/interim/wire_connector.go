package interim

import (
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/sync"
)

// encodeConnector shows a connector without what opens its target.
func encodeConnector(c app.Connector) (*interimv1.Connector, error) {
	settings, err := sync.SettingsOf(c)
	if err != nil {
		return nil, err
	}
	v := &interimv1.Connector{
		Id: c1.KSUID(c.ID), AppId: c1.KSUID(c.AppID), Kind: c.Kind, DisplayName: c.DisplayName,
		ResourceTypeFilter: settings.ResourceTypes,
		Status:             c1.EnumValue[interimv1.ConnectorStatus](interimv1.ConnectorStatus_value, "CONNECTOR_STATUS_", c.Status),
		StatusText:         c.StatusText,
		Disabled:           settings.Disabled,
		CreatedAt:          c1.Moment(c.CreatedAt), UpdatedAt: c1.Moment(c.UpdatedAt), DeletedAt: c1.Moment(c.DeletedAt),
	}
	if c.SyncEvery > 0 {
		v.SyncEvery = durationpb.New(c.SyncEvery)
	}
	return v, nil
}

// encodeRun shows one reading of a target.
func encodeRun(r sync.Run) *interimv1.ConnectorSync {
	return &interimv1.ConnectorSync{
		Id: c1.KSUID(r.ID), AppId: c1.KSUID(r.Connector.AppID), ConnectorId: c1.KSUID(r.Connector.ID),
		State:     c1.EnumValue[interimv1.ConnectorSync_State](interimv1.ConnectorSync_State_value, "STATE_", strings.ToUpper(string(r.State))),
		StartedAt: c1.Moment(r.StartedAt), FinishedAt: c1.Moment(r.FinishedAt),
		AccountsSeen: int32(r.Accounts), ResourcesSeen: int32(r.Resources),
		EntitlementsSeen: int32(r.Entitlements),
		GrantsSeen:       int32(r.Grants), GrantsAdded: int32(r.Added), GrantsRemoved: int32(r.Removed),
		Message: r.Message,
	}
}
