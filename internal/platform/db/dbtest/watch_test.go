package dbtest

import (
	"slices"
	"testing"
)

func TestAPlanThatReadsAWholeTableIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		plan []string
		want string
	}{
		"SQLite":          {"", []string{"SEARCH u USING INDEX users_email (email_folded=?)", "SCAN t"}, "SCAN t"},
		"PostgreSQL":      {"", []string{"Sort", "  ->  Seq Scan on users u"}, "->  Seq Scan on users u"},
		"by its index":    {"", []string{"SCAN t USING INDEX task_number", "SCAN CONSTANT ROW", "SCAN 2-ROW VALUES CLAUSE"}, ""},
		"what it made":    {"with seen as (…) select 1 from seen s", []string{"MATERIALIZE seen", "SCAN s"}, ""},
		"beside its make": {"with seen as (…) select 1 from seen s, users u", []string{"MATERIALIZE seen", "SCAN s", "SCAN u"}, "SCAN u"},
	} {
		if got := whole(c.sql, c.plan); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatIsWrittenIsSeen(t *testing.T) {
	for sql, want := range map[string][]string{
		"insert into grants (id) values ($1) on conflict do nothing":          {"grants"},
		"insert into task_later (task_id, event, due_at) values ($1, $2, $3)": {"task_later"},
		"update grants as g set state = 'x' where g.id = $1":                  {"grants"},
		"delete from proxy where id = $1":                                     {"proxy"},
		"with n as (delete from a where x returning id) insert into b (id) …": {"a", "b"},
		"select id from task where due_at < $1 for no key update skip locked": nil,
		"select updated_at from task":                                         nil,
	} {
		var got []string
		for _, m := range writes.FindAllStringSubmatch(sql, -1) {
			got = append(got, m[1]+m[2])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
}
