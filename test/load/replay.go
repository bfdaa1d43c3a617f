package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// tape are the statements of one use case, as the server ran them. Played again, they are of somebody else: every identity that the
// use case made is made anew, and those that it was about are exchanged.
type tape struct {
	parts [][]db.Statement // each one transaction, or statements by themselves
	fresh []string         // identities that were made
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// record has the use case done once, with nothing else going on.
func record(d *db.DB, use func() error) (*tape, error) {
	t, since := &tape{}, time.Now().UnixMilli()
	var mu sync.Mutex
	stop := d.Record(func(s db.Statement) {
		mu.Lock()
		defer mu.Unlock()
		at := len(t.parts) - 1
		if s.Tx != nil { // others may read meanwhile
			for at >= 0 && t.parts[at][0].Tx != s.Tx {
				at--
			}
		}
		if at < 0 || t.parts[at][0].Tx != s.Tx {
			at, t.parts = len(t.parts), append(t.parts, nil)
		}
		t.parts[at] = append(t.parts[at], plainValues(s))
	})
	err := use()
	stop()
	seen := map[string]bool{}
	for _, part := range t.parts {
		for _, s := range part {
			for _, a := range append(s.Args, any(strings.Join(s.Locks, " "))) {
				text, _ := a.(string)
				for _, one := range uuids.FindAllString(text, -1) {
					made, _ := strconv.ParseInt(strings.ReplaceAll(one, "-", "")[:12], 16, 64)
					if !seen[one] && made >= since {
						t.fresh = append(t.fresh, one)
					}
					seen[one] = true
				}
			}
		}
	}
	if err == nil && len(t.parts) == 0 {
		err = errors.New("nothing was recorded")
	}
	return t, err
}

// plainValues has every text among the arguments a string.
func plainValues(s db.Statement) db.Statement {
	args := make([]any, len(s.Args))
	for i, a := range s.Args {
		args[i] = a
		if v := reflect.ValueOf(a); v.IsValid() && v.Kind() == reflect.String {
			args[i] = v.String()
		}
	}
	s.Args = args
	return s
}

// of is the tape of others, with new identities for all that was made: they are exchanged now, and not as it is played.
func (t *tape) of(exchanged map[string]string) *tape {
	now, anew := time.Now(), maps.Clone(exchanged)
	for _, one := range t.fresh {
		anew[one] = id.New(now)
	}
	other := func(one string) string {
		if made, known := anew[one]; known {
			return made
		}
		return one
	}
	parts := make([][]db.Statement, len(t.parts))
	for n, part := range t.parts {
		parts[n] = slices.Clone(part)
		for i, s := range part {
			parts[n][i].Args = slices.Clone(s.Args)
			for k, a := range s.Args {
				if text, ok := a.(string); ok {
					parts[n][i].Args[k] = uuids.ReplaceAllStringFunc(text, other)
				}
			}
		}
	}
	return &tape{parts: parts}
}

// play runs the statements with old and new identities in turn, and reads what they answer.
func (t *tape) play(ctx context.Context, d *db.DB, exchanged ...string) error {
	now := time.Now()
	for _, one := range t.fresh {
		exchanged = append(exchanged, one, id.New(now))
	}
	r := strings.NewReplacer(exchanged...)
	for _, part := range t.parts {
		run := func(q db.Q, tx *db.Tx) error {
			for _, s := range part {
				if err := again(q, tx, s, r); err != nil {
					return fmt.Errorf("%s: %w", s.SQL, err)
				}
			}
			return nil
		}
		var err error
		if part[0].Tx == nil {
			err = run(d.Q(ctx), nil)
		} else {
			err = d.Write(ctx, func(tx *db.Tx) error { return run(tx, tx) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func again(q db.Q, tx *db.Tx, s db.Statement, r *strings.Replacer) error {
	if len(s.Locks) > 0 {
		keys := make([]string, len(s.Locks))
		for i, k := range s.Locks {
			keys[i] = r.Replace(k)
		}
		return tx.Lock(keys...)
	}
	args := make([]any, len(s.Args))
	for i, a := range s.Args {
		if text, ok := a.(string); ok {
			a = r.Replace(text)
		}
		args[i] = a
	}
	switch {
	case s.Reads:
		rows, err := q.Query(s.SQL, args...)
		if err != nil {
			return err
		}
		for rows.Next() { // what is read is read to its end
		}
		return rows.Err()
	case tx != nil && s.Queued:
		tx.Queue(s.SQL, args...)
		return nil
	default:
		_, err := q.Exec(s.SQL, args...)
		return err
	}
}

// String says how much there is to play.
func (t *tape) String() string {
	reads, writes, transactions := 0, 0, 0
	for _, part := range t.parts {
		if part[0].Tx != nil {
			transactions++
		}
		for _, s := range part {
			if s.Reads {
				reads++
			} else if len(s.Locks) == 0 {
				writes++
			}
		}
	}
	return fmt.Sprintf("%d reads, %d writes, %d transactions", reads, writes, transactions)
}
