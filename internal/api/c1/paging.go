package c1

import (
	"google.golang.org/protobuf/proto"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// Paged is a request of a list or search.
type Paged interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// Pager is the page a caller asked for, and the token of the one after it.
type Pager struct {
	page.Request
	tokens *page.Tokens
	scope  string
}

// Page reads page size (0 → 25, then clamped to 1..100) and token. A token is
// bound to the request's type and filters: one that is forged, or was given out
// for another list or other filters, is an Invalid fault about pageToken.
func (d *Deps) Page(req Paged) (Pager, error) {
	filter, err := filterOf(req)
	if err != nil {
		return Pager{}, err
	}
	scope := page.Scope(string(req.ProtoReflect().Descriptor().FullName()), filter)
	after, err := d.Tokens.Open(scope, req.GetPageToken())
	if err != nil {
		return Pager{}, err
	}
	return Pager{Request: page.Request{Size: page.Size(req.GetPageSize()), After: after}, tokens: d.Tokens, scope: scope}, nil
}

// Token returns nextPageToken for the page that ended at k; "" at the end.
func (p Pager) Token(k page.Key) string { return p.tokens.Seal(p.scope, k) }

// filterOf returns req without what may differ from page to page of one list.
func filterOf(req Paged) ([]byte, error) {
	m := proto.Clone(req)
	r := m.ProtoReflect()
	for _, name := range []string{"page_size", "page_token", "expand_mask"} {
		if f := r.Descriptor().Fields().ByTextName(name); f != nil {
			r.Clear(f)
		}
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil { // a string that is not UTF-8, possible over gRPC only
		return nil, fault.Wrap(fault.Invalid, err, "the request holds a text that is not valid UTF-8")
	}
	return raw, nil
}
