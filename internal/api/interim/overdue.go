package interim

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
)

// SearchOverdue lists the grants past their end that their targets may still honour; see [read.Service.Overdue].
func (s grants) SearchOverdue(
	ctx context.Context, r *interimv1.SearchOverdueGrantsRequest,
) (*interimv1.SearchOverdueGrantsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	apps, err := c1.FilterIDs[app.ID]("appIds", r.GetAppIds())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Overdue(ctx, apps, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.SearchOverdueGrantsResponse{NextPageToken: p.Token(found.Next)}
	for _, o := range found.Items {
		out.List = append(out.List, &interimv1.OverdueGrant{
			Binding: c1.EncodeBinding(o.Grant, o.Sources), EndedAt: c1.Moment(o.EndedAt), Age: durationpb.New(o.Age),
			Attempts: int32(min(o.Attempts, 1<<30)), LastError: o.LastError,
		})
	}
	return out, nil
}
