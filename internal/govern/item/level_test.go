package item_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestTheDefaultLevelIsWhatSaysBelonging(t *testing.T) {
	at := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	of := func(slugs ...string) (list []app.Entitlement) {
		for i, s := range slugs {
			list = append(list, app.Entitlement{
				ID: app.EntitlementID(rune('a' + i)), Slug: s, DisplayName: s + " of it", CreatedAt: at.Add(time.Duration(i) * time.Hour),
			})
		}
		return list
	}
	for name, c := range map[string]struct {
		of    []app.Entitlement
		slugs []string // of the levels, in order
	}{
		"nothing can be held":                   {nil, []string{}},
		"the only one":                          {of("admin"), []string{""}},
		"members of a group":                    {of("admin", "member"), []string{"admin", ""}},
		"none says belonging":                   {of("reader", "writer"), []string{"reader", "writer"}},
		"the likeliest of several":              {of("assigned", "member", "access"), []string{"assigned", "", "access"}},
		"the oldest of two alike":               {of("member", "member"), []string{"", "member"}},
		"a slug that is taken is the identity":  {of("admin", "admin", "member"), []string{"admin", "b", ""}},
		"no slug at all, where there is better": {of("", "member"), []string{"a", ""}},
	} {
		slices.Reverse(c.of) // whatever the order they are read in
		levels := item.Levels(c.of)
		got := []string{}
		for _, l := range levels {
			got = append(got, l.Slug)
			if found, err := item.Find(levels, l.Slug); err != nil || found != l || (l.Slug == "") != (l.Name == "") {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		}
		if !slices.Equal(got, c.slugs) {
			t.Errorf("%s: %q, want %q", name, got, c.slugs)
		}
	}
	if _, err := item.Find(item.Levels(of("reader", "writer")), ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("a default level that is not there: %v", err)
	}
}
