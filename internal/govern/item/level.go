package item

import (
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Level is what can be held of an item.
type Level struct {
	Slug        string // the name in requests; empty: the default level
	Name        string // for people; empty for the default level
	Entitlement app.EntitlementRef
}

// defaultSlugs are what connectors and people call belonging to a thing, the likeliest first.
var defaultSlugs = []string{"member", "access", "assigned", ""}

// Levels are the levels of an item, of whose resource the entitlements are, in the order these were made. The default level is the
// entitlement whose slug says belonging; of several, the oldest of the likeliest; else the only one there is. The others are named by
// their slugs, and by their identity where the slug is taken.
func Levels(of []app.Entitlement) []Level {
	of = slices.SortedFunc(slices.Values(of), func(a, b app.Entitlement) int {
		if d := a.CreatedAt.Compare(b.CreatedAt); d != 0 {
			return d
		}
		return cmpIDs(a.ID, b.ID)
	})
	standard := standardOf(of)
	taken := map[string]bool{"": true}
	out := make([]Level, 0, len(of))
	for i, e := range of {
		l := Level{Entitlement: e.Ref()}
		if i != standard {
			l.Slug, l.Name = e.Slug, e.DisplayName
			if taken[l.Slug] {
				l.Slug = string(e.ID)
			}
		}
		taken[l.Slug] = true
		out = append(out, l)
	}
	return out
}

// standardOf is the place of the default level's entitlement; -1 if there is none.
func standardOf(of []app.Entitlement) int {
	for _, slug := range defaultSlugs {
		if i := slices.IndexFunc(of, func(e app.Entitlement) bool { return e.Slug == slug }); i >= 0 {
			return i
		}
	}
	if len(of) == 1 {
		return 0
	}
	return -1
}

// Find is the level of that slug. NotFound if there is none.
func Find(levels []Level, slug string) (Level, error) {
	for _, l := range levels {
		if l.Slug == slug {
			return l, nil
		}
	}
	if slug == "" {
		return Level{}, fault.New(fault.NotFound, "the item has no default access level; name one of its levels")
	}
	return Level{}, fault.Missing("access level", slug)
}

func cmpIDs(a, b app.EntitlementID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
