package c1

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of what a caller may send; over one of them is 400 naming field and limit.
const (
	MaxFilter = 500  // values in one filter list
	MaxPaths  = 64   // paths in one updateMask or expandMask
	MaxQuery  = 1024 // characters of a search text
)

// CheckList refuses a list of n values above most.
func CheckList(field string, n, most int) error {
	if n > most {
		return fault.InvalidField(field, "has %d values; at most %d are allowed", n, most)
	}
	return nil
}

// CheckText refuses a text of more than most characters, and one that no
// database keeps: not UTF-8, or with a NUL in it.
func CheckText(field, s string, most int) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return fault.InvalidField(field, "is not valid text")
	}
	if n := utf8.RuneCountInString(s); n > most {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, most)
	}
	return nil
}

// CheckProse refuses a message of which any text holds what a text of several lines may not ([text.Block]), naming it by its way
// from field. For messages that are kept as they come; how long they may be is for their keeper to say.
func CheckProse(field string, m protoreflect.Message) error { return checkEach(field, m, text.Block) }

// checkEach checks every text of a message, naming it by its way from field.
func checkEach(field string, m protoreflect.Message, check func(field, s string) error) (err error) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := field + "." + f.JSONName()
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				err = firstError(check(name, k.String()), checkValue(name, f.MapValue(), v, check))
				return err == nil
			})
		case f.IsList():
			for i := 0; i < v.List().Len() && err == nil; i++ {
				err = checkValue(fmt.Sprintf("%s[%d]", name, i), f, v.List().Get(i), check)
			}
		default:
			err = checkValue(name, f, v, check)
		}
		return err == nil
	})
	return err
}

func checkValue(field string, f protoreflect.FieldDescriptor, v protoreflect.Value, check func(field, s string) error) error {
	switch {
	case f.Message() != nil:
		return checkEach(field, v.Message(), check)
	case f.Kind() == protoreflect.StringKind:
		return check(field, v.String())
	default:
		return nil
	}
}

// CheckTexts refuses a filter of more than MaxFilter texts, and one of which a text is over MaxQuery characters or none at all.
func CheckTexts(field string, list []string) error {
	if err := CheckList(field, len(list), MaxFilter); err != nil {
		return err
	}
	for _, s := range list {
		if err := CheckText(field, s, MaxQuery); err != nil {
			return err
		}
	}
	return nil
}

// fixed refuses to write a field that is shown but follows from something else.
func fixed(field, why string) error {
	return fault.InvalidField(field, "cannot be changed: %s", why)
}

// firstError returns the first error of several checks.
func firstError(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// NotServed refuses the first of the named fields (in snake_case) of m to which the caller gave a value although nothing would
// come of it yet, as "<message>.<field> is not served yet". An empty value, an empty message and an empty list ask for nothing. With
// a mask only what it names counts; a nil mask is a request without one.
func NotServed(m proto.Message, mask Mask, fields ...string) error {
	r := m.ProtoReflect()
	for _, name := range fields {
		f := r.Descriptor().Fields().ByTextName(name)
		if (mask == nil || mask[name]) && given(r, f) {
			return fault.NotServed(string(r.Descriptor().Name()) + "." + f.JSONName())
		}
	}
	return nil
}

// given reports whether a field holds more than its empty value.
func given(r protoreflect.Message, f protoreflect.FieldDescriptor) bool {
	if !r.Has(f) {
		return false
	}
	return f.Message() == nil || f.IsList() || f.IsMap() || proto.Size(r.Get(f).Message().Interface()) > 0
}
