package db

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// null is what binds as NULL.
var null any

// plain turns a value to bind into nil, string, int64, float64, bool or
// []byte, so that both engines are given the same. (Left alone, pgx would
// store a type of kind string in a JSON column as a JSON string.)
func plain(v any) (any, error) {
	switch is := v.(type) {
	case nil, int64, bool, float64, []byte:
		return v, nil
	case string:
		return v, storable(is)
	case int:
		return int64(is), nil
	case time.Time:
		return nil, fmt.Errorf("db: a time is bound as microseconds, not as %T", v)
	case driver.Valuer:
		if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
			return null, nil
		}
		out, err := is.Value()
		if err != nil {
			return nil, err
		}
		if _, again := out.(driver.Valuer); again {
			return nil, fmt.Errorf("db: %T is no plain value", out)
		}
		return plain(out)
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.String:
		return rv.String(), storable(rv.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(rv.Uint()), nil
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Float32, reflect.Float64:
		return rv.Float(), nil
	case reflect.Pointer:
		if rv.IsNil() {
			return null, nil
		}
		return plain(rv.Elem().Interface())
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return rv.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("db: cannot bind a %T", v)
}

// plainAll is plain for the values of a statement.
func plainAll(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := plain(a)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// storable refuses a text that PostgreSQL cannot hold, on both engines.
func storable(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fault.New(fault.Invalid, "a text contains characters that cannot be stored: NUL or invalid UTF-8")
	}
	return nil
}
