package sync

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of a reading. One that is over MaxObjects is failed as a whole: half a target is not to be compared with a whole one.
const (
	MaxObjects = 1_000_000   // accounts, resources, entitlements and memberships, each
	MaxID      = app.MaxName // characters of an external id
	MaxMessage = 1000        // characters kept of a run's message
	maxNotes   = 20          // notes kept
	maxNote    = 300         // characters kept of a note
)

// measure fails a snapshot that is over its limits.
func (s Snapshot) measure() error {
	for _, kind := range []struct {
		n    int
		name string
	}{
		{len(s.Accounts), "accounts"}, {len(s.ResourceTypes), "resource types"}, {len(s.Resources), "resources"},
		{len(s.Entitlements), "entitlements"}, {len(s.Memberships), "memberships"},
	} {
		if kind.n > MaxObjects {
			return fault.New(fault.Unavailable, "the target shows %d %s; at most %d are read", kind.n, kind.name, MaxObjects)
		}
	}
	return nil
}

// verdict says what becomes of an object of a snapshot.
type verdict int

const (
	keep  verdict = iota
	skip          // nobody wants it
	stray         // it belongs to something that the target does not show
)

// sift returns the snapshot without what the connector is not told to read, without what makes no sense, and with a note of the
// latter. kinds are the kinds of resources to keep, empty for all; known is what was read before, and is kept whatever its kind: that
// nobody asks for it any more does not mean that it is gone.
func (s Snapshot) sift(kinds []string, known app.Known) Snapshot {
	out := Snapshot{Identity: s.Identity, Notes: slices.Clone(s.Notes)}
	unwanted := func(kind string) bool { return len(kinds) > 0 && !slices.Contains(kinds, kind) }
	kindOf := make(map[string]string, len(s.ResourceTypes))
	types := pick(&out, "resource types", s.ResourceTypes, func(t ResourceType) string { return t.ExternalID },
		func(t ResourceType) verdict {
			if _, is := known.ResourceTypes[t.ExternalID]; unwanted(t.Kind) && !is {
				return skip
			}
			kindOf[t.ExternalID] = t.Kind
			return keep
		})
	out.ResourceTypes = types.kept

	resources := pick(&out, "resources", s.Resources, func(r Resource) string { return r.ExternalID },
		func(r Resource) verdict {
			_, is := known.Resources[r.ExternalID]
			v := types.of(r.TypeID)
			if !is && (r.OnlyIfKnown || v == keep && unwanted(kindOf[r.TypeID])) {
				return skip
			}
			return v
		})
	out.Resources = resources.kept

	entitlements := pick(&out, "entitlements", s.Entitlements, func(e Entitlement) string { return e.ExternalID },
		func(e Entitlement) verdict { return resources.of(e.ResourceID) })
	out.Entitlements = entitlements.kept

	accounts := pick(&out, "accounts", s.Accounts, func(a Account) string { return a.ExternalID },
		func(Account) verdict { return keep })
	out.Accounts = accounts.kept

	out.Memberships = pick(&out, "memberships", s.Memberships, func(m Membership) Membership { return m },
		func(m Membership) verdict {
			if v := entitlements.of(m.EntitlementID); v != keep {
				return v
			}
			return accounts.of(m.AccountID)
		}).kept
	return out
}

// picked is one kind of object, sifted. Objects are told apart by K.
type picked[T any, K comparable] struct {
	kept     []T
	verdicts map[K]verdict // of those that were kept or skipped
}

// of is the verdict on what belongs to the object with that id.
func (p picked[T, K]) of(id K) verdict {
	v, there := p.verdicts[id]
	if !there {
		return stray
	}
	return v
}

// pick judges the objects of one kind and adds a note about those that cannot be taken over.
func pick[T any, K comparable](s *Snapshot, kind string, list []T, id func(T) K, judge func(T) verdict) picked[T, K] {
	p := picked[T, K]{kept: make([]T, 0, len(list)), verdicts: make(map[K]verdict, len(list))}
	var odd, twice, strays int
	for _, v := range list {
		key := id(v)
		if name, ok := any(key).(string); ok && !storable(name) {
			odd++
			continue
		}
		if _, there := p.verdicts[key]; there {
			twice++
			continue
		}
		switch judge(v) {
		case keep:
			p.kept, p.verdicts[key] = append(p.kept, v), keep
		case skip:
			p.verdicts[key] = skip
		case stray:
			strays++
		}
	}
	s.note(odd, "%s left out because their id is empty, not text or longer than %d characters", kind, MaxID)
	s.note(twice, "%s shown more than once", kind)
	s.note(strays, "%s left out because they belong to something that the target does not show", kind)
	return p
}

// storable reports whether an external id can be kept.
func storable(id string) bool {
	return id != "" && utf8.ValidString(id) && !strings.ContainsRune(id, 0) && utf8.RuneCountInString(id) <= MaxID
}

// note says of how many objects the words are true, if of any.
func (s *Snapshot) note(n int, format string, args ...any) {
	if n > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf(format+": %d", append(args, n)...))
	}
}

// said joins the notes into one text of at most MaxMessage characters.
func (s Snapshot) said() string {
	notes := make([]string, 0, maxNotes)
	for i, n := range s.Notes {
		if i == maxNotes {
			notes = append(notes, fmt.Sprintf("and %d more notes", len(s.Notes)-maxNotes))
			break
		}
		notes = append(notes, brief(n, maxNote))
	}
	return brief(strings.Join(notes, "; "), MaxMessage)
}

// brief makes of a text from outside one line of at most that many characters.
func brief(s string, most int) string {
	s = text.CleanLine(strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " "))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return s
}
