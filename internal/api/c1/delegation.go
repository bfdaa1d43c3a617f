package c1

import (
	"context"
	"strings"

	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// SetExpiringUserDelegationBindingByAdmin sets who answers instead of a user, or removes them where no delegate is named; then the
// dates mean nothing. See [delegation.Service.SetReassign].
func (s users) SetExpiringUserDelegationBindingByAdmin(
	ctx context.Context, r *userv1.SetExpiringUserDelegationBindingByAdminRequest,
) (*userv1.SetExpiringUserDelegationBindingByAdminResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	if err := iam.SuperAdmin(ctx); err != nil {
		return nil, err
	}
	delegator, err := ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return nil, err
	}
	delegate, err := DelegateID("delegatedUserId", r.GetDelegatedUserId())
	if err != nil {
		return nil, err
	}
	start, err := Time("delegationStartAt", r.GetDelegationStartAt())
	if err != nil {
		return nil, err
	}
	end, err := Time("delegationExpireAt", r.GetDelegationExpireAt())
	if err != nil {
		return nil, err
	}
	var d delegation.Delegation
	if delegate == "" {
		d, err = s.Delegations.RemoveReassign(ctx, delegator)
	} else {
		d, err = s.Delegations.SetReassign(ctx, delegator, delegate, start, end, "")
	}
	if err != nil {
		return nil, renamed(err, map[string]string{
			"delegateUserId": "delegatedUserId", "startAt": "delegationStartAt", "endAt": "delegationExpireAt",
		})
	}
	return &userv1.SetExpiringUserDelegationBindingByAdminResponse{Item: encodeDelegationBinding(d)}, nil
}

// DelegateID decodes who is to answer for somebody; empty is nobody. One who is unknown is an Invalid fault about field.
func DelegateID(field, s string) (directory.UserID, error) {
	u, err := OptionalID[directory.UserID](field, "user", s)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField(field, "no such user: %s", s)
	}
	return u, err
}

// encodeDelegationBinding shows a delegation as upstream knows it. One that never was has no times but the one of its removal.
func encodeDelegationBinding(d delegation.Delegation) *userv1.ExpiringUserDelegationBinding {
	return &userv1.ExpiringUserDelegationBinding{
		UserId: KSUID(d.Delegator), DelegatedUserId: KSUID(d.Delegate), StartAt: Moment(d.From), ExpirationAt: Moment(d.Until),
		CreatedAt: Moment(d.CreatedAt), UpdatedAt: Moment(d.UpdatedAt), DeletedAt: Moment(d.DeletedAt),
	}
}

// renamed returns err with the field it names spelled as the caller of this operation spells it.
func renamed(err error, names map[string]string) error {
	f := fault.Of(err)
	name, ok := names[f.Field]
	if !ok {
		return err
	}
	return fault.InvalidField(name, "%s", strings.TrimPrefix(f.Message, f.Field+": "))
}

// delegateFilter adds to f what is asked of who answers instead of whom.
func delegateFilter(f read.UserFilter, r *userv1.SearchUsersRequest) (read.UserFilter, error) {
	f.IsDelegate = r.GetIsDelegate()
	status, err := EnumName[string]("delegateStatus", "DELEGATE_STATUS_", r.GetDelegateStatus())
	if err != nil {
		return f, err
	}
	f.Delegated = map[string]read.Delegated{"HAS_DELEGATE": read.HasDelegate, "NO_DELEGATE": read.NoDelegate}[status]
	f.DelegateIDs, err = FilterIDs[directory.UserID]("delegatedUserIds", r.GetDelegatedUserIds())
	return f, err
}
