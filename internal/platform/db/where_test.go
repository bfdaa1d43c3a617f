package db_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestInNumbersItsPlaceholders(t *testing.T) {
	for _, c := range []struct {
		n, from int
		want    string
	}{{1, 1, "($1)"}, {3, 9, "($9,$10,$11)"}, {0, 1, "(null)"}} {
		if got := db.In(c.n, c.from); got != c.want {
			t.Errorf("In(%d, %d) = %s, want %s", c.n, c.from, got, c.want)
		}
	}
}

func TestValuesNumberTheirPlaceholdersRowByRow(t *testing.T) {
	for _, c := range []struct {
		n, columns, from int
		want             string
	}{{1, 1, 1, "($1)"}, {1, 3, 2, "($2,$3,$4)"}, {2, 2, 1, "($1,$2),($3,$4)"}, {3, 1, 9, "($9),($10),($11)"}} {
		if got := db.Values(c.n, c.columns, c.from); got != c.want {
			t.Errorf("Values(%d, %d, %d) = %s, want %s", c.n, c.columns, c.from, got, c.want)
		}
	}
}

func TestChunksKeepEveryValueInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int(), 0, 1200).Draw(t, "list")
		size := rapid.IntRange(0, 600).Draw(t, "size")
		limit := size
		chunks := db.Chunks(list, size)
		if size == 0 {
			limit, chunks = db.MaxIn, db.Chunks(list)
		}
		for _, c := range chunks {
			if len(c) == 0 || len(c) > limit {
				t.Fatalf("a chunk of %d", len(c))
			}
		}
		if got := slices.Concat(chunks...); !slices.Equal(got, list) {
			t.Fatalf("%v became %v", list, got)
		}
	})
}

// row and the filters below have a slow twin in Go, which must agree.
type row struct {
	id    string
	state string
	n     int
}

type filter struct {
	add   func(w *db.Where)
	match func(r row) bool
}

func drawFilter(t *rapid.T) filter {
	state := rapid.SampledFrom([]string{"active", "ended", "x'y"})
	switch rapid.IntRange(0, 5).Draw(t, "filter") {
	case 0:
		s := state.Draw(t, "state")
		return filter{func(w *db.Where) { w.And("state = ?", s) }, func(r row) bool { return r.state == s }}
	case 1:
		lo := rapid.IntRange(0, 9).Draw(t, "lo")
		hi := rapid.IntRange(0, 9).Draw(t, "hi")
		return filter{
			func(w *db.Where) { w.And("(n >= ? and n < ? or n = ?)", lo, hi, lo) },
			func(r row) bool { return r.n >= lo && r.n < hi || r.n == lo },
		}
	case 2:
		list := rapid.SliceOfN(state, 0, 3).Draw(t, "states")
		return filter{func(w *db.Where) { w.In("state", list) }, func(r row) bool { return len(list) == 0 || slices.Contains(list, r.state) }}
	case 3:
		list := rapid.SliceOfN(state, 0, 3).Draw(t, "not states")
		return filter{func(w *db.Where) { w.NotIn("state", list) }, func(r row) bool { return len(list) == 0 || !slices.Contains(list, r.state) }}
	case 4:
		n, id := rapid.IntRange(0, 9).Draw(t, "after n"), strconv.Itoa(rapid.IntRange(0, 60).Draw(t, "after id"))
		key := []string{strconv.Itoa(n), id}
		if rapid.Bool().Draw(t, "first page") {
			return filter{func(w *db.Where) { w.After([]string{"n", "id"}) }, func(row) bool { return true }}
		}
		return filter{
			func(w *db.Where) { w.After([]string{"n", "id"}, key...) },
			func(r row) bool { return r.n > n || r.n == n && r.id > id },
		}
	default:
		return filter{func(w *db.Where) { w.And("n % 2 = 0") }, func(r row) bool { return r.n%2 == 0 }}
	}
}

func TestFiltersFindWhatTheirSlowTwinsFind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `create table rows (id {{text}} primary key, state {{text}} not null, n bigint not null)`)
		var all []row
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			all = nil
			for i := range 60 {
				r := row{strconv.Itoa(i), []string{"active", "ended", "x'y"}[i%3], i * 7 % 10}
				all = append(all, r)
				tx.Queue(`insert into rows (id, state, n) values ($1, $2, $3)`, r.id, r.state, r.n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			var w db.Where
			want := slices.Clone(all)
			for range rapid.IntRange(0, 4).Draw(t, "filters") {
				f := drawFilter(t)
				f.add(&w)
				want = slices.DeleteFunc(want, func(r row) bool { return !f.match(r) })
			}
			slices.SortFunc(want, func(a, b row) int { return strings.Compare(a.id, b.id) })
			want = want[:min(len(want), 20)]
			limit := w.Bind(20)
			where, args := w.SQL()
			got, err := db.Collect(d.Q(ctx), func(r *db.Rows) (x row, err error) { return x, r.Scan(&x.id, &x.state, &x.n) },
				`select id, state, n from rows`+where+` order by id limit `+limit, args...)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s %v:\n%v, %v, want\n%v", where, args, got, err, want)
			}
		})
	})
}

func TestAFilterThatCannotBeBoundPanics(t *testing.T) {
	for name, fn := range map[string]func(w *db.Where){
		"too few values":  func(w *db.Where) { w.And("a = ? and b = ?", 1) },
		"too many values": func(w *db.Where) { w.And("a = ?", 1, 2) },
		"too long a list": func(w *db.Where) { w.In("a", make([]int, db.MaxIn+1)) },
		"a key cut short": func(w *db.Where) { w.After([]string{"a", "b"}, "1") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			fn(&db.Where{})
		}()
	}
}

func TestFoldIsStableAndForgetsCaseAndForm(t *testing.T) {
	for in, want := range map[string]string{
		"\u00a0Ada Lovelace\t": "ada lovelace", "ＡＤＡ": "ada", "Ａ\u0301da": "áda", "ﬁ": "fi", "\u212a": "k", "\u3000x": "x", "": "",
	} {
		if got := db.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		once := db.Fold(s)
		if twice := db.Fold(once); twice != once {
			t.Fatalf("%q became %q, then %q", s, once, twice)
		}
	})
}

func TestLikeFindsWhatContainsTheTextAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		letters := rapid.StringOf(rapid.RuneFrom([]rune(`aAbÄä%_\'. `)))
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			text, search := letters.Draw(t, "text"), letters.Draw(t, "search")
			var found bool
			if err := d.Q(ctx).Row(`select cast($1 as text) like $2 escape '\'`, db.Fold(text), db.Like(search)).Scan(&found); err != nil {
				t.Fatal(err)
			}
			if want := strings.Contains(db.Fold(text), db.Fold(search)); found != want {
				t.Fatalf("%q in %q: %t, want %t", search, text, found, want)
			}
		})
	})
}
