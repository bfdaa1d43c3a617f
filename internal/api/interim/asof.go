package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// SearchAsOf lists the grants that were in force at a moment; see [read.Service.GrantsAsOf].
func (s grants) SearchAsOf(ctx context.Context, r *interimv1.SearchGrantsAsOfRequest) (*interimv1.SearchGrantsAsOfResponse, error) {
	at, err := c1.Time("at", r.GetAt())
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		return nil, fault.InvalidField("at", "is required")
	}
	var f read.GrantFilter
	if f.AppIDs, err = c1.FilterIDs[app.ID]("appIds", r.GetAppIds()); err != nil {
		return nil, err
	}
	if f.Refs, err = c1.EntitlementRefs("appEntitlementRefs", r.GetAppEntitlementRefs()); err != nil {
		return nil, err
	}
	if f.UserIDs, err = c1.FilterIDs[directory.UserID]("userIds", r.GetUserIds()); err != nil {
		return nil, err
	}
	if f.Own, err = c1.OwnGrants(ctx, f); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.GrantsAsOf(ctx, at, f, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.SearchGrantsAsOfResponse{NextPageToken: p.Token(found.Next)}
	now := s.Clock.Now()
	for _, b := range found.Items {
		out.List = append(out.List, encodeAsOf(b, now))
	}
	return out, nil
}
