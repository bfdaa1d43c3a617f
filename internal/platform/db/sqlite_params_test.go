package db

import (
	"slices"
	"strings"
	"testing"
)

func TestSQLiteGetsParametersByTheirPlace(t *testing.T) {
	for _, c := range []struct {
		text, want string
		order      []int
	}{
		{"select 1", "select 1", nil},
		{"select $2, $1,$2", "select ?, ?,?", []int{2, 1, 2}},
		{"a in ($1,$20,$300)", "a in (?,?,?)", []int{1, 20, 300}},
		{"select '$1', '''$1', '$1'' ' || $3", "select '$1', '''$1', '$1'' ' || ?", []int{3}},
		{`select "$1", ` + "`$2`" + `, [$3], $4`, `select "$1", ` + "`$2`" + `, [$3], ?`, []int{4}},
		{"select $1 -- and $2\n, $3", "select ? -- and $2\n, ?", []int{1, 3}},
		{"select /* $1 ' */ $2", "select /* $1 ' */ ?", []int{2}},
		{"select a$1, é$2 from t1 where a=$3", "select a$1, é$2 from t1 where a=?", []int{3}},
		{"select doc->>'$.a'", "select doc->>'$.a'", nil},
		{"select $1-$2, -$1, 1-$2", "select ?-?, -?, 1-?", []int{1, 2, 1, 2}},
		{"select $name, $", "select $name, $", nil},
		{"select 'open $1", "select 'open $1", nil},
		{"select $1 -- end", "select ? -- end", []int{1}},
		{"", "", nil},
	} {
		got, order := positional(c.text)
		if got != c.want || !slices.Equal(order, c.order) {
			t.Errorf("%s\nbecame %s %v\nwant   %s %v", c.text, got, order, c.want, c.order)
		}
	}
}

func FuzzParametersByTheirPlace(f *testing.F) {
	for _, text := range []string{"select $1", "'$1' $2", "--$1\n$3", "/*$1*/", "$", "a$1", "[$1", "$99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, order := positional(text)
		if strings.Count(got, "?")-strings.Count(text, "?") != len(order) {
			t.Errorf("%q became %q with %v", text, got, order)
		}
		if again, more := positional(got); again != got || len(more) > 0 {
			t.Errorf("%q became %q, and that %q", text, got, again)
		}
	})
}

func TestSQLiteIsNotToldWhatALimitIs(t *testing.T) {
	var s statements
	told := ""
	_, err := s.get("select a from t where b = $2 limit $1", func(plain string) (*statement, error) { told = plain; return &statement{}, nil })
	if err != nil || told != "select a from t where b = ? limit 0 + ?" {
		t.Errorf("SQLite is told %q, %v", told, err)
	}
}
