package c1

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Mask is the set of top-level fields, in snake_case, that an update writes.
type Mask map[string]bool

// UpdateMask reads the mask of an update of the object in field wrapper (its
// JSON name). Paths are top-level fields of the object: nested messages are
// replaced whole and the members of a oneof go together. `*` means every field.
// A path that names no field, or one inside a nested message, is an Invalid
// fault about updateMask. Without paths the mask is the fields that are set in
// the object; the JSON gateway fills in the keys present in the body before
// that, so that there `false` and `""` count as well.
//
// Handlers look up the fields they write and never the read-only ones, so a
// caller may send back a whole object as it was read.
func UpdateMask(wrapper string, object proto.Message, mask *fieldmaskpb.FieldMask) (Mask, error) {
	if object == nil || !object.ProtoReflect().IsValid() {
		return nil, fault.InvalidField(wrapper, "is required")
	}
	if err := CheckList("updateMask", len(mask.GetPaths()), MaxPaths); err != nil {
		return nil, err
	}
	desc, m := object.ProtoReflect().Descriptor(), Mask{}
	if len(mask.GetPaths()) == 0 {
		object.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			m.add(f)
			return true
		})
		return m, nil
	}
	for _, path := range mask.GetPaths() {
		if path == "*" {
			for i := range desc.Fields().Len() {
				m.add(desc.Fields().Get(i))
			}
			continue
		}
		head, _, nested := strings.Cut(path, ".")
		f := desc.Fields().ByTextName(head)
		switch {
		case f == nil:
			return nil, fault.InvalidField("updateMask", "%s has no field %q", desc.Name(), brief(path))
		case nested:
			return nil, fault.InvalidField("updateMask", "%q lies inside a message, which is replaced whole: name %q", brief(path), head)
		}
		m.add(f)
	}
	return m, nil
}

// add puts f into the mask, and the other members of its oneof with it.
func (m Mask) add(f protoreflect.FieldDescriptor) {
	m[f.TextName()] = true
	if group := f.ContainingOneof(); group != nil && !group.IsSynthetic() {
		for i := range group.Fields().Len() {
			m[group.Fields().Get(i).TextName()] = true
		}
	}
}

// Set copies value to field if the mask has the field's snake_case name.
func Set[T any](m Mask, name string, field *T, value T) {
	if m[name] {
		*field = value
	}
}

// brief cuts what a caller sent down to what a message may repeat.
func brief(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
