package read_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// house is a house with its lists.
type house struct {
	*granttest.House

	lists *read.Service
}

func onHouses(t *testing.T, test func(h house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := granttest.New(t, d)
		test(house{h, read.New(d, h.Clock)})
	})
}

func (h house) give(k grant.Key, to directory.UserID) {
	h.Helper()
	granttest.Must(h.Apps.UpdateAccount(h.Ctx, k.App, k.Account, func(a *app.Account) error {
		a.UserID = to
		return nil
	}))(h)
}

func (h house) asOf(at time.Time, f read.GrantFilter) []read.Binding {
	h.Helper()
	return granttest.Must(h.lists.GrantsAsOf(h.Ctx, at, f, page.Request{Size: 100}))(h).Items
}

func (h house) past(f read.GrantFilter) []read.Binding {
	h.Helper()
	return granttest.Must(h.lists.PastGrants(h.Ctx, f, page.Request{Size: 100}))(h).Items
}

func (h house) feed(f read.GrantFilter) []read.FeedEvent {
	h.Helper()
	return granttest.Must(h.lists.Feed(h.Ctx, f, time.Time{}, time.Time{}, page.Request{Size: 100}))(h).Items
}

func (h house) history(of grant.Key, own directory.UserID) []read.Binding {
	h.Helper()
	return granttest.Must(h.lists.History(h.Ctx, ref(of), own, page.Request{Size: 100}))(h).Items
}

// An account with a grant goes from its first person to nobody, to a second one, and is then deleted.
func TestHistoryDoesNotFollowAnAccountToItsNextHolder(t *testing.T) {
	onHouses(t, func(h house) {
		a, first, second := h.App(), h.User().ID, h.User().ID
		k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, first).ID}
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(h)
		var at [4]time.Time // of the first, of nobody, of the second, of nobody again
		for i, step := range []func(){
			func() {}, func() { h.give(k, "") }, func() { h.give(k, second) },
			func() {
				granttest.Must(h.Grants.Revoke(h.Ctx, k, "enough"))(h)
				h.give(k, first) // at the moment of the end
			},
		} {
			h.Clock.Advance(time.Hour)
			step()
			at[i] = h.Clock.Now()
		}
		h.Clock.Advance(time.Hour)
		for i, want := range []directory.UserID{first, "", second} {
			for _, u := range []directory.UserID{first, second} {
				for name, f := range map[string]read.GrantFilter{"of": {UserIDs: []directory.UserID{u}}, "own": {Own: u}} {
					for _, t := range []time.Time{at[i], at[i+1].Add(-time.Microsecond)} {
						if got := h.asOf(t, f); (len(got) == 1) != (u == want) {
							h.Errorf("%s %d at %v: %d grants", name, i, t, len(got))
						}
					}
				}
			}
			if got := h.asOf(at[i], read.GrantFilter{}); len(got) != 1 || got[0].Held.User != want {
				h.Errorf("at %v: held by %+v", at[i], got)
			}
		}
		for u, want := range map[directory.UserID]string{first: "[ADDED]", second: "[REMOVED]"} {
			for _, f := range []read.GrantFilter{{UserIDs: []directory.UserID{u}}, {Own: u}} {
				var got []read.Happening
				for _, e := range h.feed(f) {
					got = append(got, e.What)
				}
				if fmt.Sprint(got) != want {
					h.Errorf("feed: %v, want %v", got, want)
				}
				if past := h.past(f); (len(past) == 1) != (u == second) {
					h.Errorf("past: %+v", past)
				}
			}
		}
		if all := h.past(read.GrantFilter{}); len(all) != 1 || all[0].Held != (read.Holding{User: second, From: at[2], Until: at[3]}) ||
			!all[0].ActiveAt.Equal(granttest.Noon) {
			h.Errorf("all past: %+v", all)
		}
		if all := h.history(k, ""); len(all) != 1 || all[0].Held.User != second || !all[0].ActiveAt.Equal(granttest.Noon) {
			h.Errorf("all history: %+v", all)
		}
	})
}

