package interim

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
)

// connectors serves interim.v1.Connectors.
type connectors struct {
	interimv1.UnimplementedConnectorsServer
	*c1.Deps
}

// Create ties an app to a target; see [sync.Service.Create].
func (s connectors) Create(ctx context.Context, r *interimv1.CreateConnectorRequest) (*interimv1.ConnectorResponse, error) {
	appID, err := managedApp(ctx, r.GetAppId())
	if err != nil {
		return nil, err
	}
	every, err := interval("syncEvery", r.GetSyncEvery())
	if err != nil {
		return nil, err
	}
	secret, err := sync.NewSecret(r.GetConnectionString(), r.GetCaCertificate())
	if err != nil {
		return nil, err
	}
	c, err := s.Deps.Sync.Create(ctx, appID, r.GetKind(), secret, sync.Settings{
		DisplayName: r.GetDisplayName(), SyncEvery: every, ResourceTypes: r.GetResourceTypeFilter(), Disabled: r.GetDisabled(),
	})
	return s.answer(ctx, c, err)
}

// List lists the connectors of an app, oldest first.
func (s connectors) List(ctx context.Context, r *interimv1.ListConnectorsRequest) (*interimv1.ListConnectorsResponse, error) {
	appID, err := managedApp(ctx, r.GetAppId())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Deps.Sync.Connectors(ctx, appID, p.Request)
	if err != nil {
		return nil, err
	}
	list, err := s.shown(ctx, found.Items)
	return &interimv1.ListConnectorsResponse{List: list, NextPageToken: p.Token(found.Next)}, err
}

// Get reads one connector.
func (s connectors) Get(ctx context.Context, r *interimv1.GetConnectorRequest) (*interimv1.ConnectorResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	c, err := s.Deps.Sync.Get(ctx, ref)
	return s.answer(ctx, c, err)
}

