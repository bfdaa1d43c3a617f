package transcode

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// protoJSON is what every answer means: proto3 JSON with unpopulated fields
// written out, as the C1 API does. appendMessage writes the same JSON three times
// as fast, since it looks fields, names and defaults up once; it leaves well-known
// types to protoJSON, and tests and fuzzing compare the two.
var protoJSON = protojson.MarshalOptions{EmitUnpopulated: true, AllowPartial: true}

// encoding is what appendMessage has to know of a message type.
type encoding struct {
	foreign bool // a well-known type, or one with extensions: protoJSON writes it
	fields  []fieldEncoding
}

type fieldEncoding struct {
	field protoreflect.FieldDescriptor
	name  string                             // `"displayName":`
	unset string                             // what stands for an unpopulated field; "" leaves it out
	enum  map[protoreflect.EnumNumber]string // quoted names
	kind  protoreflect.Kind
}

// encodings holds an *encoding for each protoreflect.MessageDescriptor seen.
var encodings sync.Map

func encodingOf(message protoreflect.MessageDescriptor) *encoding {
	if known, ok := encodings.Load(message); ok {
		return known.(*encoding) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	e := &encoding{foreign: strings.HasPrefix(string(message.FullName()), "google.protobuf.") || message.ExtensionRanges().Len() > 0}
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		f := fieldEncoding{field: field, name: `"` + field.JSONName() + `":`, unset: unsetJSON(field), kind: field.Kind()}
		if field.IsMap() {
			f.kind = field.MapValue().Kind()
		}
		f.enum = enumNames(field)
		e.fields = append(e.fields, f)
	}
	encodings.Store(message, e)
	return e
}

// unsetJSON is the rule for unpopulated fields: [] and {}, nothing for members of a
// oneof and proto3 optionals, null for whatever else tells set from unset, and the
// zero value for the rest.
func unsetJSON(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsList():
		return "[]"
	case field.IsMap():
		return "{}"
	case field.ContainingOneof() != nil:
		return ""
	case field.HasPresence():
		return "null"
	}
	switch field.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return `""`
	case protoreflect.BoolKind:
		return "false"
	case protoreflect.EnumKind:
		return enumNames(field)[0]
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return `"0"`
	default:
		return "0"
	}
}

// enumNames returns the JSON of an enum's values; of two names for one number, the first.
func enumNames(field protoreflect.FieldDescriptor) map[protoreflect.EnumNumber]string {
	enum := field.Enum()
	if field.IsMap() {
		enum = field.MapValue().Enum()
	}
	if enum == nil {
		return nil
	}
	names := map[protoreflect.EnumNumber]string{}
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		if _, taken := names[value.Number()]; !taken {
			names[value.Number()] = `"` + string(value.Name()) + `"`
		}
	}
	if enum.FullName() == "google.protobuf.NullValue" {
		names[0] = "null"
	}
	return names
}

// appendMessage appends the JSON of m. It fails on text that is not UTF-8 and on
// well-known types whose value has no JSON form.
func appendMessage(b []byte, m protoreflect.Message) ([]byte, error) {
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok && t.IsValid() {
		return appendTime(b, t), nil
	}
	e := encodingOf(m.Descriptor())
	if e.foreign {
		return protoJSON.MarshalAppend(b, m.Interface())
	}
	b = append(b, '{')
	for i := range e.fields {
		f := &e.fields[i]
		populated := m.Has(f.field)
		if !populated && f.unset == "" {
			continue
		}
		b = append(comma(b, '{'), f.name...)
		if !populated {
			b = append(b, f.unset...)
			continue
		}
		var err error
		if b, err = f.appendField(b, m.Get(f.field)); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// comma separates a member from the one before it, if there is one.
func comma(b []byte, open byte) []byte {
	if b[len(b)-1] != open {
		return append(b, ',')
	}
	return b
}

func (f *fieldEncoding) appendField(b []byte, v protoreflect.Value) ([]byte, error) {
	switch {
	case f.field.IsList():
		return f.appendList(b, v.List())
	case f.field.IsMap():
		return f.appendMap(b, v.Map())
	default:
		return f.appendValue(b, v)
	}
}

func (f *fieldEncoding) appendList(b []byte, list protoreflect.List) ([]byte, error) {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = f.appendValue(b, list.Get(i)); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func (f *fieldEncoding) appendMap(b []byte, values protoreflect.Map) ([]byte, error) {
	keys := make([]protoreflect.MapKey, 0, values.Len())
	for key := range values.Range {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y protoreflect.MapKey) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, key.String()); err != nil {
			return b, err
		}
		if b, err = f.appendValue(append(b, ':'), values.Get(key)); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendValue appends one value: a singular field, or a member of a list or map.
func (f *fieldEncoding) appendValue(b []byte, v protoreflect.Value) ([]byte, error) {
	switch f.kind {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return appendMessage(b, v.Message())
	case protoreflect.StringKind:
		return appendText(b, v.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool()), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return append(strconv.AppendInt(append(b, '"'), v.Int(), 10), '"'), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return append(strconv.AppendUint(append(b, '"'), v.Uint(), 10), '"'), nil
	case protoreflect.EnumKind:
		if name, ok := f.enum[v.Enum()]; ok {
			return append(b, name...), nil
		}
		return strconv.AppendInt(b, int64(v.Enum()), 10), nil
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), nil
	case protoreflect.DoubleKind:
		return appendFloat(b, v.Float(), v.Float()), nil
	default: // protoreflect.FloatKind
		return appendFloat(b, v.Float(), float32(v.Float())), nil
	}
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

// appendText appends a JSON string.
func appendText(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return b, fmt.Errorf("text of %d bytes is not UTF-8", len(s))
	}
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
	}
	return append(append(b, s[done:]...), '"'), nil
}
