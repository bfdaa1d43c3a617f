package c1

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/interim-access/interim/internal/platform/fault"
)

// EnumName decodes an enum value into the word we keep: its name without prefix, "" for the first value, …_UNSPECIFIED. A number
// that the enum does not have, which JSON may carry, is an Invalid fault about field.
func EnumName[T ~string](field, prefix string, e protoreflect.Enum) (T, error) {
	v := e.Descriptor().Values().ByNumber(e.Number())
	if v == nil {
		return "", fault.InvalidField(field, "%s has no value %d", e.Descriptor().Name(), e.Number())
	}
	name := strings.TrimPrefix(string(v.Name()), prefix)
	if name == "UNSPECIFIED" || name == "UNKNOWN" {
		return "", nil
	}
	return T(name), nil
}

// EnumNames decodes a filter of enum values, at most MaxFilter; …_UNSPECIFIED among them is Invalid, since it selects nothing.
func EnumNames[T ~string, E protoreflect.Enum](field, prefix string, list []E) ([]T, error) {
	if err := CheckList(field, len(list), MaxFilter); err != nil {
		return nil, err
	}
	var out []T
	for _, e := range list {
		name, err := EnumName[T](field, prefix, e)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return nil, fault.InvalidField(field, "an unspecified value selects nothing")
		}
		out = append(out, name)
	}
	return out, nil
}

// EnumValue is the number of the enum value that shows our word; 0 for "" and for a word that the enum lacks.
func EnumValue[E ~int32, T ~string](values map[string]int32, prefix string, word T) E {
	return E(values[prefix+string(word)])
}
