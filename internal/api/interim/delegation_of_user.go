package interim

import (
	"context"
	"maps"
	"slices"
	"time"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
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
	if err := delegation.May(ctx, user); err != nil {
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
	if err := delegation.May(ctx, user); err != nil {
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
	steps, err := s.approvals(ctx, r.GetPolicyId())
	if err != nil {
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
	out := &interimv1.PreviewDelegationResponse{At: c1.Moment(at), Stands: encodeStands(answering[user])}
	for _, step := range steps {
		stands := answering[user]
		if !step.GetAllowDelegation() && len(stands) > 0 {
			stands = []delegation.Stand{{For: user, User: user}}
		}
		step.Stands = encodeStands(stands)
	}
	out.Steps = steps
	return out, nil
}

// approvals reads the approval steps of a policy, none for none, for callers who may read policies.
func (s delegations) approvals(ctx context.Context, ksuid string) ([]*interimv1.PreviewStep, error) {
	id, err := c1.OptionalID[policy.ID]("policyId", "policy", ksuid)
	if err != nil || id == "" {
		return nil, err
	}
	const permission = "permission/c1.api.policy.v1.Policies.Get"
	if caller, err := iam.PrincipalFrom(ctx); err != nil || caller.Scopes[permission] == iam.None {
		return nil, iam.Denial(permission)
	}
	p, err := s.Policies.Get(ctx, id)
	if err == nil && !p.DeletedAt.IsZero() {
		err = fault.Missing("policy", ksuid)
	}
	if err != nil {
		return nil, err
	}
	var steps []*interimv1.PreviewStep
	for _, key := range slices.Sorted(maps.Keys(p.Steps)) {
		for i, step := range p.Steps[key] {
			if a := step.Approval; a != nil {
				steps = append(steps, &interimv1.PreviewStep{StepKey: key, Step: int32(i + 1), AllowDelegation: a.AllowDelegation})
			}
		}
	}
	return steps, nil
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
