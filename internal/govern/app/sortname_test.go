package app_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

func TestASortNameIsTheShortBeginningOfTheFoldedName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name") + strings.Repeat(rapid.SampledFrom([]string{"", "é", "\ufdfa"}).Draw(t, "tail"), 70)
		sort := app.SortName(name)
		if !strings.HasPrefix(db.Fold(name), sort) || utf8.RuneCountInString(sort) > 64 || !utf8.ValidString(sort) {
			t.Errorf("%q sorts as %q", name, sort)
		}
		if app.SortName(strings.ToUpper("abc")+name) != app.SortName("abc"+name) {
			t.Errorf("%q sorts by its case", name)
		}
	})
}