// Update changes the masked settings of a connector, and its connection string and certificates if they are given; see
// [sync.Service.Update].
func (s connectors) Update(ctx context.Context, r *interimv1.UpdateConnectorRequest) (*interimv1.ConnectorResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	mask, err := c1.UpdateMask("connector", r.GetConnector(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	every, err := interval("connector.syncEvery", r.GetConnector().GetSyncEvery())
	if err != nil {
		return nil, err
	}
	if err := s.sameKind(ctx, ref, r.GetConnector().GetKind(), mask); err != nil {
		return nil, err
	}
	secret, err := s.Deps.Sync.Secret(ctx, ref, r.GetConnectionString(), r.CaCertificate)
	if err != nil {
		return nil, err
	}
	c, err := s.Deps.Sync.Update(ctx, ref, secret, func(v *sync.Settings) {
		c1.Set(mask, "display_name", &v.DisplayName, r.GetConnector().GetDisplayName())
		c1.Set(mask, "sync_every", &v.SyncEvery, every)
		c1.Set(mask, "resource_type_filter", &v.ResourceTypes, r.GetConnector().GetResourceTypeFilter())
		c1.Set(mask, "disabled", &v.Disabled, r.GetConnector().GetDisabled())
	})
	return s.answer(ctx, c, err)
}

// sameKind refuses to change what kind of target a connector is for. A caller may send back what they read.
func (s connectors) sameKind(ctx context.Context, ref app.ConnectorRef, kind string, mask c1.Mask) error {
	if !mask["kind"] {
		return nil
	}
	c, err := s.Deps.Sync.Get(ctx, ref)
	if err == nil && c.Kind != kind {
		err = fault.InvalidField("connector.kind", "cannot be changed: add another connector")
	}
	return err
}

// Delete removes a connector; what it has read stays. See [sync.Service.Delete].
func (s connectors) Delete(ctx context.Context, r *interimv1.DeleteConnectorRequest) (*interimv1.ConnectorResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	c, err := s.Deps.Sync.Delete(ctx, ref)
	return s.answer(ctx, c, err)
}

// Check connects to the target; a target that cannot be used is an answer, not an error.
func (s connectors) Check(ctx context.Context, r *interimv1.CheckConnectorRequest) (*interimv1.CheckConnectorResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	ok, said, err := s.Deps.Sync.Check(ctx, ref)
	return &interimv1.CheckConnectorResponse{Ok: ok, Message: said}, err
}

// answerWithin is how long a caller waits for a run. It is shorter than a request may take.
const answerWithin = 20 * time.Second

// Sync reads the target now; how the run went is the answer, however it went. See [sync.Service.Now].
func (s connectors) Sync(ctx context.Context, r *interimv1.SyncConnectorRequest) (*interimv1.SyncConnectorResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	run, err := s.Deps.Sync.Now(ctx, ref, sync.Accept{Losses: r.GetAcceptLosses(), Target: r.GetAcceptTarget()})
	if err != nil {
		return nil, err
	}
	return &interimv1.SyncConnectorResponse{Sync: encodeRun(run)}, nil
}

// ListSyncs lists the runs of a connector, newest first.
func (s connectors) ListSyncs(ctx context.Context, r *interimv1.ListConnectorSyncsRequest) (*interimv1.ListConnectorSyncsResponse, error) {
	ref, err := managedConnector(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	runs, err := s.Deps.Sync.Runs(ctx, ref, p.Request)
	if err != nil {
		return nil, err
	}
	list := make([]*interimv1.ConnectorSync, len(runs.Items))
	for i, run := range runs.Items {
		list[i] = encodeRun(run)
	}
	return &interimv1.ListConnectorSyncsResponse{List: list, NextPageToken: p.Token(runs.Next)}, nil
}

func (s connectors) answer(ctx context.Context, c app.Connector, err error) (*interimv1.ConnectorResponse, error) {
	if err != nil {
		return nil, err
	}
	list, err := s.shown(ctx, []app.Connector{c})
	if err != nil {
		return nil, err
	}
	return &interimv1.ConnectorResponse{Connector: list[0]}, nil
}

// shown shows connectors with the newest run of each.
func (s connectors) shown(ctx context.Context, list []app.Connector) ([]*interimv1.Connector, error) {
	ids := make([]app.ConnectorID, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	last, err := s.Deps.Sync.LastRuns(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*interimv1.Connector, len(list))
	for i, c := range list {
		if out[i], err = encodeConnector(c); err != nil {
			return nil, err
		}
		if run, ok := last[c.ID]; ok {
			out[i].LastSync = encodeRun(run)
		} else if c.Status == app.ConnectorOK {
			out[i].Status = interimv1.ConnectorStatus_CONNECTOR_STATUS_UNSPECIFIED // not tried yet
		}
	}
	return out, nil
}

// ofConnector are the ids in the path of an operation on one connector.
type ofConnector interface {
	GetAppId() string
	GetId() string
}

// managedConnector reads which connector is meant; see managedApp.
func managedConnector(ctx context.Context, r ofConnector) (ref app.ConnectorRef, err error) {
	if ref.AppID, err = managedApp(ctx, r.GetAppId()); err != nil {
		return ref, err
	}
	ref.ID, err = c1.ID[app.ConnectorID]("id", "connector", r.GetId())
	return ref, err
}

// managedApp reads which app is meant. A connector reaches out with the server's own network, so that nobody works on one by owning an
// app: it takes a permission for all.
func managedApp(ctx context.Context, raw string) (app.ID, error) {
	appID, err := c1.ID[app.ID]("appId", "app", raw)
	if err != nil {
		return "", err
	}
	return appID, iam.RequireAll(ctx)
}

// interval reads how often; zero where it is null.
func interval(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.AsDuration() < 0 {
		return 0, fault.InvalidField(field, "must be a positive duration")
	}
	return d.AsDuration(), nil
}
