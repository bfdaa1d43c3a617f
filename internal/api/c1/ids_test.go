package c1

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

type thing string

const stranger = "287oY0rG4UirjDNFEYguMBvxyim" // a KSUID that is the image of no UUID of ours

func TestAnIdentityIsMalformedForeignOrOurs(t *testing.T) {
	ours := thing(id.Static("x"))
	if got, err := ID[thing]("id", "thing", KSUID(ours)); err != nil || got != ours {
		t.Errorf("ours: %q, %v", got, err)
	}
	for _, bad := range []string{"", "x", strings.Repeat("z", 27), strings.Repeat("0", 28), stranger[:26] + "-"} {
		_, err := ID[thing]("thing.id", "thing", bad)
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "thing.id" || !strings.Contains(err.Error(), "^[a-zA-Z0-9]{27}$") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := ID[thing]("id", "thing", stranger); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), stranger) {
		t.Errorf("a stranger: %v", err)
	}
}

func TestAnOptionalIdentityMayBeLeftOut(t *testing.T) {
	if got, err := OptionalID[thing]("id", "thing", ""); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := OptionalID[thing]("id", "thing", "x"); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

// A filter of strangers only must match nothing. Dropping them would leave an empty filter, which matches everything.
func TestAFilterOfStrangersStaysAFilter(t *testing.T) {
	got, err := FilterIDs[thing]("ids", []string{stranger, KSUID(id.Static("x"))})
	if err != nil || len(got) != 2 || id.Valid(string(got[0])) || !id.Valid(string(got[1])) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := FilterID[thing]("id", stranger); err != nil || got == "" || id.Valid(string(got)) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := FilterIDs[thing]("ids", nil); err != nil || got != nil {
		t.Errorf("no filter: %q, %v", got, err)
	}
}

func TestAFilterIsShortAndWellFormed(t *testing.T) {
	for _, list := range [][]string{{""}, {"x"}, make([]string, MaxFilter+1)} {
		if _, err := FilterIDs[thing]("ids", list); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "ids" {
			t.Errorf("%d values: %v", len(list), err)
		}
	}
}

func FuzzID(f *testing.F) {
	for _, seed := range []string{"", "x", stranger, KSUID(id.Static("x")), strings.Repeat("z", 27), "aWgEPTl1tmebfsQzFP4bxwgy80V"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ID[thing]("id", "thing", s)
		switch {
		case err == nil:
			if !id.Valid(string(got)) || KSUID(got) != s {
				t.Errorf("%q became %q, which is shown as %q", s, got, KSUID(got))
			}
		case !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound):
			t.Errorf("%q: %v", s, err)
		}
		if filter, err := FilterID[thing]("id", s); err == nil && (filter == "") != (s == "") {
			t.Errorf("%q became the filter %q", s, filter)
		}
	})
}
