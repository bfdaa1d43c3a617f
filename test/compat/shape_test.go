package compat

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A shape is what JSON shows of a field, in one line: "string", "array of c1.api.app.v1.App", "optional int32",
// "map to string", "enum A,B". Two fields of one shape are the same on the wire.

// wellKnown are the shapes of messages that have a JSON form of their own.
var wellKnown = map[protoreflect.FullName]string{
	"google.protobuf.Timestamp": "date-time",
	"google.protobuf.Duration":  "duration",
	"google.protobuf.FieldMask": "mask",
	"google.protobuf.Struct":    "struct",
	"google.protobuf.Any":       "any",
	"google.protobuf.Empty":     "empty",
	"google.protobuf.Value":     "value",
}

// kinds are the shapes of scalars. How a number is packed does not show in JSON.
var kinds = map[protoreflect.Kind]string{
	protoreflect.StringKind:   "string",
	protoreflect.BoolKind:     "boolean",
	protoreflect.BytesKind:    "base64",
	protoreflect.Int32Kind:    "int32",
	protoreflect.Sint32Kind:   "int32",
	protoreflect.Sfixed32Kind: "int32",
	protoreflect.Uint32Kind:   "uint32",
	protoreflect.Fixed32Kind:  "uint32",
	protoreflect.Int64Kind:    "int64",
	protoreflect.Sint64Kind:   "int64",
	protoreflect.Sfixed64Kind: "int64",
	protoreflect.Uint64Kind:   "uint64",
	protoreflect.Fixed64Kind:  "uint64",
	protoreflect.FloatKind:    "number",
	protoreflect.DoubleKind:   "number",
}

// shape is the shape of one of our fields.
func shape(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return "map to " + single(field.MapValue())
	case field.IsList():
		return "array of " + single(field)
	case field.HasOptionalKeyword() && field.Message() == nil && field.Syntax() == protoreflect.Proto3:
		// A message can be unset anyway: the word only has it left out instead of null. Proto2 has no other way to say it, and its printer
		// no word.
		return "optional " + single(field)
	}
	return single(field)
}

func single(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.EnumKind:
		var names []string
		for i := range field.Enum().Values().Len() {
			value := field.Enum().Values().Get(i)
			if int(value.Number()) != i {
				return fmt.Sprintf("enum that numbers %s %d instead of %d", value.Name(), value.Number(), i)
			}
			names = append(names, string(value.Name()))
		}
		return "enum " + strings.Join(names, ",")
	case protoreflect.MessageKind:
		if known := wellKnown[field.Message().FullName()]; known != "" {
			return known
		}
		return string(field.Message().FullName())
	}
	if known := kinds[field.Kind()]; known != "" {
		return known
	}
	return "kind " + field.Kind().String()
}

// oneof is the group of a field, "" outside of one. The group that `optional` makes is none.
func oneof(field protoreflect.FieldDescriptor) string {
	if group := field.ContainingOneof(); group != nil && !group.IsSynthetic() {
		return string(group.Name())
	}
	return ""
}

// shape is the shape of a recorded field. Which nullable scalars are `optional`, and that a nullable string called mask is a
// FieldMask, is how the generator behind the C1 API prints its protos.
func (f *contractField) shape() string {
	one := f.single()
	if len(f.Map) > 0 && f.Map[0] == '{' {
		return "map to " + f.values().single()
	}
	scalar := f.Ref == "" && len(f.Map) == 0 && one != "date-time" && one != "duration" && one != "mask" && one != "empty" && one != "value"
	switch {
	case bool(f.Array):
		return "array of " + one
	case bool(f.Nullable) && scalar && f.Oneof == "":
		return "optional " + one
	}
	return one
}

func (f *contractField) single() string {
	var word string
	_ = json.Unmarshal(f.Type, &word) // a list of words leaves it empty
	switch {
	case len(f.Enum) > 0:
		return "enum " + strings.Join(f.Enum, ",")
	case f.Ref != "":
		return f.Ref
	case len(f.Map) > 0 && (bool(f.Any) || len(f.Inline) > 0):
		return "any"
	case len(f.Map) > 0:
		return "struct"
	case len(f.Type) > 0 && f.Type[0] == '[':
		return "value"
	case word == "object":
		return "empty"
	case f.Format != "":
		return f.Format
	case word == "string" && bool(f.Nullable) && !bool(f.Array) && f.Oneof == "" && strings.HasSuffix(strings.ToLower(f.Name), "mask"):
		return "mask"
	}
	return word
}

// values is what a recorded map leads to.
func (f *contractField) values() *contractField {
	value := &contractField{}
	_ = json.Unmarshal(f.Map, value) // a record that is no schema has no shape, which differs from every field
	return value
}

// reference names the schema that a recorded field leads to.
func (f *contractField) reference() string {
	if f.Ref == "" && len(f.Map) > 0 && f.Map[0] == '{' {
		return f.values().Ref
	}
	return f.Ref
}

// shape is the shape of a recorded parameter.
func (p *param) shape() string {
	switch {
	case len(p.Enum) > 0:
		return "enum " + strings.Join(p.Enum, ",")
	case p.Type == "integer":
		return "int32"
	}
	return p.Type
}