// Whoever may see no more than their own sees a grant as long as they had its account, and not what became of it in other hands.
func TestOnesOwnHistoryIsCutToOnesOwnPart(t *testing.T) {
	onHouses(t, func(h house) {
		a, first, second := h.App(), h.User().ID, h.User().ID
		k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, first).ID}
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(h)
		h.Clock.Advance(time.Hour)
		handed := h.Clock.Now()
		h.give(k, second)
		h.Clock.Advance(time.Hour)
		revoked := h.Clock.Now()
		granttest.Must(h.Grants.Revoke(h.Ctx, k, "of the second"))(h)
		mine := append(h.history(k, first), h.asOf(granttest.Noon, read.GrantFilter{Own: first})...)
		for _, b := range mine {
			if !b.ActiveAt.Equal(granttest.Noon) || b.State != grant.Ended || !b.EndingAt.Equal(handed) || b.EndReason != read.HandedOver ||
				b.EndNote != "" || b.EndedBy != (grant.Person{}) || b.Given.By.Name != "Ada" {
				h.Errorf("the first is shown %+v", b)
			}
		}
		next := append(h.history(k, second), h.past(read.GrantFilter{Own: second})...)
		for _, b := range next {
			if !b.ActiveAt.Equal(handed) || !b.EndingAt.Equal(revoked) || b.EndNote != "of the second" || b.Given != (grant.Provenance{}) {
				h.Errorf("the second is shown %+v", b)
			}
		}
		if len(mine) != 2 || len(next) != 2 {
			h.Errorf("%d and %d", len(mine), len(next))
		}
	})
}

// What was given to somebody and came into force for the next holder began with the next: who gave it when, and why, is not theirs.
func TestTheNextHolderIsNotToldOfAGiftToTheOneBefore(t *testing.T) {
	onHouses(t, func(h house) {
		c, second := h.Connected(1), h.User().ID
		k := c.Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(h)
		h.Clock.Advance(time.Hour)
		handed := h.Clock.Now()
		h.give(k, second)
		h.Clock.Advance(time.Hour)
		h.Settle()
		for _, b := range append(h.history(k, second), h.asOf(h.Clock.Now(), read.GrantFilter{Own: second})...) {
			if !b.ActiveAt.Equal(h.Clock.Now()) || !b.CreatedAt.Equal(handed) || b.Given != (grant.Provenance{}) {
				h.Errorf("the second is shown %+v", b.Grant)
			}
		}
		if all := h.history(k, ""); len(all) != 1 || all[0].Given.By.Name != "Ada" || !all[0].CreatedAt.Equal(granttest.Noon) {
			h.Errorf("all: %+v", all)
		}
	})
}

// A person's end ends their grants at once; these ends are theirs, even where the next sync gives the account to another.
func TestTheEndsOfAPersonWhoLeavesAreTheirs(t *testing.T) {
	onHouses(t, func(h house) {
		c := h.Connected(2)
		for i := range 2 {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(h)
		}
		h.Settle()
		h.Clock.Advance(time.Hour)
		granttest.Must(h.Directory.Delete(h.Ctx, c.Users[0], "left"))(h)
		granttest.Must(h.Directory.Disable(h.Ctx, c.Users[1], "away"))(h)
		h.give(c.Key(0), "")
		h.Settle()
		h.Clock.Advance(time.Hour)
		for i, u := range c.Users {
			if past := h.past(read.GrantFilter{UserIDs: []directory.UserID{u}}); len(past) != 1 || past[0].Key != c.Key(i) {
				h.Errorf("number %d: %+v", i, past)
			}
			if got := h.asOf(granttest.Noon.Add(time.Minute), read.GrantFilter{Own: u}); len(got) != 1 {
				h.Errorf("number %d had %+v", i, got)
			}
		}
	})
}

// Every look back, for any history of grants and hand-overs, is what a slow twin says that replays the hand-overs one after the other.
func TestLooksBackAreWhatAReplayOfTheHandOversSays(t *testing.T) {
	onHouses(t, func(h house) {
		rapid.Check(h, func(t *rapid.T) {
			w := &replay{T: t, house: h, log: map[app.AccountID][]handOver{}}
			w.settle()
			steps := map[string]func(){"give": w.hand, "grant": w.grant, "revoke": w.revoke, "leave": w.leave}
			names := slices.Sorted(maps.Keys(steps))
			began := h.Clock.Now()
			for range rapid.IntRange(1, 14).Draw(t, "steps") {
				h.Clock.Advance(time.Duration(rapid.IntRange(0, 2).Draw(t, "wait")) * time.Microsecond)
				steps[rapid.SampledFrom(names).Draw(t, "step")]()
				if rapid.Bool().Draw(t, "settle") {
					h.Settle()
				}
			}
			h.Clock.Advance(time.Microsecond)
			w.compare(began)
		})
	})
}

// handOver is that an account became somebody's, or nobody's.
type handOver struct {
	at time.Time
	to directory.UserID
}

// replay is one app without a connector, and the hand-overs of its accounts.
type replay struct {
	*rapid.T
	house

	app   app.ID
	keys  []grant.Key
	users []directory.UserID
	log   map[app.AccountID][]handOver
}

