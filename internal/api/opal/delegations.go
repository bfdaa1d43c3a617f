package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// forever is the end of a delegation that has none: this API cannot leave it out.
var forever = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// delegationBody is a delegation of reviews: within [start_time, end_time) the delegate reviews beside the delegator.
type delegationBody struct {
	ID        UUID      `json:"id"`
	Delegator UUID      `json:"delegator_user_id"`
	Delegate  UUID      `json:"delegate_user_id"`
	Start     time.Time `json:"start_time"`
	End       time.Time `json:"end_time" doc:"9999-12-31T23:59:59Z for one that has no end."`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// delegationsBody is a page of delegations.
type delegationsBody struct {
	Results[delegationBody]
	Total int `json:"total_count" doc:"How many there are on all pages together."`
}

type getDelegations struct {
	Paging
	Delegator UUID `query:"delegator_user_id"`
	Delegate  UUID `query:"delegate_user_id"`
}

type createDelegation struct {
	Body struct {
		Delegator UUID      `json:"delegator_user_id"`
		Delegate  UUID      `json:"delegate_user_id"`
		Start     time.Time `json:"start_time" doc:"The offset is kept and shown again."`
		End       time.Time `json:"end_time" doc:"Not before the start. A window that is empty or past is kept and does nothing."`
		Reason    string    `json:"reason" maxLength:"1024"`
	}
}

type delegationPath struct {
	ID UUID `path:"delegation_id"`
}

func (d *Door) delegations() {
	serve(d, "Delegations.GetDelegations", about{Summary: "List delegations; people see those they are a party of"}, d.getDelegations)
	serve(d, "Delegations.CreateDelegation", about{
		Summary: "Let somebody review beside another person for a time; everybody for themself, administrators for anybody",
	}, d.createDelegation)
	serve(d, "Delegations.GetDelegation", about{Summary: "Read a delegation; its two people and administrators may"}, d.getDelegation)
	serveEmpty(d, "Delegations.DeleteDelegation", about{
		Summary: "Take a delegation away; its delegator and administrators may",
	}, d.deleteDelegation)
}

func (d *Door) getDelegations(ctx context.Context, in *getDelegations) (out delegationsBody, err error) {
	f := delegation.Filter{Delegators: only[directory.UserID](in.Delegator), Delegates: only[directory.UserID](in.Delegate)}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	p, err := d.page("Delegations", in.Paging, f)
	if err != nil {
		return out, err
	}
	found, err := d.Delegations.List(ctx, f, p.Request)
	if err != nil {
		return out, err
	}
	out.Results = resultsOf(p, found, encodeDelegation)
	out.Total, err = d.Delegations.Count(ctx, f)
	return out, err
}

func (d *Door) createDelegation(ctx context.Context, in *createDelegation) (delegationBody, error) {
	delegator := directory.UserID(in.Body.Delegator)
	if err := delegation.May(ctx, delegator); err != nil {
		return delegationBody{}, err
	}
	// The first moment of year 1 is what a Go client sends for a time that it never set. To the rules it is none: from now, without end.
	switch {
	case in.Body.Start.IsZero():
		return delegationBody{}, fault.InvalidField("start_time", "is required")
	case in.Body.End.IsZero():
		return delegationBody{}, fault.InvalidField("end_time", "is required")
	}
	made, err := d.Delegations.Create(ctx, delegator, directory.UserID(in.Body.Delegate), in.Body.Start, in.Body.End, in.Body.Reason)
	return encodeDelegation(made), respelled(err, delegationNames)
}

// delegationNames are the names of fields in faults of the rules, as this API spells them.
var delegationNames = map[string]string{"delegateUserId": "delegate_user_id", "startAt": "start_time", "endAt": "end_time"}

func (d *Door) getDelegation(ctx context.Context, in *delegationPath) (delegationBody, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return delegationBody{}, err
	}
	found, err := d.delegation(ctx, in.ID)
	if err == nil && own != "" && own != found.Delegator {
		err = hidden(iam.Require(ctx, delegationObject(found, found.Delegate)), "delegation", string(in.ID))
	}
	return encodeDelegation(found), err
}

func (d *Door) deleteDelegation(ctx context.Context, in *delegationPath) error {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return err
	}
	found, err := d.delegation(ctx, in.ID)
	if err != nil {
		return err
	}
	if err := delegation.May(ctx, found.Delegator); err != nil {
		if seen, unknown := sees(ctx, "Delegations.GetDelegation"); unknown != nil || !seen && own != found.Delegate {
			err = hidden(err, "delegation", string(in.ID))
		}
		return err
	}
	_, err = d.Delegations.Delete(ctx, found.ID)
	return err
}

// delegation reads one that is not deleted.
func (d *Door) delegation(ctx context.Context, id UUID) (delegation.Delegation, error) {
	found, err := d.Delegations.Get(ctx, delegation.ID(id))
	if err == nil && !found.DeletedAt.IsZero() {
		err = missing("delegation", id)
	}
	return found, err
}

func delegationObject(d delegation.Delegation, about directory.UserID) iam.Object {
	return iam.Object{Type: "delegation", ID: string(d.ID), UserID: string(about)}
}

func encodeDelegation(d delegation.Delegation) delegationBody {
	end := d.Until
	if end.IsZero() {
		end = forever
	}
	return delegationBody{
		ID: UUID(d.ID), Delegator: UUID(d.Delegator), Delegate: UUID(d.Delegate), Start: d.From, End: end, Reason: d.Reason,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}
