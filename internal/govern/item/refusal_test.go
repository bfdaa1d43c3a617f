package item_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/db"
)

// kept is what statements that list what can be asked for go by.
func (h *house) kept() (list []string) {
	h.Helper()
	for _, sql := range []string{
		`select app_id || resource_id || ' ' || priority || ' ' || case when allow then 'yes' else 'no' end ||
			case when grouped then ' grouped' else '' end || case when leveled then ' leveled' else '' end from item_case`,
		`select app_id || resource_id || ' ' || priority || ' by ' || via_app_id || via_entitlement_id || slug from item_case_by`,
	} {
		found, err := db.Collect(h.DB.Q(h.Ctx), func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) }, sql)
		h.ok(err)
		list = append(list, found...)
	}
	slices.Sort(list)
	return list
}

// again does once more what the migration does with what is there.
func (h *house) again() {
	h.Helper()
	raw, err := os.ReadFile("../../platform/db/migrations/0290_item_case_again.sql")
	h.ok(err)
	words := template.FuncMap{"postgres": func() bool { return h.DB.Engine() == db.Postgres }}
	var text strings.Builder
	h.ok(template.Must(template.New("").Funcs(words).Parse(string(raw))).Execute(&text, nil))
	h.ok(h.DB.Write(h.Ctx, func(tx *db.Tx) error {
		for sql := range strings.SplitSeq(text.String(), ";") {
			if sql = strings.TrimSpace(sql); sql == "" {
				continue
			}
			if _, err := tx.Exec(sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	}))
}

func TestWhatWasConfiguredBeforeIsListedAsIfItHadBeenSavedAgain(t *testing.T) {
	each(t, func(h *house) {
		rapid.Check(h.TB.(*testing.T), func(r *rapid.T) {
			w := h.world()
			for range rapid.IntRange(5, 30).Draw(r, "steps") {
				w.step(r)
			}
			want := h.kept()
			h.ok(h.DB.Write(h.Ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`delete from item_case`)
				return err
			}))
			h.again()
			if got := h.kept(); !slices.Equal(got, want) {
				r.Fatalf("kept of what was configured:\n%s\nas saved:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	})
}
