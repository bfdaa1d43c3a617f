package expr

import (
	"slices"
	"strings"
)

// Enum is an enumeration whose values expressions name, in both of the spellings that upstream shows: UserStatus.ENABLED and
// USER_STATUS_ENABLED. What expressions see of a value is its number.
type Enum struct {
	Name   string   // as UserStatus
	Values []string // in upstream's order, from 1 on; 0 is UNSPECIFIED
}

// Enumerate is an Enum of the values of a type.
func Enumerate[T ~string](name string, values ...T) Enum {
	e := Enum{Name: name}
	for _, v := range values {
		e.Values = append(e.Values, string(v))
	}
	return e
}

// Number is that of a value, 0 for one that the enumeration does not have.
func (e Enum) Number(value string) int64 { return int64(slices.Index(e.Values, value) + 1) }

// Constants are the values of enumerations, for a [Declaration].
func Constants(enums ...Enum) map[string]int64 {
	out := map[string]int64{}
	for _, e := range enums {
		for n, v := range append([]string{"UNSPECIFIED"}, e.Values...) {
			out[e.Name+"."+v], out[upper(e.Name)+"_"+v] = int64(n), int64(n)
		}
	}
	return out
}

// upper is USER_STATUS of UserStatus.
func upper(name string) string {
	var b strings.Builder
	for n, r := range name {
		if n > 0 && 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
