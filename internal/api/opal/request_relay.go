package opal

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/platform/fault"
)

type getRequestsRelay struct {
	First  int            `query:"first" minimum:"1" maximum:"100"`
	After  string         `query:"after" maxLength:"2048"`
	Last   int            `query:"last" minimum:"1" maximum:"100"`
	Before string         `query:"before" maxLength:"2048"`
	Status request.Status `query:"status" enum:"PENDING,APPROVED,DENIED,CANCELED"`
	To     UUID           `query:"to" doc:"Those that wait for this reviewer."`
	From   UUID           `query:"from" doc:"Those of this requester."`
}

type connection struct {
	Edges []edge   `json:"edges"`
	Page  pageInfo `json:"pageInfo"`
	Total int      `json:"totalCount" doc:"10,000 at most."`
}

type edge struct {
	Node   requestBody `json:"node"`
	Cursor string      `json:"cursor"`
}

type pageInfo struct {
	Next     bool   `json:"hasNextPage"`
	End      string `json:"endCursor"`
	Previous bool   `json:"hasPreviousPage"`
	Start    string `json:"startCursor"`
}

// getRequestsRelay lists requests, newest first: first of them after a cursor, or last of them before one.
func (d *Door) getRequestsRelay(ctx context.Context, in *getRequestsRelay) (out connection, err error) {
	back := in.Last > 0 || in.Before != ""
	if back && (in.First > 0 || in.After != "") {
		return out, fault.New(fault.Invalid, "first and after cannot be said together with last and before")
	}
	f := read.RequestFilter{Requester: directory.UserID(in.From), Reviewer: directory.UserID(in.To), Status: in.Status}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	size := max(in.First, in.Last)
	if size == 0 {
		size = defaultRelay
	}
	p, err := d.page("Requests.Relay", Paging{Cursor: in.After + in.Before, PageSize: size}, f)
	if err != nil {
		return out, err
	}
	if out.Total, err = d.Read.CountRequests(ctx, f); err != nil {
		return out, err
	}
	f.Oldest = back
	found, err := d.Read.Requests(ctx, f, p.Request)
	if err != nil {
		return out, err
	}
	if back {
		slices.Reverse(found.Items)
	}
	list, err := d.encodeFirst(ctx, found.Items)
	if err != nil {
		return out, err
	}
	out.Edges = make([]edge, len(list))
	for n, r := range list {
		out.Edges[n] = edge{r, p.tokens.Seal(p.scope, read.RequestKey(f, found.Items[n]))}
	}
	more := len(found.Next) > 0
	out.Page = pageInfo{Next: more, Previous: in.After != ""}
	if back {
		out.Page = pageInfo{Next: in.Before != "", Previous: more}
	}
	if n := len(out.Edges); n > 0 {
		out.Page.Start, out.Page.End = out.Edges[0].Cursor, out.Edges[n-1].Cursor
	}
	return out, nil
}

// defaultRelay is how many requests are answered if none is said.
const defaultRelay = 50
