package interim

import (
	"time"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/delegation"
)

const (
	delegationModePrefix  = "DELEGATION_MODE_"
	delegationStatePrefix = "DELEGATION_STATE_"
)

// encodeDelegation shows a delegation as it stands now.
func encodeDelegation(d delegation.Delegation, now time.Time) *interimv1.Delegation {
	return &interimv1.Delegation{
		Id: c1.KSUID(d.ID), DelegatorUserId: c1.KSUID(d.Delegator), DelegateUserId: c1.KSUID(d.Delegate), Mode: delegationMode(d.Mode),
		StartAt: c1.Moment(d.From), EndAt: c1.Moment(d.Until), Reason: d.Reason,
		State:           c1.EnumValue[interimv1.DelegationState](interimv1.DelegationState_value, delegationStatePrefix, d.StateAt(now)),
		CreatedByUserId: c1.KSUID(d.CreatedBy),
		CreatedAt:       c1.Moment(d.CreatedAt), UpdatedAt: c1.Moment(d.UpdatedAt), DeletedAt: c1.Moment(d.DeletedAt),
	}
}

func delegationMode(m delegation.Mode) interimv1.DelegationMode {
	return c1.EnumValue[interimv1.DelegationMode](interimv1.DelegationMode_value, delegationModePrefix, m)
}

// encodeStands shows who may answer.
func encodeStands(list []delegation.Stand) []*interimv1.Stand {
	out := make([]*interimv1.Stand, len(list))
	for i, s := range list {
		out[i] = &interimv1.Stand{
			UserId: c1.KSUID(s.User), ForUserId: c1.KSUID(s.For), DelegationId: c1.KSUID(s.Delegation), Mode: delegationMode(s.Mode),
		}
	}
	return out
}
