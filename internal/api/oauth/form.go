package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	maxForm     = 64 << 10 // bytes
	formTimeout = 10 * time.Second
)

// longAgo as a read deadline interrupts a read that is under way.
var longAgo = time.Unix(1, 0)

// readForm reads the body as a form, whatever its Content-Type. Parameters of the URL do not count (RFC 6749, section 2.3.1: they
// would end up in logs).
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	//nolint:forbidigo // a socket's deadline lives in real time, whatever the domain's clock says
	late := time.AfterFunc(formTimeout, func() { _ = http.NewResponseController(w).SetReadDeadline(longAgo) })
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	inTime := late.Stop()
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case tooLarge:
		return nil, fault.New(fault.TooLarge, "the form is too large: the limit is %d bytes", maxForm)
	case !inTime:
		w.Header().Set("Connection", "close") // its read deadline has passed
		return nil, fault.New(fault.Invalid, "the form did not arrive within %s", formTimeout)
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the form ended early")
	}
	return parseForm(string(raw))
}

// form holds parameters, each given once.
type form map[string]string

func parseForm(body string) (form, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the body is not application/x-www-form-urlencoded")
	}
	f := make(form, len(values))
	for name, list := range values {
		if len(list) > 1 { // RFC 6749, section 3.2
			return nil, fault.New(fault.Invalid, "a parameter is given more than once")
		}
		f[name] = list[0]
	}
	return f, nil
}

// required answers Invalid for the first of names that is missing or empty.
func (f form) required(names ...string) error {
	for _, n := range names {
		if f[n] == "" {
			return fault.InvalidField(n, "is required")
		}
	}
	return nil
}
