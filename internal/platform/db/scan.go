package db

import (
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
)

// assign stores a column of SQLite (nil, int64, float64, string or []byte) in
// what dest points to. It converts what pgx converts, no more: a program that
// works on SQLite works on PostgreSQL.
func assign(dest, v any) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok && int64(int(n)) == n {
			*d = int(n)
			return nil
		}
	case *bool:
		if n, ok := v.(int64); ok {
			*d = n != 0
			return nil
		}
	case *[]byte:
		switch v := v.(type) {
		case nil:
			*d = nil
			return nil
		case []byte:
			*d = v
			return nil
		case string:
			*d = []byte(v)
			return nil
		}
	case *any:
		*d = v
		return nil
	case sql.Scanner:
		return d.Scan(v)
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("db: cannot scan into a %T", dest)
	}
	return assignKind(p.Elem(), v)
}

// assignKind is assign by the kind of the destination.
func assignKind(d reflect.Value, v any) error {
	if d.Kind() == reflect.Pointer {
		if v == nil {
			d.SetZero()
			return nil
		}
		p := reflect.New(d.Type().Elem())
		if err := assign(p.Interface(), v); err != nil {
			return err
		}
		d.Set(p)
		return nil
	}
	switch v := v.(type) {
	case string:
		switch {
		case d.Kind() == reflect.String:
			d.SetString(v)
			return nil
		case isBytes(d):
			d.SetBytes([]byte(v))
			return nil
		}
	case []byte:
		if isBytes(d) {
			d.SetBytes(v)
			return nil
		}
	case int64:
		switch {
		case d.CanInt() && !d.OverflowInt(v):
			d.SetInt(v)
			return nil
		case d.CanUint() && v >= 0 && !d.OverflowUint(uint64(v)):
			d.SetUint(uint64(v))
			return nil
		case d.Kind() == reflect.Bool:
			d.SetBool(v != 0)
			return nil
		case d.CanFloat():
			d.SetFloat(float64(v))
			return nil
		}
	case float64:
		if d.CanFloat() {
			d.SetFloat(v)
			return nil
		}
	}
	return fmt.Errorf("db: cannot scan %s into a %s", describe(v), d.Type())
}

func isBytes(d reflect.Value) bool {
	return d.Kind() == reflect.Slice && d.Type().Elem().Kind() == reflect.Uint8
}

// describe names a value without showing text, which may be a secret.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		return fmt.Sprintf("a %T", v)
	}
}