func (w *replay) settle() {
	w.app = w.App().ID
	for range 2 {
		w.users = append(w.users, w.User().ID)
	}
	things := []app.EntitlementID{w.Entitlement(w.app).ID, w.Entitlement(w.app).ID}
	for i := range 2 {
		a := w.Account(w.app, w.users[i]).ID
		w.log[a] = []handOver{{w.Clock.Now(), w.users[i]}}
		for _, e := range things {
			w.keys = append(w.keys, grant.Key{App: w.app, Entitlement: e, Account: a})
		}
	}
}

func (w *replay) key() grant.Key { return rapid.SampledFrom(w.keys).Draw(w.T, "key") }

func (w *replay) hand() {
	k, to := w.key(), rapid.SampledFrom(append([]directory.UserID{""}, w.users...)).Draw(w.T, "to")
	_, err := w.Apps.UpdateAccount(w.Ctx, k.App, k.Account, func(a *app.Account) error {
		a.UserID = to
		return nil
	})
	if err == nil { // refused: to somebody who left
		w.log[k.Account] = append(w.log[k.Account], handOver{w.Clock.Now(), to})
	}
}

func (w *replay) grant() {
	end := time.Time{}
	if n := rapid.IntRange(0, 5).Draw(w.T, "end"); n > 0 {
		end = w.Clock.Now().Add(time.Duration(n) * time.Microsecond)
	}
	_, _ = w.Grants.Create(w.Ctx, w.key(), end)
}

func (w *replay) revoke() { _, _ = w.Grants.Revoke(w.Ctx, w.key(), "enough") }

func (w *replay) leave() {
	if rapid.IntRange(0, 3).Draw(w.T, "really") == 0 {
		_, _ = w.Directory.Delete(w.Ctx, rapid.SampledFrom(w.users).Draw(w.T, "leaver"), "left")
	}
}

// holder is whose an account was at a moment.
func (w *replay) holder(a app.AccountID, at time.Time) (u directory.UserID) {
	for _, v := range w.log[a] {
		if !v.at.After(at) {
			u = v.to
		}
	}
	return u
}

func last(g grant.Grant) time.Time {
	if g.EndingAt.After(g.ActiveAt) {
		return g.EndingAt.Add(-time.Microsecond)
	}
	return g.ActiveAt
}

// compare asks every question for every microsecond that there was.
func (w *replay) compare(began time.Time) {
	var all []grant.Grant
	for _, k := range w.keys {
		for _, g := range w.Lives(k) {
			if !g.ActiveAt.IsZero() {
				all = append(all, g)
			}
		}
	}
	u := rapid.SampledFrom(w.users).Draw(w.T, "asked for")
	f := read.GrantFilter{AppIDs: []app.ID{w.app}, UserIDs: []directory.UserID{u}}
	if rapid.Bool().Draw(w.T, "own") {
		f = read.GrantFilter{AppIDs: f.AppIDs, Own: u}
	}
	now := w.Clock.Now()
	var past, history, events []string
	for _, g := range all {
		theirs := false
		for at := g.ActiveAt; at.Equal(g.ActiveAt) || !at.After(now) && (g.Until().IsZero() || at.Before(g.Until())); at = at.Add(time.Microsecond) {
			theirs = theirs || w.holder(g.Account, at) == u
		}
		if theirs && ref(g.Key) == ref(w.keys[0]) {
			history = append(history, string(g.ID))
		}
		if w.holder(g.Account, g.ActiveAt) == u {
			events = append(events, string(g.ID)+" ADDED")
		}
		if !g.EndingAt.IsZero() && w.holder(g.Account, last(g)) == u {
			past, events = append(past, string(g.ID)), append(events, string(g.ID)+" REMOVED")
		}
	}
	var fed []string
	for _, e := range w.feed(f) {
		fed = append(fed, string(e.Grant)+" "+string(e.What))
	}
	w.same("past", names(w.past(f)), past)
	w.same("history", names(w.history(w.keys[0], u)), history)
	w.same("feed", fed, events)
	for at := began; !at.After(now); at = at.Add(time.Microsecond) {
		var want []string
		for _, g := range all {
			if !g.ActiveAt.After(at) && (g.Until().IsZero() || at.Before(g.Until())) && w.holder(g.Account, at) == u {
				want = append(want, string(g.ID))
			}
		}
		w.same("as of "+at.Sub(began).String(), names(w.asOf(at, f)), want)
	}
	for _, b := range w.asOf(now, read.GrantFilter{AppIDs: f.AppIDs}) {
		if want := w.holder(b.Account, now); b.Held.User != want {
			w.Errorf("held by %q now, want %q", b.Held.User, want)
		}
	}
}

func (w *replay) same(what string, got, want []string) {
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}
