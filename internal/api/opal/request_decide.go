package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
)

type approveRequest struct {
	RequestPath
	Body struct {
		Level   string `json:"level" enum:"REGULAR,ADMIN" doc:"ADMIN: in place of all reviewers."`
		Comment string `json:"comment,omitempty" maxLength:"4096"`
	}
}

type denyRequest struct {
	RequestPath
	Body struct {
		Level   string `json:"level,omitempty" enum:"REGULAR,ADMIN"`
		Comment string `json:"comment" minLength:"1" maxLength:"4096"`
	}
}

type commentRequest struct {
	RequestPath
	Body struct {
		Comment string `json:"comment" minLength:"1" maxLength:"4096"`
	}
}

// changed is a request after what was done with it.
type changed struct {
	Request requestBody `json:"request"`
}

type commentBody struct {
	CreatedAt time.Time `json:"created_at"`
	Request   UUID      `json:"request_id"`
	User      UUID      `json:"user_id"`
	FullName  string    `json:"user_full_name,omitempty"`
	Email     string    `json:"user_email,omitempty"`
	Comment   string    `json:"comment"`
}

type commentsBody struct {
	Comments []commentBody `json:"comments"`
}

func (d *Door) approveRequest(ctx context.Context, in *approveRequest) (changed, error) {
	return d.decide(ctx, in.ID, task.BatchDecision{Approve: true, Comment: in.Body.Comment, Override: in.Body.Level == "ADMIN"})
}

func (d *Door) denyRequest(ctx context.Context, in *denyRequest) (changed, error) {
	return d.decide(ctx, in.ID, task.BatchDecision{Comment: in.Body.Comment, Override: in.Body.Level == "ADMIN"})
}

func (d *Door) decide(ctx context.Context, id UUID, what task.BatchDecision) (changed, error) {
	r, err := d.theRequest(ctx, id)
	if err != nil {
		return changed{}, err
	}
	if r, err = d.Requests.Decide(ctx, r.First().ID, what); err != nil {
		return changed{}, err
	}
	out, err := d.encodeRequest(ctx, r)
	return changed{out}, err
}

func (d *Door) createRequestComment(ctx context.Context, in *commentRequest) (changed, error) {
	r, err := d.theRequest(ctx, in.ID)
	if err != nil {
		return changed{}, err
	}
	if r, err = d.Requests.Comment(ctx, r, in.Body.Comment); err != nil {
		return changed{}, err
	}
	out, err := d.encodeRequest(ctx, r)
	return changed{out}, err
}

func (d *Door) getRequestComments(ctx context.Context, in *RequestPath) (commentsBody, error) {
	r, err := d.theRequest(ctx, in.ID)
	if err != nil {
		return commentsBody{}, err
	}
	list, err := d.Requests.Comments(ctx, r)
	if err != nil {
		return commentsBody{}, err
	}
	people, err := d.people(ctx, each(list, func(e task.Entry) directory.UserID { return e.User }))
	return commentsBody{each(list, func(e task.Entry) commentBody {
		u := people[e.User]
		return commentBody{
			CreatedAt: e.At, Request: UUID(r.First().ID), User: UUID(e.User), FullName: u.DisplayName, Email: u.Email, Comment: e.Comment,
		}
	})}, err
}

// people are the users with these ids; unknown ones, and none, are left out.
func (d *Door) people(ctx context.Context, list []directory.UserID) (map[directory.UserID]directory.User, error) {
	out := make(map[directory.UserID]directory.User, len(list))
	var wanted []directory.UserID
	for _, u := range list {
		if _, known := out[u]; u != "" && !known {
			out[u], wanted = directory.User{}, append(wanted, u)
		}
	}
	found, err := d.manyUsers(ctx, wanted)
	for _, u := range found {
		out[u.ID] = u
	}
	return out, err
}
