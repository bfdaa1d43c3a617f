package transcode

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// bodyPrefix starts the message of every body that cannot be decoded. Source: the C1 API.
const bodyPrefix = "failed to unmarshal body: "

// maxReason limits what a decoder's error adds to a message, in bytes: it may
// quote the client's value, which may be as long as the body.
const maxReason = 256

// position is how protojson says where: "(line 1:8): " or "syntax error (line 1:8): ".
var position = regexp.MustCompile(`^(syntax error )?\(line (\d+):(\d+)\): `)

// bodyFault turns an error of protojson into a 400 that names the field. The
// library's own text varies between builds (a prefix with a plain or a
// non-breaking space) and names the field only sometimes.
func bodyFault(body []byte, err error) *fault.Fault {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "proto:\u00a0"), "proto: ")
	if text == "exceeded max recursion depth" {
		text = fmt.Sprintf("nested more than %d levels deep", maxDepth)
	}
	where := position.FindStringSubmatch(text)
	if where == nil {
		return fault.New(fault.Invalid, "%s%s", bodyPrefix, cut(text, maxReason))
	}
	line, _ := strconv.Atoi(where[2])
	column, _ := strconv.Atoi(where[3])
	return bodyFaultAt(body, offset(body, line, column), cut(where[1]+text[len(where[0]):], maxReason))
}

// bodyFaultAt is a 400 about the value or key at an offset of the body.
func bodyFaultAt(body []byte, at int, reason string) *fault.Fault {
	path := pathAt(body, at)
	line := bytes.Count(body[:at], []byte("\n")) + 1
	column := utf8.RuneCount(body[bytes.LastIndexByte(body[:at], '\n')+1:at]) + 1
	f := fault.New(fault.Invalid, "%s%s: %s (line %d:%d)", bodyPrefix, path, reason, line, column)
	f.Field = path
	if path == "" {
		f.Message = fmt.Sprintf("%s%s (line %d:%d)", bodyPrefix, reason, line, column)
	}
	return f
}

// offset finds the byte of a line and column, both counted from 1, columns in runes.
func offset(body []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		at += bytes.IndexByte(body[at:], '\n') + 1
	}
	for ; column > 1 && at < len(body); column-- {
		_, size := utf8.DecodeRune(body[at:])
		at += size
	}
	return at
}

// findNUL returns the offset of an escaped NUL character in valid JSON, or -1. No
// text column holds one, so it is refused here once for all fields.
func findNUL(body []byte) int {
	escape := []byte(`\u0000`)
	for from := 0; ; {
		i := bytes.Index(body[from:], escape)
		if i < 0 {
			return -1
		}
		at, slashes := from+i, 0
		for at-slashes > 0 && body[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 { // else the backslash before u is itself escaped
			return at
		}
		from = at + len(escape)
	}
}
