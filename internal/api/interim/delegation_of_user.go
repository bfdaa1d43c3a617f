package interim

import (
	"context"
	"time"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// window is who is to answer, and when; zero times are now and never.
type window struct {
	delegate    directory.UserID
	from, until time.Time
}

// SetForUser sets who answers instead of a user; see [delegation.Service.SetReassign].
func (s delegations) SetForUser(ctx context.Context, r *interimv1.SetDelegationForUserRequest) (*interimv1.DelegationResponse, error) {
	user, err := c1.ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return nil, err
	}
	if err := mayDelegate(ctx, user); err != nil {
		return nil, err
	}
	w, err := decodeWindow(r)
	if err != nil {
		return nil, err
	}
	d, err := s.Delegations.SetReassign(ctx, user, w.delegate, w.from, w.until, r.GetReason())
	return s.answer(d, err)
}

// GetForUser answers who answers instead of a user.
func (s delegations) GetForUser(ctx context.Context, r *interimv1.GetDelegationForUserRequest) (*interimv1.DelegationResponse, error) {
	user, err := s.seen(ctx, r.GetUserId())
	if err != nil {
		return nil, err
	}
	d, _, err := s.Delegations.OfUser(ctx, user)
	return s.answer(d, err)
}

// RemoveForUser takes away who answers instead of a user; see [delegation.Service.RemoveReassign].
func (s delegations) RemoveForUser(
	ctx context.Context, r *interimv1.RemoveDelegationForUserRequest,
) (*interimv1.DelegationResponse, error) {
	user, err := c1.ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return nil, err
	}
	if err := mayDelegate(ctx, user); err != nil {
		return nil, err
	}
	d, err := s.Delegations.RemoveReassign(ctx, user)
	return s.answer(d, err)
}

// Preview tells who would answer for a user at a moment; see [delegation.Service.Answering].
func (s delegations) Preview(ctx context.Context, r *interimv1.PreviewDelegationRequest) (*interimv1.PreviewDelegationResponse, error) {
	user, err := s.seen(ctx, r.GetUserId())
	if err != nil {
		return nil, err
	}
	if err := c1.NotServed(r, nil, "policy_id"); err != nil {
		return nil, err
	}
	at, err := c1.Time("at", r.GetAt())
	if err != nil {
		return nil, err
	}
	switch now := s.Clock.Now(); {
	case at.IsZero():
		at = now
	case at.Before(now):
		return nil, fault.InvalidField("at", "must not be in the past; who answered then is in the audit")
	}
	answering, err := s.Delegations.Answering(s.DB.Q(ctx), []directory.UserID{user}, at)
	if err != nil {
		return nil, err
	}
	out := &interimv1.PreviewDelegationResponse{At: c1.Moment(at)}
	for _, stand := range answering[user] {
		out.Stands = append(out.Stands, encodeStand(stand))
	}
	return out, nil
}

// seen reads the user that is asked about, who must be there, and refuses callers who may not ask about them.
func (s delegations) seen(ctx context.Context, ksuid string) (directory.UserID, error) {
	user, err := c1.ID[directory.UserID]("userId", "user", ksuid)
	if err != nil {
		return "", err
	}
	if err := iam.Require(ctx, iam.Object{Type: "delegation", UserID: string(user)}); err != nil {
		return "", err
	}
	u, err := s.Directory.Get(ctx, user)
	if err == nil && u.Status == directory.Deleted {
		err = fault.Missing("user", ksuid)
	}
	return user, err
}
