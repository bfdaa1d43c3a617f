package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// columns joins the names, each after alias ("a." or "").
func columns(alias string, names []string) string {
	return alias + strings.Join(names, ", "+alias)
}

// stamp reads and writes the times that every row ends with.
type stamp struct {
	created, updated int64
	deleted          *int64
}

func (s stamp) times() (created, updated, deleted time.Time) {
	if s.deleted != nil {
		deleted = clock.FromMicros(*s.deleted)
	}
	return clock.FromMicros(s.created), clock.FromMicros(s.updated), deleted
}

// orNull is an identity as a column holds it: null where it is empty.
func orNull[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	s := string(v)
	return &s
}

func value[T ~string](p *string) T {
	if p == nil {
		return ""
	}
	return T(*p)
}

// document is the JSON text of a doc column.
func document(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("document of %T: %w", v, err)
	}
	return string(raw), nil
}

func undocument(doc string, v any) error {
	if doc == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("document of %T: %w", v, err)
	}
	return nil
}

// found turns the outcome of reading one object into NotFound where there is none or, deleted being set, none any more.
func found(err error, deleted time.Time, kind string, id any) error {
	if errors.Is(err, db.ErrNoRows) || (err == nil && !deleted.IsZero()) {
		return fault.Missing(kind, fmt.Sprint(id))
	}
	return err
}

// won turns the outcome of an update that names a version into Conflict where somebody else was faster.
func won(n int64, err error, kind string) error {
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "the %s was changed by someone else; read it again", kind)
	}
	return err
}

// many reads the rows that refs name, deleted ones too, in no particular order; unknown ones are left out.
func many[T, R any](q db.Q, table, cols string, scan func(*db.Rows) (T, error), refs []R, key func(R) (app, id string)) ([]T, error) {
	var out []T
	for _, chunk := range db.Chunks(refs) {
		args := make([]any, 0, 2*len(chunk))
		for _, r := range chunk {
			a, i := key(r)
			args = append(args, a, i)
		}
		rows, err := db.Collect(q, scan, `select `+cols+` from `+table+` where (app_id, id) in (values `+db.Values(len(chunk), 2, 1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// strs turns identities into arguments.
func strs[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
