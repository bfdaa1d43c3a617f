package transcode

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// appendKnown appends the well-known types that answers are full of: times, the
// Any of `expanded`, the Struct of a profile or an event. It reports false, with b
// as it was, for everything else and for values without a JSON form, which
// protoJSON then refuses.
func appendKnown(b []byte, m protoreflect.ProtoMessage) ([]byte, bool) {
	from := len(b)
	var ok bool
	switch known := m.(type) {
	case *timestamppb.Timestamp:
		if !known.IsValid() {
			return b, false
		}
		return appendTime(b, known), true
	case *anypb.Any:
		b, ok = appendAny(b, known)
	case *structpb.Struct:
		b, ok = appendStruct(b, known)
	case *structpb.Value:
		b, ok = appendJSONValue(b, known)
	}
	if !ok {
		return b[:from], false
	}
	return b, true
}

// appendTime appends RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second.
func appendTime(b []byte, t *timestamppb.Timestamp) []byte {
	layout := `"2006-01-02T15:04:05.000000000Z"`
	switch nanos := t.GetNanos(); {
	case nanos == 0:
		layout = `"2006-01-02T15:04:05Z"`
	case nanos%1e6 == 0:
		layout = `"2006-01-02T15:04:05.000Z"`
	case nanos%1e3 == 0:
		layout = `"2006-01-02T15:04:05.000000Z"`
	}
	return t.AsTime().AppendFormat(b, layout)
}

// appendAny appends a message with its "@type" as one more member.
func appendAny(b []byte, a *anypb.Any) ([]byte, bool) {
	inner, err := a.UnmarshalNew()
	if err != nil {
		return b, false
	}
	m := inner.ProtoReflect()
	e := encodingOf(m.Descriptor())
	if e.foreign {
		return b, false
	}
	if b, err = appendText(append(b, `{"@type":`...), a.GetTypeUrl()); err != nil {
		return b, false
	}
	if b, err = e.appendMembers(b, m); err != nil {
		return b, false
	}
	return append(b, '}'), true
}

func appendStruct(b []byte, s *structpb.Struct) ([]byte, bool) {
	b = append(b, '{')
	for _, key := range slices.Sorted(maps.Keys(s.GetFields())) {
		var err error
		if b, err = appendText(comma(b), key); err != nil {
			return b, false
		}
		var ok bool
		if b, ok = appendJSONValue(append(b, ':'), s.GetFields()[key]); !ok {
			return b, false
		}
	}
	return append(b, '}'), true
}

func appendJSONValue(b []byte, v *structpb.Value) ([]byte, bool) {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return append(b, "null"...), true
	case *structpb.Value_BoolValue:
		if kind.BoolValue {
			return append(b, "true"...), true
		}
		return append(b, "false"...), true
	case *structpb.Value_NumberValue:
		if math.IsNaN(kind.NumberValue) || math.IsInf(kind.NumberValue, 0) {
			return b, false
		}
		return appendFloat(b, kind.NumberValue, kind.NumberValue), true
	case *structpb.Value_StringValue:
		b, err := appendText(b, kind.StringValue)
		return b, err == nil
	case *structpb.Value_StructValue:
		return appendStruct(b, kind.StructValue)
	case *structpb.Value_ListValue:
		b = append(b, '[')
		for _, member := range kind.ListValue.GetValues() {
			var ok bool
			if b, ok = appendJSONValue(comma(b), member); !ok {
				return b, false
			}
		}
		return append(b, ']'), true
	default:
		return b, false
	}
}

// comma separates a member of a list or an object from the one before it, if there is one.
func comma(b []byte) []byte {
	if last := b[len(b)-1]; last == '{' || last == '[' {
		return b
	}
	return append(b, ',')
}

// appendBytes appends base64.
func appendBytes(b, raw []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), raw), '"')
}

// appendFloat appends n, whose width is that of sized; what JSON has no number for is a string.
func appendFloat(b []byte, n float64, sized any) []byte {
	text, err := json.Marshal(sized)
	if err == nil {
		return append(b, text...)
	}
	switch {
	case n > 0:
		return append(b, `"Infinity"`...)
	case n < 0:
		return append(b, `"-Infinity"`...)
	default:
		return append(b, `"NaN"`...)
	}
}
