package transcode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoJSON is what every answer means: proto3 JSON with unpopulated fields
// written out, as the C1 API does. appendMessage writes the same JSON three times
// as fast and with the same bytes from every build (protojson varies its spacing),
// since it looks fields, names and defaults up once. The rarer well-known types
// are left to protoJSON. Tests and fuzzing compare the two.
var protoJSON = protojson.MarshalOptions{EmitUnpopulated: true, AllowPartial: true}

// encoding is what appendMessage has to know of a message type.
type encoding struct {
	foreign bool // a well-known type, or one with extensions
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
		return known.(*encoding) //nolint:forcetypeassert // nothing else is stored
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
	e := encodingOf(m.Descriptor())
	if e.foreign {
		if b, ok := appendKnown(b, m.Interface()); ok {
			return b, nil
		}
		return protoJSON.MarshalAppend(b, m.Interface())
	}
	b, err := e.appendMembers(append(b, '{'), m)
	return append(b, '}'), err
}

// appendMembers appends the fields of m to an object that was begun.
func (e *encoding) appendMembers(b []byte, m protoreflect.Message) ([]byte, error) {
	for i := range e.fields {
		f := &e.fields[i]
		populated := m.Has(f.field)
		if !populated && f.unset == "" {
			continue
		}
		b = append(comma(b), f.name...)
		if !populated {
			b = append(b, f.unset...)
			continue
		}
		var err error
		if b, err = f.appendField(b, m.Get(f.field)); err != nil {
			return b, err
		}
	}
	return b, nil
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
		var err error
		if b, err = f.appendValue(comma(b), list.Get(i)); err != nil {
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
	for _, key := range keys {
		var err error
		if b, err = appendText(comma(b), key.String()); err != nil {
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
		return appendBytes(b, v.Bytes()), nil
	case protoreflect.DoubleKind:
		return appendFloat(b, v.Float(), v.Float()), nil
	default: // protoreflect.FloatKind
		return appendFloat(b, v.Float(), float32(v.Float())), nil
	}
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
