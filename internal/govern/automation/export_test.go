package automation

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// Statements are those that are asked in other people's transactions, or for each page of a pass, with values to plan them with and the
// index each lives by.
func Statements() []struct {
	Name, SQL, Index string
	Args             []any
} {
	return []struct {
		Name, SQL, Index string
		Args             []any
	}{
		{"holders", holdersSQL, "grants_", []any{"a", "e", 1, "", 500}},
		{"who holds it by way of another", passedOnSQL, "grants_live", []any{"a", "e", "a", "f", "", 500}},
		{"has one of the accounts it that way", passedToSQL(2), "grants_live", []any{"a", "f", "a", "e", "c", "d"}},
		{"does an account hold it", accountHolds, "grants_", []any{"a", "e", 1, "c"}},
		{"does a user hold it", userHolds, "grants_", []any{"a", "e", 1, "u"}},
		{"what a source is bound to", boundSQL, "proxy", []any{"a", "e", 1}},
		{"what is reached from a source", reachSQL, "proxy", []any{"a", "e", 1}},
		{"what is bound to a destination", boundToSQL, "proxy_dst", []any{"a", "e", 1}},
		{"which rules go by a tag", tagsChangedSQL, "automation_tag_of", []any{"team", "data", 1}},
		{"what an account of an app is bound from and to", accountsChangedProxiesSQL, "proxy", []any{"a", 1}},
		{"from whom the target took it", yieldedSQL(2), "grants_", []any{"a", "e", "R", 5, 1, "c", "d"}},
		{"about whom somebody was asked", rememberedSQL, "asked", []any{"a", "e", "a", "f", "u", 500}},
		{"who of some users holds it", heldBySQL(2), "grants_", []any{"a", "e", "u", "v"}},
		{"from whom of some users the target took it", yieldedBySQL(2), "grants_", []any{"a", "e", "R", 5, 1, "u", "v"}},
		{"what was agreed about otherwise", givenOtherwiseSQL(2), "asked", []any{"a", "e", "a", "f", "u", "v"}},
		{"who of some users is enabled", enabledSQL(2), "users", []any{"u", "v"}},
	}
}

// Stance is how somebody stands to what a pass gives, and how that asks.
type Stance struct {
	Giving, Taking, Released                   bool
	Loss                                       Loss
	Should, Has, Lapsed, Holds, Other, Enabled bool
	Asked, AskedTaking, AskedWithout, Anew     bool // whether somebody was asked; to take; without a task; before they came anew
	Is                                         Standing
}

// Decided is what a pass does about them.
type Decided struct {
	Do                      string
	Withdraw, Forget, Blank bool
}

// Decide is the rule.
func Decide(s Stance) Decided {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	st := stand{should: s.Should, has: s.Has, lapsed: s.Lapsed, holds: s.Holds, enabled: s.Enabled, other: s.Other, is: s.Is}
	if s.Asked {
		st.asked = &asked{taking: s.AskedTaking, task: "t", at: noon}
		if s.AskedWithout {
			st.asked.task, st.is = "", Unknown
		}
	} else {
		st.is = Unknown
	}
	if s.Anew {
		st.since = noon.Add(time.Second)
	}
	v := mode{ask: Asking{s.Giving, s.Taking}, loss: s.Loss, released: s.Released}.decide(st)
	return Decided{string(v.do), v.withdraw, v.forget, v.blank}
}

// Late has a pass do about somebody what it found before others were faster: back says that they hold the source again.
func (k Keeper) Late(tx *db.Tx, b Binding, account app.AccountID, u directory.UserID, do string, back bool) error {
	p := pass{
		of: b.Destination, via: b.Source, by: b, now: k.Clock.Now(),
		still: func(*db.Tx, holder) (bool, time.Time, error) { return back, time.Time{}, nil },
	}
	return k.note(tx, p, person{verdict: verdict{do: act(do), forget: true}, user: u, hold: holder{account: account, user: u}})
}

// Remember writes down that a task gave it.
func Remember(tx *db.Tx, b Binding, u directory.UserID, until time.Time) {
	agreed(tx, b, asked{user: u, task: "t", until: until, at: until})
}

// Remembered is until when a task gave it; zero: none did.
func Remembered(q db.Q, b Binding, u directory.UserID) (time.Time, error) {
	a, err := askedUntil(q, b, u)
	return a.until, err
}

// Asks reports whether a pass that found some time ago that somebody is to be asked about giving or taking still has them asked.
func (k Keeper) Asks(tx *db.Tx, b Binding, taking bool) (bool, error) {
	about := give
	if taking {
		about = take
	}
	err := k.stillAsks(tx, pass{of: b.Destination, by: b}, about)
	return err == nil, overtaken(err)
}

// Close writes down that a pass of a rule, as it was read, is over.
func (k Keeper) Close(ctx context.Context, r Rule) error { return k.close(ctx, r, 0, outcome{}, nil) }
