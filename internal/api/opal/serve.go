package opal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 30 * time.Second

// about is what the API's description says of an operation.
type about struct {
	Summary string
	Status  int // of success; 0: 200
}

// answer is a handler's answer with a body.
type answer[O any] struct{ Body O }

// empty is an answer without one.
type empty struct{}

// serve serves the operation opal.v1.<name> with handle. What handle returns is the body. handle must ask what its caller may do
// ([iam.Require], [iam.RequireAll], [iam.OwnFilter]); the answer of one that did not is thrown away.
func serve[I, O any](d *Door, name string, a about, handle func(ctx context.Context, in *I) (O, error)) {
	op := d.operation(name, a)
	huma.Register(d.api, op, func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := handle(ctx, in)
		if err = outcome(ctx, err); err != nil {
			return nil, err
		}
		return &answer[O]{out}, nil
	})
}

// serveEmpty is serve for operations whose answer has no body.
func serveEmpty[I any](d *Door, name string, a about, handle func(ctx context.Context, in *I) error) {
	op := d.operation(name, a)
	huma.Register(d.api, op, func(ctx context.Context, in *I) (*empty, error) {
		return nil, outcome(ctx, handle(ctx, in))
	})
}

// operation is the operation of that name as huma wants it, behind the interceptors.
func (d *Door) operation(name string, a about) huma.Operation {
	full := "opal.v1." + name
	k, ok := d.known[full]
	if !ok || d.served[full] {
		panic("opal: " + full + " is not known, or served twice")
	}
	d.served[full] = true
	family, _, _ := strings.Cut(name, ".")
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	return huma.Operation{
		OperationID: full, Method: k.Verb, Path: k.Path, Summary: a.Summary, Tags: []string{family}, DefaultStatus: a.Status,
		MaxBodyBytes: maxBody, BodyReadTimeout: bodyTimeout, Middlewares: huma.Middlewares{d.within(full)},
		Responses: map[string]*huma.Response{strconv.Itoa(a.Status): {Description: "done"}},
	}
}

type failedKey struct{}

// outcome notes what a handler ended with, for the interceptors, and turns it into what the client sees.
func outcome(ctx context.Context, err error) error {
	if err == nil && !iam.Checked(ctx) {
		err = fault.Wrap(fault.Internal, errUnasked, "internal error")
	}
	if err == nil {
		return nil
	}
	note(ctx, err)
	return refusal(err)
}

// note keeps the first thing that an operation failed with.
func note(ctx context.Context, err error) {
	if noted, ok := ctx.Value(failedKey{}).(*error); ok && *noted == nil {
		*noted = err
	}
}

var errUnasked = errors.New("the handler answered without asking what its caller may do")

// within runs an operation behind the interceptors. They let the caller in before the body is read.
func (d *Door) within(op string) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(c)
		began := false
		err := transcode.Pass(d.Interceptors, w, r, fullMethod(op), func(ctx context.Context) error {
			began = true
			var failed error
			next(&incoming{asHuma: c, ctx: context.WithValue(ctx, failedKey{}, &failed)})
			return failed
		})
		if err == nil {
			return
		}
		d.fail(r.Context(), op, err)
		if !began {
			write(w, refusal(err))
		}
	}
}

// write answers a failure that huma does not write.
func write(w http.ResponseWriter, f *failure) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Code)
	_ = json.NewEncoder(w).Encode(f) //nolint:errchkjson // a client that has gone is nobody's error
}
