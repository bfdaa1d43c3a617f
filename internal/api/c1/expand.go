package c1

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Expander collects the related objects a caller asked for: one `expanded`
// list for the whole answer, each object in it once, and the paths into it.
type Expander struct {
	want map[string]bool
	list []*anypb.Any
	at   map[string]int
}

// NewExpander reads an expandMask. allowed are the paths that the operation
// knows, in snake_case; `*` asks for all of them. An unknown path is an Invalid
// fault about expandMask.
func NewExpander(paths []string, allowed ...string) (*Expander, error) {
	if err := CheckList("expandMask.paths", len(paths), MaxPaths); err != nil {
		return nil, err
	}
	e := &Expander{want: map[string]bool{}, at: map[string]int{}}
	for _, p := range paths {
		switch {
		case p == "*":
			for _, a := range allowed {
				e.want[a] = true
			}
		case slices.Contains(allowed, p):
			e.want[p] = true
		default:
			return nil, fault.InvalidField("expandMask.paths", "unknown path %q; known are %q and \"*\"", brief(p), allowed)
		}
	}
	return e, nil
}

// Wants reports whether the caller asked for path.
func (e *Expander) Wants(path string) bool { return e != nil && e.want[path] }

// Path returns where the object named key is, adding it at its first use; "" when there is no object (nil), which is how upstream
// shows what is not expanded. key must be unique over all kinds, such as "app/<id>".
func (e *Expander) Path(key string, object proto.Message) string {
	if object == nil || !object.ProtoReflect().IsValid() {
		return ""
	}
	n, ok := e.at[key]
	if !ok {
		packed, err := anypb.New(object)
		if err != nil {
			return "" // only a text that is not UTF-8 fails, which nothing stored can hold
		}
		n = len(e.list)
		e.at[key], e.list = n, append(e.list, packed)
	}
	return "$.expanded[" + strconv.Itoa(n) + "]"
}

// List returns the objects collected so far, for the answer's `expanded`. A nil Expander wants and collects nothing.
func (e *Expander) List() []*anypb.Any {
	if e == nil {
		return nil
	}
	return e.list
}
