package db

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// MaxIn is the longest list bound to one statement. Lists of clients are
// limited at the door; lists of our own are cut by Chunks.
const MaxIn = 500

// In returns the placeholders "($from,$from+1,…)" for n values; for none it
// returns "(null)", which matches nothing.
func In(n, from int) string {
	if n <= 0 {
		return "(null)"
	}
	return Values(1, n, from)
}

// Values returns the placeholders "($from,…),(…)" for n rows, at least one, of
// so many columns, in the order in which they are bound.
func Values(n, columns, from int) string {
	b := make([]byte, 0, n*columns*6)
	for i := range n * columns {
		if b = append(b, ','); i%columns == 0 {
			b = append(b, '(')
		}
		b = strconv.AppendInt(append(b, '$'), int64(from+i), 10)
		if (i+1)%columns == 0 {
			b = append(b, ')')
		}
	}
	return string(b[1:])
}

// Chunks cuts a list into pieces of at most size values, MaxIn unless said
// otherwise. The pieces share the list's memory.
func Chunks[T any](list []T, size ...int) [][]T {
	n := MaxIn
	if len(size) > 0 && size[0] > 0 {
		n = size[0]
	}
	var out [][]T
	for len(list) > n {
		out = append(out, list[:n:n])
		list = list[n:]
	}
	if len(list) > 0 {
		out = append(out, list)
	}
	return out
}

// Where gathers the optional conditions of a list. Its zero value is ready.
// Column names and conditions come from the code, never from a client; what a
// client sent is always bound. Values are numbered $1, $2, … as they come.
type Where struct {
	conds []string
	args  []any
}

// And adds a condition in which each ? stands for the next of args. It panics
// when their numbers differ.
func (w *Where) And(cond string, args ...any) {
	parts := strings.Split(cond, "?")
	if len(parts) != len(args)+1 {
		panic(fmt.Sprintf("db: condition %q given %d values", cond, len(args)))
	}
	var b strings.Builder
	for i, arg := range args {
		b.WriteString(parts[i])
		b.WriteString(w.Bind(arg))
	}
	b.WriteString(parts[len(args)])
	w.conds = append(w.conds, b.String())
}

// In adds "column in (…)". values is a slice; an empty one adds nothing, since
// an empty filter filters nothing. It panics above MaxIn values.
func (w *Where) In(column string, values any) {
	list := reflect.ValueOf(values)
	n := list.Len()
	if n == 0 {
		return
	}
	if n > MaxIn {
		panic(fmt.Sprintf("db: %d values for %s in one statement", n, column))
	}
	in := In(n, len(w.args)+1)
	for i := range n {
		w.args = append(w.args, list.Index(i).Interface())
	}
	w.conds = append(w.conds, column+" in "+in)
}

// NotIn adds "column not in (…)"; an empty list adds nothing.
func (w *Where) NotIn(column string, values any) { w.In(column+" not", values) }

// Exists adds "exists (subselect (…))", where subselect ends in "in"; an empty
// list adds nothing.
func (w *Where) Exists(subselect string, values any) { w.within("exists (", subselect, values) }

// NotExists is the opposite of Exists; an empty list adds nothing here too.
func (w *Where) NotExists(subselect string, values any) { w.within("not exists (", subselect, values) }

func (w *Where) within(open, subselect string, values any) {
	before := len(w.conds)
	w.In(strings.TrimSuffix(subselect, " in"), values)
	if len(w.conds) > before {
		w.conds[before] = open + w.conds[before] + ")"
	}
}

// After adds the keyset condition "(columns) > (key)". An empty key, which is
// the first page, adds nothing. It panics when the key has another length.
func (w *Where) After(columns []string, key ...string) { w.keyset(" > ", columns, key) }

// Before is After for a descending list.
func (w *Where) Before(columns []string, key ...string) { w.keyset(" < ", columns, key) }

func (w *Where) keyset(op string, columns, key []string) {
	if len(key) == 0 {
		return
	}
	if len(key) != len(columns) {
		panic(fmt.Sprintf("db: key of %d for columns %v", len(key), columns))
	}
	in := In(len(key), len(w.args)+1)
	for _, k := range key {
		w.args = append(w.args, k)
	}
	w.conds = append(w.conds, "("+strings.Join(columns, ",")+")"+op+in)
}

// Bind takes a value that is not part of a condition, such as a limit, and
// returns its placeholder.
func (w *Where) Bind(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// Or returns cond, or that the column is one of values; for none it returns cond.
func Or[T ~string](w *Where, cond, column string, values []T) string {
	parts := []string{cond}
	for _, chunk := range Chunks(values) {
		parts = append(parts, column+" in "+In(len(chunk), len(w.args)+1))
		for _, v := range chunk {
			w.args = append(w.args, string(v))
		}
	}
	if len(parts) == 1 {
		return cond
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// SQL returns " where …" ("" without conditions) and the values bound so far.
func (w *Where) SQL() (string, []any) {
	if len(w.conds) == 0 {
		return "", w.args
	}
	return " where " + strings.Join(w.conds, " and "), w.args
}
