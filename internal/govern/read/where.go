package read

import (
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// held is the condition of a grant, with alias g, that was given and whose end nobody has reached yet. The first half is that of the
// partial unique index, so that it can be used.
const held = `g.ended_at is null and g.ending_at is null`

// notIn adds "column not in (…)"; an empty list adds nothing.
func notIn[T ~string](w *db.Where, column string, list []T) {
	if len(list) > 0 {
		w.And(column+" not in ("+marks("?", len(list))+")", texts(list)...)
	}
}

// in adds "column in (…)"; an empty list adds nothing.
func in[T ~string](w *db.Where, column string, list []T) {
	if len(list) > 0 {
		w.And(column+" in ("+marks("?", len(list))+")", texts(list)...)
	}
}

// anyOf adds a condition that holds a list of ids at its %s; an empty list adds nothing.
func anyOf[T ~string](w *db.Where, cond string, list []T) {
	if len(list) > 0 {
		w.And(strings.ReplaceAll(cond, "%s", "("+marks("?", len(list))+")"), texts(list)...)
	}
}

// names adds "(app_id, id) in …" over the table with that alias, or its negation; an empty list adds nothing.
func names[R any](w *db.Where, op, alias string, refs []R, key func(R) (app, id string)) {
	if len(refs) == 0 {
		return
	}
	args := make([]any, 0, 2*len(refs))
	for _, r := range refs {
		a, i := key(r)
		args = append(args, a, i)
	}
	w.And("("+alias+"app_id, "+alias+"id) "+op+" (values "+marks("(?,?)", len(refs))+")", args...)
}

// ownedBy adds that one of the users is a primary owner of the row of the table with that alias now; an empty list adds nothing.
func ownedBy(w *db.Where, kind owner.Kind, alias string, users []directory.UserID, now time.Time) {
	if len(users) == 0 {
		return
	}
	list := make([]string, len(users))
	for i, u := range users {
		list[i] = w.Bind(string(u))
	}
	owned := owner.OwnedSQL("("+strings.Join(list, ",")+")", w.Bind(owner.Primary), w.Bind(clock.Micros(now)))
	w.And("(" + alias + "app_id, " + alias + "id) in (select o.app_id, o.object_id from (" + owned + ") o where o.kind = " +
		w.Bind(string(kind)) + ")")
}

// query adds that the folded column holds the text; an empty text adds nothing.
func query(w *db.Where, column, text string) {
	if db.Fold(text) != "" {
		w.And(column+` like ? escape '\'`, db.Like(text))
	}
}

// named adds that a display name equals name but for case and width; "" adds nothing. search is a column whose first line is the
// folded name, sortName its beginning, which has an index.
func named(w *db.Where, sortName, search, name, sortValue string) {
	if name == "" {
		return
	}
	line := strings.TrimPrefix(db.Like(name), "%") // "folded name%"
	w.And(sortName+" = ?", sortValue)
	w.And("("+search+" = ? or "+search+` like ? escape '\')`, db.Fold(name), strings.TrimSuffix(line, "%")+"\n%")
}

// order is the order of a list: columns that together are unique.
type order struct {
	columns []string
	desc    bool
}

// page adds the keyset of r and returns the end of the statement: " order by … limit …".
func (o order) page(w *db.Where, r page.Request) string {
	by := strings.Join(o.columns, ", ")
	if o.desc {
		w.Before(o.columns, r.After...)
		by = strings.Join(o.columns, " desc, ") + " desc"
	} else {
		w.After(o.columns, r.After...)
	}
	return " order by " + by + " limit " + strconv.Itoa(r.Size+1)
}

func marks(mark string, n int) string { return strings.TrimSuffix(strings.Repeat(mark+",", n), ",") }

func texts[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
