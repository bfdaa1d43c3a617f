package contact_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }

func TestWhoIsRelievedIsNotOnCallAnyMore(t *testing.T) {
	list := []contact.Shift{{User: "ada", From: hour(0), Until: hour(8)}, {User: "grace", From: hour(8)}}
	for at, want := range map[int]string{-1: "", 0: "ada", 7: "ada", 8: "grace", 1000: "grace"} {
		on := contact.OnCall(list, hour(at))
		if got := names(on); got != want {
			t.Errorf("hour %d: %q, want %q", at, got, want)
		}
	}
	if next := contact.NextChange(list, hour(0)); !next.Equal(hour(8)) {
		t.Error(next)
	}
	if next := contact.NextChange(list, hour(8)); !next.IsZero() {
		t.Error(next)
	}
}

func TestShiftsThatJoinAreOneTurn(t *testing.T) {
	list := []contact.Shift{
		{User: "ada", From: hour(6), Until: hour(9)}, {User: "ada", From: hour(0), Until: hour(4)}, {User: "ada", From: hour(4), Until: hour(7)},
		{User: "ada", From: hour(10), Until: hour(11)}, {User: "grace", From: hour(9), Until: hour(10)},
	}
	on := contact.OnCall(list, hour(1))
	if len(on) != 1 || !on[0].Until.Equal(hour(9)) {
		t.Error(on)
	}
}

func names(list []contact.Turn) (s string) {
	for _, t := range list {
		s += string(t.User)
	}
	return s
}

// What is asked for at one moment agrees with what is said of the time between two changes.
func TestWhoIsOnCallChangesOnlyWhenAShiftBeginsOrEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []contact.Shift
		for range rapid.IntRange(0, 8).Draw(t, "shifts") {
			from := rapid.IntRange(0, 20).Draw(t, "from")
			s := contact.Shift{User: directory.UserID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "user")), From: hour(from)}
			if !rapid.Bool().Draw(t, "open") {
				s.Until = hour(from + rapid.IntRange(1, 9).Draw(t, "hours"))
			}
			list = append(list, s)
		}
		for at := -1; at < 32; at++ {
			on, next := contact.OnCall(list, hour(at)), contact.NextChange(list, hour(at))
			if later := contact.OnCall(list, hour(at+1).Add(-1)); names(on) != names(later) {
				t.Fatalf("between %d and the next hour %v become %v", at, on, later)
			}
			if !next.IsZero() && !next.After(hour(at)) {
				t.Fatalf("after %d comes %v", at, next)
			}
			if next.IsZero() && names(contact.OnCall(list, hour(1000))) != names(on) {
				t.Fatalf("after %d nothing is to change, and does", at)
			}
			for _, turn := range on {
				for h := at; h < 40; h++ {
					still := false
					for _, o := range contact.OnCall(list, hour(h)) {
						still = still || o.User == turn.User
					}
					if !turn.Until.IsZero() && !hour(h).Before(turn.Until) {
						if hour(h).Equal(turn.Until) && still {
							t.Fatalf("%s is on call at the end of their turn, %v", turn.User, turn.Until)
						}
						break
					}
					if !still {
						t.Fatalf("%s is not on call at %v, before the end of their turn %v", turn.User, hour(h), turn.Until)
					}
				}
			}
		}
	})
}
