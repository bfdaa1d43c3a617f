package transcode

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// The first two scans below read JSON that protojson has already read: all of it
// (objectKeys) or up to the offset in question (pathAt). They need not judge it,
// but must not panic on anything.

// pathAt returns where in the body an offset lies, in the client's own spelling:
// "users[2].displayName", "" at the top.
func pathAt(body []byte, at int) string {
	type level struct {
		object  bool
		wantKey bool
		key     string
		index   int
	}
	var stack []level
	for i := 0; i < len(body) && i <= at; {
		top := len(stack) - 1
		switch b := body[i]; {
		case b == '"': // the one token that counts at the offset itself: it may be the key at fault
			end := stringEnd(body, i)
			if top >= 0 && stack[top].wantKey {
				stack[top].key, stack[top].wantKey = unquote(body[i:end]), false
			}
			i = end
			continue
		case i == at:
		case b == '{' || b == '[':
			stack = append(stack, level{object: b == '{', wantKey: b == '{'})
		case top >= 0 && (b == '}' || b == ']'):
			stack = stack[:top]
		case top >= 0 && b == ',':
			stack[top] = level{object: stack[top].object, wantKey: stack[top].object, index: stack[top].index + 1}
		}
		i++
	}
	var path strings.Builder
	for _, l := range stack {
		switch {
		case !l.object:
			path.WriteString("[" + strconv.Itoa(l.index) + "]")
		case l.key != "":
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.WriteString(short(l.key))
		}
	}
	return cut(path.String(), maxReason)
}

// objectKeys returns the keys, in order, of the object that is the value of the
// top-level member called name or alias; nil when there is no such object.
func objectKeys(body []byte, name, alias string) []string {
	var keys []string
	depth, inside, wantKey := 0, false, false
	for i := 0; i < len(body); {
		switch body[i] {
		case '{', '[':
			depth++
			wantKey = body[i] == '{'
		case '}', ']':
			depth--
			if inside && depth == 1 {
				return keys
			}
		case ',':
			wantKey = depth == 1 || inside && depth == 2
		case '"':
			end := stringEnd(body, i)
			if wantKey && depth == 1 {
				key := unquote(body[i:end])
				inside = key == name || key == alias
			} else if wantKey && inside && depth == 2 {
				keys = append(keys, unquote(body[i:end]))
			}
			wantKey = false
			i = end
			continue
		}
		i++
	}
	return keys
}

// crowded reports whether a text that may be JSON has more than most values, all levels together. It judges a text that nobody has
// read yet.
func crowded(body []byte, most int) bool {
	if len(body) < most { // a value and what stands before it are two bytes at least
		return false
	}
	n := 0
	for i := 0; i < len(body) && n <= most; {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
			continue
		case '{', '[', ',':
			n++
		}
		i++
	}
	return n > most
}

// stringEnd returns the offset behind the string that starts at i.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// unquote returns the text of a JSON string.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) == nil {
			return s
		}
	}
	return strings.Trim(string(quoted), `"`)
}
