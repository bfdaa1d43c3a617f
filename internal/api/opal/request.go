package opal

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// maxBody is the longest body, in bytes; more is a 400.
const maxBody = 1 << 20

// incoming is a request as its handler sees it, whatever the client's habits are.
type incoming struct {
	asHuma
	ctx   context.Context //nolint:containedctx // huma asks its context for one
	query url.Values      // nil until it is asked for
}

type asHuma = huma.Context

// Context is that of the request, behind the interceptors.
func (r *incoming) Context() context.Context { return r.ctx }

// Unwrap is what the adapter looks for.
func (r *incoming) Unwrap() huma.Context { return r.asHuma }

// Header says that JSON comes and JSON is wanted, whatever the client says: clients differ and mean the same.
func (r *incoming) Header(name string) string {
	switch name {
	case "Content-Type", "Accept":
		return "application/json"
	}
	return r.asHuma.Header(name)
}

// Query joins what was repeated with commas, as lists are separated.
func (r *incoming) Query(name string) string {
	if r.query == nil {
		raw, _ := humachi.Unwrap(r.asHuma)
		r.query = raw.URL.Query()
	}
	return strings.Join(r.query[name], ",")
}

// BodyReader is the body, or an empty object where there is none: clients send nothing, "null" or "{}" where a body is optional.
func (r *incoming) BodyReader() io.Reader {
	body := bufio.NewReader(r.asHuma.BodyReader())
	for {
		b, err := body.ReadByte()
		switch {
		case err != nil:
			return strings.NewReader("{}")
		case b == ' ' || b == '\t' || b == '\r' || b == '\n':
			continue
		}
		_ = body.UnreadByte()
		if start, _ := body.Peek(5); bytes.Equal(bytes.TrimSpace(start), []byte("null")) {
			return strings.NewReader("{}")
		}
		return body
	}
}
