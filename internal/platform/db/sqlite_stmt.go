package db

import (
	"database/sql"
	"errors"
	"reflect"
	"strings"

	zombiezen "zombiezen.com/go/sqlite"
)

// statement is prepared and kept.
type statement struct {
	*zombiezen.Stmt
	columns int
}

// prepare makes a statement of a text that has one.
func prepare(c *zombiezen.Conn, text string) (*statement, error) {
	s, rest, err := c.PrepareTransient(text)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text[len(text)-rest:]) != "" {
		return nil, errors.Join(errors.New("db: a text is one statement"), s.Finalize())
	}
	return &statement{s, s.ColumnCount()}, nil
}

// bind gives the statement its values, which are nil, string, int64, float64, bool or []byte.
func (s *statement) bind(values []any) {
	for i, v := range values {
		switch v := v.(type) {
		case string:
			s.BindText(i+1, v)
		case []byte:
			if v == nil {
				s.BindNull(i + 1)
			} else {
				s.BindBytes(i+1, v)
			}
		case int64:
			s.BindInt64(i+1, v)
		case bool:
			s.BindBool(i+1, v)
		case float64:
			s.BindFloat(i+1, v)
		default:
			s.BindNull(i + 1)
		}
	}
}

// value is a column of the row: nil, int64, float64, string or []byte.
func (s *statement) value(i int) any {
	switch s.ColumnType(i) {
	case zombiezen.TypeInteger:
		return s.ColumnInt64(i)
	case zombiezen.TypeFloat:
		return s.ColumnFloat(i)
	case zombiezen.TypeText:
		return s.ColumnText(i)
	case zombiezen.TypeBlob:
		b := make([]byte, s.ColumnLen(i))
		s.ColumnBytes(i, b)
		return b
	default:
		return nil
	}
}

// scan stores a column of the row in what dest points to, and spares what is read most the way through an interface.
func (s *statement) scan(i int, dest any) error {
	switch kind := s.ColumnType(i); d := dest.(type) {
	case *string:
		if kind == zombiezen.TypeText {
			*d = s.ColumnText(i)
			return nil
		}
	case *int64:
		if kind == zombiezen.TypeInteger {
			*d = s.ColumnInt64(i)
			return nil
		}
	case *bool:
		if kind == zombiezen.TypeInteger {
			*d = s.ColumnInt64(i) != 0
			return nil
		}
	case **string:
		if kind == zombiezen.TypeText {
			*d = new(s.ColumnText(i))
			return nil
		}
	case sql.Scanner:
	default:
		if p := reflect.ValueOf(dest); kind == zombiezen.TypeText && p.Kind() == reflect.Pointer && p.Elem().Kind() == reflect.String {
			p.Elem().SetString(s.ColumnText(i))
			return nil
		}
	}
	return assign(dest, s.value(i))
}
