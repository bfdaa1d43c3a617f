package opal

import (
	"context"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/fault"
)

// userBody is a person or a service user.
type userBody struct {
	ID        UUID   `json:"user_id"`
	Email     string `json:"email"`
	FullName  string `json:"full_name"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Position  string `json:"position" doc:"The job title; empty for whoever may know no more of others than a colleague does."`
	HRStatus  string `json:"hr_idp_status,omitempty" enum:"ACTIVE,SUSPENDED,DEPROVISIONED,DELETED,NOT_FOUND"`
}

type getUser struct {
	ID    UUID   `query:"user_id"`
	Email string `query:"email" maxLength:"320"`
}

type getUsers struct {
	Paging
	Tags []UUID `query:"tag_ids" maxItems:"100" doc:"Those with any of these tags."`
}

func (d *Door) users() {
	serve(d, "Users.GetUser", about{Summary: "Find a user by id or by e-mail address"}, d.getUser)
	serve(d, "Users.GetUsers", about{Summary: "List users"}, d.getUsers)
}

func (d *Door) getUser(ctx context.Context, in *getUser) (userBody, error) {
	var f read.UserFilter
	switch {
	case in.ID != "":
		f.IDs = only[directory.UserID](in.ID)
	case in.Email != "":
		f.Email = in.Email
	default:
		return userBody{}, fault.New(fault.Invalid, "user_id or email is required")
	}
	list, err := d.findUsers(ctx, f, pager{Request: single})
	if err == nil && len(list.Results) == 0 {
		err = fault.Missing("user", string(in.ID)+in.Email)
	}
	if err != nil {
		return userBody{}, err
	}
	return list.Results[0], nil
}

func (d *Door) getUsers(ctx context.Context, in *getUsers) (Results[userBody], error) {
	f := read.UserFilter{Tags: ids[tag.ID](in.Tags)}
	p, err := d.page("Users", in.Paging, f)
	if err != nil {
		return Results[userBody]{}, err
	}
	return d.findUsers(ctx, f, p)
}

// findUsers lists users that are not deleted, as the caller may see them.
func (d *Door) findUsers(ctx context.Context, f read.UserFilter, p pager) (Results[userBody], error) {
	own, err := iam.OwnFilter(ctx)
	named, every, failed := iam.Named(ctx, iam.SortUser)
	switch {
	case failed != nil:
		return Results[userBody]{}, failed
	case every:
		own = ""
	case err != nil && (len(f.IDs) != 1 || !slices.Contains(named, string(f.IDs[0]))):
		return Results[userBody]{}, err
	}
	f.Own, f.Statuses = own, []directory.Status{directory.Enabled, directory.Disabled}
	found, err := d.Read.Users(ctx, f, p.Request)
	if err != nil {
		return Results[userBody]{}, err
	}
	return resultsOf(p, found, func(u read.UserRow) userBody {
		if slices.Contains(named, string(u.ID)) {
			return encodeUser(u.User, "")
		}
		return encodeUser(u.User, own)
	}), nil
}

// hrStatuses are the states of users in this API's words.
var hrStatuses = map[directory.Status]string{
	directory.Enabled: "ACTIVE", directory.Disabled: "SUSPENDED", directory.Deleted: "DELETED",
}

// encodeUser shows u to a caller who may know what a colleague does of everybody but own; own empty: everything of everybody.
func encodeUser(u directory.User, own directory.UserID) userBody {
	first, last, _ := strings.Cut(u.DisplayName, " ")
	out := userBody{
		ID: UUID(u.ID), Email: u.Email, FullName: u.DisplayName, FirstName: first, LastName: strings.TrimSpace(last),
		HRStatus: hrStatuses[u.Status],
	}
	if own == "" || own == u.ID {
		out.Position = u.JobTitle
	}
	return out
}
