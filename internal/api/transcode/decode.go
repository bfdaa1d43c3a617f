package transcode

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/interim-access/interim/internal/platform/fault"
)

// request is how every body is read: unknown fields are refused.
var request = protojson.UnmarshalOptions{AllowPartial: true, RecursionLimit: maxDepth}

// decode fills the request message: body, then query, then path, each over the
// one before. Errors are faults of code Invalid or TooLarge.
func (c *call) decode(into any) error {
	message, ok := into.(proto.Message)
	if !ok {
		return fault.Wrap(fault.Internal, errNoMessage, internalMessage)
	}
	m := message.ProtoReflect()
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		if err := c.decodeBody(message); err != nil {
			return err
		}
	}
	if c.r.URL.RawQuery != "" && c.op.query != nil {
		if err := c.decodeQuery(m); err != nil {
			return err
		}
	}
	return c.decodePath(m)
}

// decodeBody reads a body that is empty or blank, or proto3 JSON of the whole message.
func (c *call) decodeBody(message proto.Message) error {
	var text []byte
	if c.r.Body != nil && c.r.Body != http.NoBody {
		body, err := c.readBody()
		if err != nil {
			return err
		}
		defer releaseBody(body)
		text = body.Bytes()
	}
	if crowded(text, maxValues) {
		return fault.New(fault.TooLarge, "request body too large: it has more than %d values", maxValues)
	}
	if len(bytes.TrimLeft(text, " \t\r\n")) > 0 {
		if err := request.Unmarshal(text, message); err != nil {
			return bodyFault(text, err)
		}
		if at := findNUL(text); at >= 0 {
			return bodyFaultAt(text, at, "a text with the NUL character")
		}
	}
	if c.op.update != nil {
		return c.op.update.apply(message.ProtoReflect(), text)
	}
	return nil
}

// decodeQuery takes the first value of each known parameter and ignores the rest.
func (c *call) decodeQuery(m protoreflect.Message) error {
	var storage [8]int
	seen := storage[:0]
	for pair := range strings.SplitSeq(c.r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(key, "%+") {
			var err error
			if key, err = url.QueryUnescape(key); err != nil {
				continue
			}
		}
		i, known := c.op.query[key]
		if !known || slices.Contains(seen, i) {
			continue
		}
		seen = append(seen, i)
		field := &c.op.queryFields[i]
		value, err := url.QueryUnescape(value)
		if err != nil {
			return fault.InvalidField(field.name, "has a bad percent escape")
		}
		if err := field.set(m, value); err != nil {
			return err
		}
	}
	return nil
}

// decodePath writes the path variables over whatever body and query said.
func (c *call) decodePath(m protoreflect.Message) error {
	for i := range c.op.params {
		value := c.values[i]
		if c.r.URL.RawPath != "" { // chi routes by RawPath when there is one
			var err error
			if value, err = url.PathUnescape(value); err != nil {
				return fault.InvalidField(c.op.params[i].name, "has a bad percent escape")
			}
		}
		if err := c.op.params[i].set(m, value); err != nil {
			return err
		}
	}
	return nil
}
