package opal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// failure is the body of every answer that is not a success.
type failure struct {
	Code    int    `json:"code" doc:"The HTTP status once more."`
	Message string `json:"message" doc:"What was wrong, and what to do about it."`
}

var _ huma.StatusError = (*failure)(nil)

// Error is part of huma.StatusError.
func (f *failure) Error() string { return f.Message }

// GetStatus is part of huma.StatusError.
func (f *failure) GetStatus() int { return f.Code }

// refusal is err as a client sees it: the cause of a fault never is.
func refusal(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return &failure{Code: transcode.HTTPStatus(err), Message: inUUIDs(transcode.ToStatus(err).Message())}
}

var ksuid = regexp.MustCompile(`\b[0-9A-Za-z]{27}\b`)

// inUUIDs rewrites the ids in a message as this API spells them: the rules below write them as the C1 API does.
func inUUIDs(message string) string {
	return ksuid.ReplaceAllStringFunc(message, func(s string) string {
		if uuid, err := id.FromKSUID(s); err == nil {
			return uuid
		}
		return s
	})
}

// hidden makes of a refusal to show an object that there is none: at this door, what a caller may not see is not there.
func hidden(err error, kind, what string) error {
	if fault.Is(err, fault.Denied) {
		return fault.Missing(kind, what)
	}
	return err
}

// sees reports whether the caller may read everything that an operation reads, such as "Groups.GetGroup". Whoever does is refused what
// they may not do with it, and not told that it is not there.
func sees(ctx context.Context, operation string) (bool, error) {
	p, err := iam.PrincipalFrom(ctx)
	return err == nil && p.Scopes[iam.PermissionOf(fullMethod("opal.v1."+operation))] == iam.All, err
}

// maxFaults is how many mistakes in one request are named.
const maxFaults = 5

// invalid is what huma found wrong with a request before any handler saw it: 400 where huma would say 422 or 413, the places named, and
// nothing of what the client sent repeated.
func invalid(status int, message string, errs ...error) huma.StatusError {
	switch status {
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout, http.StatusUnsupportedMediaType:
		status = http.StatusBadRequest
	}
	var found []string
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok && d.Location != "" {
			_, place, nested := strings.Cut(d.Location, ".")
			if !nested {
				place = d.Location
			}
			found = append(found, place+": "+d.Message)
		}
	}
	if len(found) > maxFaults {
		found = append(found[:maxFaults], fmt.Sprintf("and %d more", len(found)-maxFaults))
	}
	if len(found) > 0 {
		message = strings.Join(found, "; ")
	}
	return &failure{Code: status, Message: message}
}

// habits turns off, once, what huma does for the whole program; this door is the only one built with it.
var habits = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // lists in answers never are; those in requests say so where they may be
	huma.NewError = invalid
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		refused := invalid(status, message, errs...)
		note(c.Context(), fault.New(fault.Invalid, "%s", refused.Error()))
		return refused
	}
})

// respelled returns err with the field it names spelled as this API does.
func respelled(err error, names map[string]string) error {
	f := fault.Of(err)
	if err == nil || names[f.Field] == "" {
		return err
	}
	return fault.InvalidField(names[f.Field], "%s", strings.TrimPrefix(f.Message, f.Field+": "))
}
