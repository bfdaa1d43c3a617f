package c1

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/anypb"

	directoryv1 "github.com/interim-access/interim/gen/c1/api/directory/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// directories serves c1.api.directory.v1.DirectoryService. Where people come from is the whole installation's: it takes a permission
// for all.
type directories struct {
	directoryv1.UnimplementedDirectoryServiceServer
	*Deps
}

// List lists the apps that people come from.
func (s directories) List(
	ctx context.Context, r *directoryv1.DirectoryServiceListRequest,
) (*directoryv1.DirectoryServiceListResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Apps(ctx, read.AppFilter{OnlyDirectories: true}, p.Request)
	if err != nil {
		return nil, err
	}
	out := &directoryv1.DirectoryServiceListResponse{NextPageToken: p.Token(found.Next)}
	for _, a := range found.Items {
		out.List = append(out.List, &directoryv1.DirectoryView{Directory: encodeDirectory(a)})
	}
	return out, nil
}

// Create makes an app a directory; see [app.Service.MakeDirectory].
func (s directories) Create(
	ctx context.Context, r *directoryv1.DirectoryServiceCreateRequest,
) (*directoryv1.DirectoryServiceCreateResponse, error) {
	appID, x, err := reachedDirectory(ctx, r.GetAppId(), "app", r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	m, err := decodeMatching(r.GetCelExpression(), r.GetMergeConfig())
	if err != nil {
		return nil, err
	}
	a, err := s.Apps.MakeDirectory(ctx, appID, m)
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.viewDirectory(ctx, x, a)
	return &directoryv1.DirectoryServiceCreateResponse{DirectoryView: view, Expanded: expanded}, err
}

// Get reads a directory.
func (s directories) Get(ctx context.Context, r *directoryv1.DirectoryServiceGetRequest) (*directoryv1.DirectoryServiceGetResponse, error) {
	appID, x, err := reachedDirectory(ctx, r.GetAppId(), "directory", nil)
	if err != nil {
		return nil, err
	}
	a, err := app.GetDirectory(s.DB.Q(ctx), appID)
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.viewDirectory(ctx, x, a)
	return &directoryv1.DirectoryServiceGetResponse{DirectoryView: view, Expanded: expanded}, err
}

// Update writes how a directory is read; see [app.Service.SetDirectory].
func (s directories) Update(
	ctx context.Context, r *directoryv1.DirectoryServiceUpdateRequest,
) (*directoryv1.DirectoryServiceUpdateResponse, error) {
	appID, x, err := reachedDirectory(ctx, r.GetAppId(), "directory", r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	m, err := decodeMatching(r.GetCelExpression(), r.GetMergeConfig())
	if err != nil {
		return nil, err
	}
	a, err := s.Apps.SetDirectory(ctx, appID, m)
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.viewDirectory(ctx, x, a)
	return &directoryv1.DirectoryServiceUpdateResponse{DirectoryView: view, Expanded: expanded}, err
}

// Delete makes an app a directory no more; see [app.Service.UnmakeDirectory].
func (s directories) Delete(
	ctx context.Context, r *directoryv1.DirectoryServiceDeleteRequest,
) (*directoryv1.DirectoryServiceDeleteResponse, error) {
	appID, _, err := reachedDirectory(ctx, r.GetAppId(), "directory", nil)
	if err != nil {
		return nil, err
	}
	if _, err := s.Apps.UnmakeDirectory(ctx, appID); err != nil {
		return nil, err
	}
	return &directoryv1.DirectoryServiceDeleteResponse{}, nil
}

func reachedDirectory(ctx context.Context, ksuid, kind string, mask *directoryv1.DirectoryExpandMask) (app.ID, *Expander, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return "", nil, err
	}
	appID, err := ID[app.ID]("appId", kind, ksuid)
	if err != nil {
		return "", nil, err
	}
	x, err := NewExpander(mask.GetPaths(), "app_id")
	return appID, x, err
}

// decodeMatching reads how the accounts of a directory find their users. Whether the expressions can be worked out is for the service.
func decodeMatching(filter *directoryv1.DirectoryAccountFilterCel, merge *directoryv1.DirectoryMergeConfig) (m app.Matching, err error) {
	m.Filter = filter.GetExpression()
	if filter != nil && strings.TrimSpace(m.Filter) == "" {
		return m, fault.InvalidField("celExpression.expression", "is required")
	}
	if err := CheckList("mergeConfig.matchCases", len(merge.GetMatchCases()), app.MaxMatchCases); err != nil {
		return m, err
	}
	for _, c := range merge.GetMatchCases() {
		m.Cases = append(m.Cases, app.MatchCase{Account: c.GetAppUserKeyCel(), User: c.GetUserKeyCel()})
	}
	return m, nil
}

func (d *Deps) viewDirectory(ctx context.Context, x *Expander, a app.App) (*directoryv1.DirectoryView, []*anypb.Any, error) {
	v := &directoryv1.DirectoryView{Directory: encodeDirectory(a)}
	if x.Wants("app_id") {
		list, err := d.encodeApps(ctx, a)
		if err != nil {
			return nil, nil, err
		}
		v.AppPath = x.Path("app/"+string(a.ID), list[0])
	}
	return v, x.List(), nil
}

// encodeDirectory shows an app as a directory. One that merges nothing is shown with an empty configuration: the official TypeScript SDK
// has no null there.
func encodeDirectory(a app.App) *directoryv1.Directory {
	since := a.DirectorySince()
	v := &directoryv1.Directory{
		MergeConfig:   &directoryv1.DirectoryMergeConfig{},
		AppId:         KSUID(a.ID),
		AccountFilter: &directoryv1.Directory_All{All: &directoryv1.DirectoryAccountFilterAll{}},
		CreatedAt:     Moment(since.CreatedAt),
		UpdatedAt:     Moment(since.UpdatedAt),
	}
	if since.Filter != "" {
		v.AccountFilter = &directoryv1.Directory_CelExpression{CelExpression: &directoryv1.DirectoryAccountFilterCel{Expression: since.Filter}}
	}
	for _, c := range since.Cases {
		v.MergeConfig.MatchCases = append(v.MergeConfig.MatchCases,
			&directoryv1.DirectoryMergeMatchCase{AppUserKeyCel: c.Account, UserKeyCel: c.User})
	}
	return v
}
