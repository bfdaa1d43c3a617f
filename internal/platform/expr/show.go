package expr

import (
	"bytes"
	"encoding/json"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// describe shows a value to people: its type, and the value as a text, in CEL's spelling or as JSON; nothing for objects.
func describe(v ref.Val) (typ, text string) {
	typ = v.Type().TypeName()
	if s, ok := v.ConvertToType(types.StringType).(types.String); ok {
		return typ, string(s)
	}
	if raw, err := v.ConvertToNative(reflect.TypeFor[*structpb.Value]()); err == nil {
		if list, ok := raw.(*structpb.Value); ok {
			var compact bytes.Buffer // protojson spaces its output at random
			if out, err := protojson.Marshal(list); err == nil && json.Compact(&compact, out) == nil {
				return typ, compact.String()
			}
		}
	}
	return typ, ""
}
