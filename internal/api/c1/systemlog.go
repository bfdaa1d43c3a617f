package c1

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	systemlogv1 "github.com/interim-access/interim/gen/c1/api/systemlog/v1"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

type systemLog struct {
	systemlogv1.UnimplementedSystemLogServiceServer
	*Deps
}

// ListEvents answers events as objects of the OCSF class API Activity, oldest first unless asked otherwise. A caller that polls
// keeps the metadata.uid of the last event it saw and sends it as sinceEventUid.
func (s systemLog) ListEvents(ctx context.Context, r *systemlogv1.SystemLogServiceListEventsRequest) (
	*systemlogv1.SystemLogServiceListEventsResponse, error,
) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	f := audit.Filter{Newest: r.GetSortDirection() == appv1.SortDirection_SORT_DIRECTION_DESC}
	_, err := EnumName[string]("sortDirection", "SORT_DIRECTION_", r.GetSortDirection())
	if err != nil {
		return nil, err
	}
	if f.Since, err = Time("since", r.GetSince()); err != nil {
		return nil, err
	}
	if f.Until, err = Time("until", r.GetUntil()); err != nil {
		return nil, err
	}
	if f.SinceID, err = eventUID("sinceEventUid", r.GetSinceEventUid()); err != nil {
		return nil, err
	}
	if f.UntilID, err = eventUID("untilEventUid", r.GetUntilEventUid()); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	events, err := s.Audit.List(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	list := make([]*structpb.Struct, len(events.Items))
	for i, e := range events.Items {
		if list[i], err = structpb.NewStruct(ocsf(e)); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "internal error")
		}
	}
	return &systemlogv1.SystemLogServiceListEventsResponse{List: list, NextPageToken: p.Token(events.Next)}, nil
}

// eventUID reads the uid of an event: the KSUID that metadata.uid shows.
func eventUID(field, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := id.FromKSUID(s)
	if err != nil {
		return "", fault.InvalidField(field, "is no uid of an event")
	}
	return u, nil
}
