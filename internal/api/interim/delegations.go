package interim

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// delegations serves interim.v1.Delegations.
type delegations struct {
	interimv1.UnimplementedDelegationsServer
	*c1.Deps
}

// Create makes somebody answer beside the delegator; see [delegation.Service.Create].
func (s delegations) Create(ctx context.Context, r *interimv1.CreateDelegationRequest) (*interimv1.DelegationResponse, error) {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	delegator := p.UserID
	if r.GetDelegatorUserId() != "" {
		if delegator, err = c1.ID[directory.UserID]("delegatorUserId", "user", r.GetDelegatorUserId()); err != nil {
			return nil, err
		}
	}
	if err := delegation.May(ctx, delegator); err != nil {
		return nil, err
	}
	w, err := decodeWindow(r)
	if err != nil {
		return nil, err
	}
	d, err := s.Delegations.Create(ctx, delegator, w.delegate, w.from, w.until, r.GetReason())
	return s.answer(d, err)
}

// Get answers one delegation to its two people and to administrators.
func (s delegations) Get(ctx context.Context, r *interimv1.GetDelegationRequest) (*interimv1.DelegationResponse, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return nil, err
	}
	id, err := c1.ID[delegation.ID]("id", "delegation", r.GetId())
	if err != nil {
		return nil, err
	}
	d, err := s.Delegations.Get(ctx, id)
	if err == nil && own != "" && own != d.Delegator {
		err = iam.Require(ctx, iam.Object{Type: "delegation", ID: string(d.ID), UserID: string(d.Delegate)})
	}
	return s.answer(d, err)
}

// Delete takes a delegation away; see [delegation.Service.Delete].
func (s delegations) Delete(ctx context.Context, r *interimv1.DeleteDelegationRequest) (*interimv1.DelegationResponse, error) {
	id, err := c1.ID[delegation.ID]("id", "delegation", r.GetId())
	if err != nil {
		return nil, err
	}
	d, err := s.Delegations.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := delegation.May(ctx, d.Delegator); err != nil {
		return nil, err
	}
	d, err = s.Delegations.Delete(ctx, id)
	return s.answer(d, err)
}

// Search lists delegations; see [delegation.Service.List].
func (s delegations) Search(ctx context.Context, r *interimv1.SearchDelegationsRequest) (*interimv1.SearchDelegationsResponse, error) {
	f, err := delegationFilter(r)
	if err != nil {
		return nil, err
	}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Delegations.List(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.SearchDelegationsResponse{NextPageToken: p.Token(found.Next)}
	now := s.Clock.Now()
	for _, d := range found.Items {
		out.List = append(out.List, encodeDelegation(d, now))
	}
	return out, nil
}

func delegationFilter(r *interimv1.SearchDelegationsRequest) (f delegation.Filter, err error) {
	if f.Delegators, err = c1.FilterIDs[directory.UserID]("delegatorUserIds", r.GetDelegatorUserIds()); err != nil {
		return f, err
	}
	if f.Delegates, err = c1.FilterIDs[directory.UserID]("delegateUserIds", r.GetDelegateUserIds()); err != nil {
		return f, err
	}
	if f.Modes, err = c1.EnumNames[delegation.Mode]("modes", delegationModePrefix, r.GetModes()); err != nil {
		return f, err
	}
	f.States, err = c1.EnumNames[delegation.State]("states", delegationStatePrefix, r.GetStates())
	return f, err
}

func (s delegations) answer(d delegation.Delegation, err error) (*interimv1.DelegationResponse, error) {
	if err != nil {
		return nil, err
	}
	if d.ID == "" {
		return &interimv1.DelegationResponse{}, nil
	}
	return &interimv1.DelegationResponse{Delegation: encodeDelegation(d, s.Clock.Now())}, nil
}

// ofWindow is what requests that name a delegate have in common.
type ofWindow interface {
	GetDelegateUserId() string
	GetStartAt() *timestamppb.Timestamp
	GetEndAt() *timestamppb.Timestamp
}

// decodeWindow reads who is to answer, and when.
func decodeWindow(r ofWindow) (w window, err error) {
	if r.GetDelegateUserId() == "" {
		return w, fault.InvalidField("delegateUserId", "is required")
	}
	if w.delegate, err = c1.DelegateID("delegateUserId", r.GetDelegateUserId()); err != nil {
		return w, err
	}
	if w.from, err = c1.Time("startAt", r.GetStartAt()); err != nil {
		return w, err
	}
	w.until, err = c1.Time("endAt", r.GetEndAt())
	return w, err
}
