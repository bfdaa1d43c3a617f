package transcode

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func releaseBody(b *bytes.Buffer) {
	if b.Cap() <= maxPooled {
		b.Reset()
		bodies.Put(b)
	}
}

// longAgo as a read deadline interrupts a read that is under way.
var longAgo = time.Unix(1, 0)

// readBody reads the whole request body into a pooled buffer, which the caller
// releases. The body's length and the time it takes to arrive are limited here,
// because the server itself has no limit of either: it carries streams as well.
func (c *call) readBody() (*bytes.Buffer, error) {
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fault.InvalidField("Content-Encoding", "%q is not supported, send the body uncompressed", short(encoding))
	}
	limit := c.op.gateway.maxBody
	if c.r.ContentLength > limit {
		return nil, fault.New(fault.TooLarge, "request body too large: the limit is %d bytes", limit)
	}
	//nolint:forbidigo // a socket's deadline lives in real time, whatever the domain's clock says
	late := time.AfterFunc(c.op.gateway.bodyTimeout, func() {
		_ = http.NewResponseController(c.w).SetReadDeadline(longAgo)
	})
	body := bodies.Get().(*bytes.Buffer)
	_, err := body.ReadFrom(http.MaxBytesReader(c.w, c.r.Body, limit))
	inTime := late.Stop()
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case inTime && err == nil:
		return body, nil
	case tooLarge:
		err = fault.New(fault.TooLarge, "request body too large: the limit is %d bytes", limit)
	case !inTime:
		err = fault.New(fault.Invalid, "request body did not arrive within %s", c.op.gateway.bodyTimeout)
	default:
		err = fault.Wrap(fault.Invalid, err, "request body ended early")
	}
	releaseBody(body)
	return nil, err
}
