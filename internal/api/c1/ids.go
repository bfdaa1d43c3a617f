package c1

import (
	"errors"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// nobody stands in a filter for an identifier that no object of ours can have.
// It is no UUID, so it equals no stored id: a filter made of strangers only
// matches nothing instead of being dropped, which would match everything.
const nobody = "nobody"

// ID decodes an identifier that must name an object. Empty or malformed is an
// Invalid fault about field; a foreign one is NotFound, "<kind> not found: <id>".
func ID[T ~string](field, kind, s string) (T, error) {
	u, err := id.FromKSUID(s)
	switch {
	case err == nil:
		return T(u), nil
	case errors.Is(err, id.ErrForeign):
		return "", fault.Missing(kind, s)
	default:
		return "", malformed(field)
	}
}

// OptionalID is ID for a field that may be left empty, which gives "".
func OptionalID[T ~string](field, kind, s string) (T, error) {
	if s == "" {
		return "", nil
	}
	return ID[T](field, kind, s)
}

// FilterID decodes an identifier used as a filter: "" stays "" (no filter), a
// malformed one is an Invalid fault, a foreign one becomes an id of no object.
func FilterID[T ~string](field, s string) (T, error) {
	if s == "" {
		return "", nil
	}
	u, err := id.FromKSUID(s)
	switch {
	case err == nil:
		return T(u), nil
	case errors.Is(err, id.ErrForeign):
		return nobody, nil
	default:
		return "", malformed(field)
	}
}

// FilterIDs is FilterID for a list of at most MaxFilter identifiers; an empty
// list gives nil (no filter), an empty string in the list is malformed.
func FilterIDs[T ~string](field string, list []string) ([]T, error) {
	if err := CheckList(field, len(list), MaxFilter); err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]T, 0, len(list))
	for _, s := range list {
		if s == "" {
			return nil, malformed(field)
		}
		v, err := FilterID[T](field, s)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// KSUID shows an id on this door; "" stays "".
func KSUID[T ~string](v T) string { return id.KSUID(string(v)) }

// KSUIDs shows a list of ids on this door.
func KSUIDs[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = KSUID(v)
	}
	return out
}

func malformed(field string) error {
	return fault.InvalidField(field, "must match the pattern %s", id.Pattern)
}
