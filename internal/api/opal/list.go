package opal

import (
	"encoding/json"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// The sizes of a page, from the published specification. A larger one is clamped (ours).
const (
	defaultPage = 200
	maxPage     = 1000
)

// Paging is part of the parameters of a list.
type Paging struct {
	Cursor   string `query:"cursor" maxLength:"2048" doc:"The next of the page before; none for the first page."`
	PageSize int    `query:"page_size" doc:"How many, 200 if none is said and 1,000 at most."`
}

// pager is the page a caller asked for, and the cursor of the one after it.
type pager struct {
	page.Request
	tokens *page.Tokens
	scope  string
	here   string
}

// page reads a page's parameters. A cursor is bound to the list and to filter, everything else that decides which rows the list has: one
// that is made up or was given out for another list is an Invalid fault about cursor.
func (d *Door) page(list string, in Paging, filter ...any) (pager, error) {
	raw, err := json.Marshal(filter)
	if err != nil {
		return pager{}, err
	}
	scope := page.Scope("opal.v1."+list, raw)
	after, err := d.Tokens.Open(scope, in.Cursor)
	if fault.Is(err, fault.Invalid) {
		err = fault.InvalidField("cursor", "is not one that this list gave out with these filters")
	}
	if err != nil {
		return pager{}, err
	}
	size := in.PageSize
	if size <= 0 {
		size = defaultPage
	}
	return pager{page.Request{Size: min(size, maxPage), After: after}, d.Tokens, scope, in.Cursor}, nil
}

// next is the cursor of the page after the one that ended at k; nil at the end.
func (p pager) next(k page.Key) *string { return orNull(p.tokens.Seal(p.scope, k)) }

// previous is the cursor that this page was asked with; nil for the first one.
func (p pager) previous() *string { return orNull(p.here) }

// orNull is s where that is something.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Results is the envelope of most lists.
type Results[T any] struct {
	Results  []T     `json:"results"`
	Next     *string `json:"next" doc:"The cursor of the next page; null at the end."`
	Previous *string `json:"previous" doc:"The cursor this page was asked with; null for the first one."`
}

// resultsOf is one page of rows in the envelope of most lists.
func resultsOf[R, T any](p pager, rows page.Page[R], encode func(R) T) Results[T] {
	return Results[T]{Results: each(rows.Items, encode), Next: p.next(rows.Next), Previous: p.previous()}
}

// each is list, encoded; never null.
func each[R, T any](list []R, encode func(R) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = encode(v)
	}
	return out
}

// first is the first of a list that has one.
func first[T any](list []T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return list[0], nil
}

// single asks for one row.
var single = page.Request{Size: 1}
