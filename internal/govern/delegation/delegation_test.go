package delegation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// in is noon and so many hours.
func in(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

func TestAWindowIsHalfOpenAndNothingRevivesIt(t *testing.T) {
	tick := time.Microsecond
	window := Delegation{From: in(1), Until: in(3)}
	endless := Delegation{From: in(1)}
	with := func(d Delegation, change func(*Delegation)) Delegation { change(&d); return d }
	for name, c := range map[string]struct {
		d    Delegation
		at   time.Time
		want State
	}{
		"before":                     {window, in(1).Add(-tick), Scheduled},
		"at the start":               {window, in(1), Open},
		"just before the end":        {window, in(3).Add(-tick), Open},
		"at the end":                 {window, in(3), Over},
		"without an end":             {endless, in(100_000), Open},
		"without an end, before":     {endless, in(0), Scheduled},
		"empty, before":              {Delegation{From: in(1), Until: in(1)}, in(0), Scheduled},
		"empty, at it":               {Delegation{From: in(1), Until: in(1)}, in(1), Over},
		"closed, clock set back":     {with(window, func(d *Delegation) { d.ClosedAt = in(3) }), in(2), Over},
		"closed, clock before start": {with(window, func(d *Delegation) { d.ClosedAt = in(3) }), in(0), Over},
		"deleted, clock set back":    {with(window, func(d *Delegation) { d.DeletedAt = in(2) }), in(1), Deleted},
		"deleted and closed":         {with(window, func(d *Delegation) { d.DeletedAt, d.ClosedAt = in(5), in(3) }), in(6), Deleted},
	} {
		if got := c.d.StateAt(c.at); got != c.want || c.d.Covers(c.at) != (c.want == Open) {
			t.Errorf("%s: %s, covers %v, want %s", name, got, c.d.Covers(c.at), c.want)
		}
	}
}

func TestTheSameDelegateWithoutAGapContinues(t *testing.T) {
	old := Delegation{Delegate: "b", From: in(0), Until: in(2)}
	for name, c := range map[string]struct {
		next Delegation
		at   time.Time
		want bool
	}{
		"longer":            {Delegation{Delegate: "b", From: in(0), Until: in(9)}, in(1), true},
		"somebody else":     {Delegation{Delegate: "c", From: in(0), Until: in(9)}, in(1), false},
		"later, with a gap": {Delegation{Delegate: "b", From: in(5), Until: in(9)}, in(1), false},
		"after it was over": {Delegation{Delegate: "b", From: in(0), Until: in(9)}, in(2), false},
	} {
		if old.continues(c.next, c.at) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}

func TestWhatIsWrongWithADelegationIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		d     Delegation
		field string
	}{
		"oneself":               {Delegation{Delegator: "a", Delegate: "a", From: noon}, "delegateUserId"},
		"empty, instead":        {Delegation{Delegate: "b", From: noon, Until: noon, Mode: Reassign}, "endAt"},
		"backwards, instead":    {Delegation{Delegate: "b", From: noon, Until: in(-1), Mode: Reassign}, "endAt"},
		"backwards, beside":     {Delegation{Delegate: "b", From: noon, Until: in(-1), Mode: Add}, "endAt"},
		"before the first year": {Delegation{Delegate: "b", From: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}, "startAt"},
		"after the last year":   {Delegation{Delegate: "b", From: noon, Until: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, "endAt"},
		"empty, beside":         {Delegation{Delegate: "b", From: noon, Until: noon, Mode: Add}, ""},
		"no end":                {Delegation{Delegate: "b", From: noon, Mode: Reassign}, ""},
	} {
		err := c.d.validate()
		if f := fault.Of(err); (c.field == "") != (err == nil) || f != nil && (f.Code != fault.Invalid || f.Field != c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAReasonIsATextOfLimitedLength(t *testing.T) {
	for _, good := range []string{"", "on leave\n\tuntil May\n", strings.Repeat("é", MaxReason)} {
		if err := checkReason(good); err != nil {
			t.Errorf("%.20q: %v", good, err)
		}
	}
	for _, bad := range []string{"\xff", "a\x00", "a\x1b[2J", "\u0085", strings.Repeat("é", MaxReason+1), strings.Repeat("x", 1<<20)} {
		if err := checkReason(bad); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "reason" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestWhoAnswers(t *testing.T) {
	const a, b, c, d = directory.UserID("a"), directory.UserID("b"), directory.UserID("c"), directory.UserID("d")
	instead := Delegation{ID: "1", Delegator: a, Delegate: b, From: in(0), Until: in(4), Mode: Reassign}
	beside := Delegation{ID: "2", Delegator: a, Delegate: c, From: in(0), Until: in(4), Mode: Add}
	self, byB, byC := Stand{For: a, User: a}, Stand{a, b, "1", Reassign}, Stand{a, c, "2", Add}
	other := func(x Delegation, change func(*Delegation)) Delegation { change(&x); return x }
	for name, x := range map[string]struct {
		windows  []Delegation
		disabled directory.UserID
		at       time.Time
		want     []Stand
	}{
		"nobody else":              {nil, "", in(1), []Stand{self}},
		"the delegate instead":     {[]Delegation{instead}, "", in(1), []Stand{byB}},
		"before the window":        {[]Delegation{instead}, "", in(-1), []Stand{self}},
		"at its end":               {[]Delegation{instead}, "", in(4), []Stand{self}},
		"a delegate beside":        {[]Delegation{beside}, "", in(1), []Stand{self, byC}},
		"one instead, one beside":  {[]Delegation{beside, instead}, "", in(1), []Stand{byB, byC}},
		"a disabled delegate":      {[]Delegation{instead, beside}, b, in(1), []Stand{self, byC}},
		"a disabled one beside":    {[]Delegation{instead, beside}, c, in(1), []Stand{byB}},
		"a disabled delegator":     {[]Delegation{instead, beside}, a, in(1), nil},
		"no chain":                 {[]Delegation{instead, {ID: "3", Delegator: b, Delegate: d, From: in(0), Mode: Reassign}}, "", in(1), []Stand{byB}},
		"no cycle":                 {[]Delegation{instead, {ID: "3", Delegator: b, Delegate: a, From: in(0), Mode: Reassign}}, "", in(1), []Stand{byB}},
		"one by both modes, once":  {[]Delegation{instead, other(beside, func(d *Delegation) { d.Delegate = b })}, "", in(1), []Stand{byB}},
		"one by two windows, once": {[]Delegation{other(beside, func(d *Delegation) { d.ID = "9" }), beside}, "", in(1), []Stand{self, byC}},
		"deleted":                  {[]Delegation{other(instead, func(d *Delegation) { d.DeletedAt = in(1) })}, "", in(1), []Stand{self}},
	} {
		got := Answering(a, x.windows, func(u directory.UserID) bool { return u != x.disabled }, x.at)
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %+v, want %+v", name, got, x.want)
		}
	}
}

// anyWindow draws a delegation among five people.
func anyWindow(t *rapid.T, n int) Delegation {
	person := rapid.SampledFrom([]directory.UserID{"a", "b", "c", "d", "e"})
	d := Delegation{
		ID: ID(rune('0' + n)), Delegator: person.Draw(t, "delegator"), Delegate: person.Draw(t, "delegate"),
		From: in(rapid.IntRange(-3, 3).Draw(t, "from")), Mode: rapid.SampledFrom([]Mode{Reassign, Add}).Draw(t, "mode"),
	}
	if rapid.Bool().Draw(t, "ends") {
		d.Until = d.From.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "hours")) * time.Hour)
	}
	switch rapid.IntRange(0, 5).Draw(t, "mark") {
	case 0:
		d.DeletedAt = in(rapid.IntRange(-3, 3).Draw(t, "deleted"))
	case 1:
		d.ClosedAt = d.Until
	}
	return d
}

func TestWhoAnswersFollowsFromOpenWindowsOfThePersonOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var windows []Delegation
		for n := range rapid.IntRange(0, 9).Draw(t, "windows") {
			windows = append(windows, anyWindow(t, n))
		}
		disabled := rapid.SliceOfDistinct(rapid.SampledFrom([]directory.UserID{"a", "b", "c", "d", "e"}), rapid.ID[directory.UserID]).Draw(t, "disabled")
		enabled := func(u directory.UserID) bool { return !slices.Contains(disabled, u) }
		now := in(rapid.IntRange(-4, 8).Draw(t, "now"))
		stands := Answering("a", windows, enabled, now)

		if (len(stands) == 0) != !enabled("a") {
			t.Fatalf("%v for a person who is enabled: %v", stands, enabled("a"))
		}
		seen := map[directory.UserID]bool{}
		instead := false
		for i, s := range stands {
			if s.For != "a" || !enabled(s.User) || seen[s.User] {
				t.Fatalf("%+v among %+v", s, stands)
			}
			seen[s.User] = true
			instead = instead || s.Mode == Reassign
			if s.User == "a" {
				if s.Delegation != "" || i != 0 {
					t.Fatalf("the person stands by %+v", s)
				}
				continue
			}
			at := slices.IndexFunc(windows, func(d Delegation) bool { return d.ID == s.Delegation })
			d := windows[at]
			open := !d.From.After(now) && (d.Until.IsZero() || now.Before(d.Until)) && d.DeletedAt.IsZero() && d.ClosedAt.IsZero()
			if d.Delegator != "a" || d.Delegate != s.User || d.Mode != s.Mode || !open {
				t.Fatalf("%+v by %+v at %s", s, d, now)
			}
		}
		if len(stands) > 0 && seen["a"] == instead {
			t.Fatalf("the person and who answers instead of them, or neither: %+v", stands)
		}
		for _, d := range windows { // nobody who may answer is left out
			if d.Mode == Add && d.Delegator == "a" && d.Delegate != "a" && d.Covers(now) && enabled("a") && enabled(d.Delegate) && !seen[d.Delegate] {
				t.Fatalf("%+v is missing in %+v", d, stands)
			}
		}
		slices.Reverse(windows)
		if again := Answering("a", windows, enabled, now); !slices.Equal(again, stands) {
			t.Fatalf("the order of the windows matters: %+v, %+v", stands, again)
		}
	})
}
