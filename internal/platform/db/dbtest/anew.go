package dbtest

import (
	"context"
	"regexp"
	"strings"

	"github.com/interim-access/interim/internal/platform/db"
)

// SQLite asks of a column that is compared with a parameter, whether a partial index that compares it with a text would do: for the value
// bound. It then prepares the statement anew whenever another is bound, which costs more than to run it. The text itself says it once.
var (
	partial  = regexp.MustCompile(`(?is)^create .* on (\w+) .* where (.*)$`)
	withText = regexp.MustCompile(`^\(?(\w+ (?:=|<>)) '`)
)

// texts are the columns of tables that partial indexes compare with texts before all else, and how: where that is not so, SQLite asks
// no further.
func texts(indexes []string) map[string][]string {
	out := map[string][]string{}
	for _, sql := range indexes {
		if m := partial.FindStringSubmatch(sql); m != nil {
			if column := withText.FindStringSubmatch(m[2]); column != nil {
				out[m[1]] = append(out[m[1]], column[1])
			}
		}
	}
	return out
}

// anew is what SQLite prepares a statement anew for, or empty.
func anew(sql string, texts map[string][]string) string {
	for table, columns := range texts {
		for _, m := range regexp.MustCompile(`(?is)\b(?:from|join|update) `+table+`\b(.*)`).FindAllStringSubmatch(sql, -1) {
			_, where, _ := strings.Cut(m[1], "where ")
			for _, column := range columns {
				if found := regexp.MustCompile(`(?:^|[ (.])` + column + ` (?:\$\d+|\?)`).FindString(where); found != "" {
					return table + ":" + found
				}
			}
		}
	}
	return ""
}

// prepares fails the test for statements that SQLite prepares anew again and again.
func (w *watched) prepares() {
	if w.d.Engine() != db.SQLite || len(w.seen) == 0 {
		return
	}
	indexes, err := db.Collect(w.d.Q(context.Background()), func(r *db.Rows) (sql string, err error) { return sql, r.Scan(&sql) },
		`select sql from sqlite_schema where type = 'index' and sql is not null`)
	if err != nil {
		w.t.Error(err)
	}
	columns := texts(indexes)
	for _, s := range w.seen {
		if what := anew(s.SQL, columns); what != "" {
			w.t.Errorf("SQLite prepares it anew for each value of %s:\n%s", what, s.SQL)
		}
	}
}
