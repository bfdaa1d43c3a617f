package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// source is a directory with a connector, and what that reads.
type source struct {
	*fixture
	app.Connector

	at map[string]app.AccountID
}

func (f *fixture) source(m app.Matching) *source {
	f.Helper()
	a := f.app("Staff")
	must[app.App](f)(f.apps.MakeDirectory(f.ctx, a.ID, m))
	return &source{f, f.connector(a.ID), nil}
}

func (s *source) set(m app.Matching) {
	s.Helper()
	must[app.App](s.fixture)(s.apps.SetDirectory(s.ctx, s.AppID, m))
}

// reads has the connector read the accounts, something happen, and what was read be written.
func (s *source) reads(between func(), accounts ...app.SeenAccount) app.Upserted {
	s.Helper()
	if err := s.apps.Identify(s.ctx, s.AppID, accounts, func(context.Context) error { return nil }); err != nil {
		s.Fatal(err)
	}
	if between != nil {
		between()
	}
	var did app.Upserted
	s.write(func(tx *db.Tx) (err error) {
		s.at, did, err = s.apps.UpsertAccounts(tx, s.Ref(), accounts)
		return err
	})
	return did
}

func (s *source) of(external string) app.Account {
	s.Helper()
	return must[app.Account](s.fixture)(app.GetAccount(s.db.Q(s.ctx), s.AppID, s.at[external]))
}

func (s *source) holds(external string, u directory.User, doubt app.Doubt) {
	s.Helper()
	if a := s.of(external); a.UserID != u.ID || a.Doubt != doubt {
		s.Errorf("account %s is of %q with doubt %q, want %q with %q", external, a.UserID, a.Doubt, u.ID, doubt)
	}
}

func (f *fixture) employee(name, number string) directory.User {
	f.Helper()
	return must[directory.User](f)(f.people.Create(f.ctx, directory.User{
		DisplayName: name, Email: name + "@example.com", Department: "crew", Profile: directory.Profile{EmployeeIDs: []string{number}},
	}))
}

var nobody directory.User

var byNumber = app.MatchCase{
	Account: `app_user.username`,
	User:    `size(user.employee_ids) > 0 ? user.employee_ids[0] : ""`,
}

func TestAnAccountOfADirectoryFindsTheOneUserWithItsKey(t *testing.T) {
	each(t, func(f *fixture) {
		ada, _, _, bob := f.employee("ada", "7"), f.employee("twin1", "8"), f.employee("twin2", "8"), f.employee("bob", "9")
		gone := f.employee("gone", "10")
		must[directory.User](f)(f.people.Delete(f.ctx, gone.ID, ""))
		s := f.source(app.Matching{Cases: []app.MatchCase{byNumber, {Account: `account.display_name.lowerAscii()`, User: `subject.displayName`}}})
		s.reads(nil,
			app.SeenAccount{ExternalID: "1", Username: "7", Email: "bob@example.com"},
			app.SeenAccount{ExternalID: "2", Username: "8"},
			app.SeenAccount{ExternalID: "3", Username: "8", DisplayName: "BOB"},
			app.SeenAccount{ExternalID: "4", Username: "x", DisplayName: "crew"},
			app.SeenAccount{ExternalID: "5", Username: "10"},
			app.SeenAccount{ExternalID: "6", DisplayName: " "},
		)
		s.holds("1", ada, "") // by the key, not the address
		s.holds("2", nobody, app.Ambiguous)
		s.holds("3", bob, "") // the first case names two, the second one
		s.holds("4", nobody, "")
		s.holds("5", nobody, "")
		s.holds("6", nobody, "")
		s.tells(1)
		s.same("again", s.reads(nil, app.SeenAccount{ExternalID: "2", Username: "8"}), app.Upserted{})
		s.tells(1)
		s.reads(nil, app.SeenAccount{ExternalID: "2", Username: "9"})
		s.holds("2", bob, "")
		f.employee("third", "12")
		f.employee("fourth", "12")
		s.reads(nil, app.SeenAccount{ExternalID: "7", Username: "12"})
		s.holds("7", nobody, app.Ambiguous)
		must[app.Account](f)(f.apps.UpdateAccount(f.ctx, s.AppID, s.at["7"], func(a *app.Account) error { a.UserID = ada.ID; return nil }))
		s.holds("7", ada, "") // a person said so
		s.same("again", s.reads(nil, app.SeenAccount{ExternalID: "7", Username: "12"}), app.Upserted{})
	})
}

// tells counts the events about accounts that found nobody.
func (s *source) tells(want int) {
	s.Helper()
	n := 0
	for _, k := range s.events("connector", string(s.ID)) {
		if k == "account.unmatched" {
			n++
		}
	}
	s.same("events about doubtful accounts", n, want)
}

func TestAFilterNeverTakesAnAccountFromAnybody(t *testing.T) {
	each(t, func(f *fixture) {
		ada, bob := f.employee("ada", "7"), f.employee("bob", "9")
		one, two := app.SeenAccount{ExternalID: "1", Username: "ada", Email: ada.Email}, app.SeenAccount{ExternalID: "2", Username: "bob", Email: bob.Email}
		s := f.source(app.Matching{Filter: `app_user.username == "ada" && app_user.status == AppUserStatus.ENABLED`})
		s.reads(nil, one, two)
		s.holds("1", ada, "")
		s.holds("2", nobody, "")
		s.set(app.Matching{Filter: `appUser.username == "bob" && appUser.status == APP_USER_STATUS_ENABLED`})
		s.reads(nil, one, two)
		s.holds("1", ada, "") // left out now, and still theirs
		s.holds("2", bob, "")
		s.set(app.Matching{Filter: `app_user.profile["team"] == "crew"`})
		s.reads(nil, one, two, app.SeenAccount{ExternalID: "3", Profile: map[string]any{"team": "crew", "n": 1}, Email: ada.Email})
		s.holds("1", ada, app.Failed)
		s.holds("2", bob, app.Failed)
		s.holds("3", ada, "")
		s.tells(1)
		s.set(app.Matching{Filter: "false", Cases: []app.MatchCase{{`"x"`, `"y"`}}})
		s.reads(nil, one, two)
		s.holds("1", ada, "")
		s.holds("2", bob, "")
		s.set(app.Matching{Cases: []app.MatchCase{{`"all"`, `"all"`}}}) // everybody has the same key
		s.reads(nil, one, two)
		s.holds("1", ada, app.Ambiguous)
		s.holds("2", bob, app.Ambiguous)
		must[directory.User](f)(f.people.Delete(f.ctx, bob.ID, ""))
		s.reads(nil, two)
		s.holds("2", ada, "") // whose key is nobody else's now
		must[app.App](f)(f.apps.UnmakeDirectory(f.ctx, s.AppID))
		s.reads(nil, one)
		s.holds("1", ada, "")
	})
}

func TestWhoWasFoundByAKeyAloneKeepsTheAccountWhenNobodyIsMatchedAnyMore(t *testing.T) {
	each(t, func(f *fixture) {
		ada, bob := f.employee("ada", "7"), f.employee("bob", "9")
		s := f.source(app.Matching{Cases: []app.MatchCase{byNumber}})
		seen := app.SeenAccount{ExternalID: "1", Username: "7", Email: "root@elsewhere.example"}
		s.reads(nil, seen)
		s.holds("1", ada, "")
		for _, m := range []app.Matching{{Filter: "true"}, {}} {
			s.set(m)
			s.reads(nil, seen)
			s.holds("1", ada, "")
		}
		must[app.App](f)(f.apps.UnmakeDirectory(f.ctx, s.AppID))
		s.reads(nil, seen)
		s.reads(nil, seen)
		s.holds("1", ada, "")
		seen.Email = bob.Email
		s.reads(nil, seen)
		s.holds("1", bob, "")
		seen.Email = "root@elsewhere.example"
		s.reads(nil, seen)
		s.holds("1", nobody, "") // found by the address, and lost by it
	})
}

func TestAnAccountMovesOnlyToAUserWhoIsAsTheyWereWhenTheirKeyWasWorkedOut(t *testing.T) {
	each(t, func(f *fixture) {
		ada, bob := f.employee("ada", "7"), f.employee("bob", "9")
		s := f.source(app.Matching{Cases: []app.MatchCase{byNumber}})
		seen := app.SeenAccount{ExternalID: "1", Username: "7"}
		number := func(u directory.User, n string) func() {
			return func() {
				must[directory.User](f)(f.people.Update(f.ctx, u.ID, func(u *directory.User) error { u.Profile.EmployeeIDs = []string{n}; return nil }))
			}
		}
		s.reads(number(ada, "77"), seen)
		s.holds("1", nobody, "")
		number(ada, "7")()
		s.reads(nil, seen)
		s.holds("1", ada, "")
		seen.Username = "9"
		s.reads(func() { must[directory.User](f)(f.people.Disable(f.ctx, bob.ID, "")) }, seen)
		s.holds("1", ada, "")
		s.reads(func() { must[directory.User](f)(f.people.Delete(f.ctx, bob.ID, "")) }, seen)
		s.holds("1", ada, "")
		must[app.Account](f)(f.apps.UpdateAccount(f.ctx, s.AppID, s.at["1"], func(a *app.Account) error { a.UserID = ""; return nil }))
		seen.Username = "7"
		s.reads(nil, seen)
		s.holds("1", nobody, "") // a person said so
	})
}

func TestMatchingLooksAtEveryUserAndStopsWhenItsStepFails(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.source(app.Matching{Cases: []app.MatchCase{{`app_user.username`, `user.job_title`}}})
		f.write(func(tx *db.Tx) error {
			for i := range app.MaxBatch + 2 {
				u := directory.User{
					ID: directory.UserID(fmt.Sprintf("u%04d", i)), Kind: directory.KindHuman, Origin: directory.OriginLocal, Status: directory.Enabled,
					DisplayName: "x", JobTitle: fmt.Sprint(i), CreatedAt: start, UpdatedAt: start, Version: 1,
				}
				if err := f.people.CreateIn(tx, audit.Actor{}, u); err != nil {
					return err
				}
			}
			return nil
		})
		last := directory.User{ID: directory.UserID(fmt.Sprintf("u%04d", app.MaxBatch+1))}
		s.reads(nil, app.SeenAccount{ExternalID: "1", Username: fmt.Sprint(app.MaxBatch + 1)})
		s.holds("1", last, "")
		lost := errors.New("lost")
		seen := []app.SeenAccount{{ExternalID: "1", Username: "1"}}
		if err := f.apps.Identify(f.ctx, s.AppID, seen, func(context.Context) error { return lost }); !errors.Is(err, lost) {
			f.Errorf("%v", err)
		}
	})
}

func TestAMatchingThatCouldNeverBeWorkedOutIsRefusedByItsField(t *testing.T) {
	cases := func(account, user string) app.Matching { return app.Matching{Cases: []app.MatchCase{{account, user}}} }
	long := strings.Repeat(" ", app.MaxMatchText) + `"x"`
	for name, c := range map[string]struct {
		m     app.Matching
		field string
		at    string
	}{
		"no answer":       {app.Matching{Filter: "1"}, "celExpression.expression", "line 1, column 1"},
		"no such field":   {app.Matching{Filter: "true &&\n app_user.color == ''"}, "celExpression.expression", "line 2, column"},
		"nobody's":        {app.Matching{Filter: "user.email == ''"}, "celExpression.expression", "user"},
		"broken":          {cases(`app_user.email +`, `user.email`), "mergeConfig.matchCases[0].appUserKeyCel", "line 1"},
		"no text":         {cases(`app_user.email`, `user.status`), "mergeConfig.matchCases[0].userKeyCel", "line 1"},
		"of the other":    {cases(`user.email`, `user.email`), "mergeConfig.matchCases[0].appUserKeyCel", "line 1"},
		"a list":          {cases(`app_user.emails`, `user.email`), "mergeConfig.matchCases[0].appUserKeyCel", "string"},
		"nothing":         {cases(" ", `user.email`), "mergeConfig.matchCases[0].appUserKeyCel", "required"},
		"nothing of whom": {cases(`"x"`, ""), "mergeConfig.matchCases[0].userKeyCel", "required"},
		"long":            {cases(long, `user.email`), "mergeConfig.matchCases[0].appUserKeyCel", "1024"},
		"many":            {app.Matching{Cases: make([]app.MatchCase, app.MaxMatchCases+1)}, "mergeConfig.matchCases", "at most 8"},
		"looks people up": {cases(`app_user.email`, `c1.directory.users.v1.GetByID(user.id).email`), "mergeConfig.matchCases[0].userKeyCel", "undeclared"},
	} {
		err := c.m.Validate()
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != c.field || !strings.Contains(err.Error(), c.at) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (app.Matching{Filter: "app_user.app_user_type != AppUserType.SERVICE_ACCOUNT", Cases: []app.MatchCase{byNumber}}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestAFilterMayCompareWhatItSees(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.employee("ada", "7")
		s := f.source(app.Matching{
			Filter: `app_user == account && app_user in [appUser]`,
			Cases:  []app.MatchCase{{`app_user == account ? app_user.username : ""`, `user == subject ? user.employee_ids[0] : ""`}},
		})
		s.reads(nil, app.SeenAccount{ExternalID: "1", Username: "7", Emails: []string{"a"}, Profile: map[string]any{"k": "v"}})
		s.holds("1", ada, "")
	})
}

func TestAKeyThatCostsTooMuchOrIsTooLongMatchesNobody(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.employee("ada", "7")
		wide := strings.Repeat("x", app.MaxMatchKey)
		s := f.source(app.Matching{Cases: []app.MatchCase{{`app_user.username + "` + wide + `"`, `user.employee_ids[0] + "` + wide + `"`}}})
		s.reads(nil, app.SeenAccount{ExternalID: "1", Username: "7"})
		s.holds("1", nobody, app.Failed)
		list := "[" + strings.TrimSuffix(strings.Repeat("1,", 100), ",") + "]"
		s.set(app.Matching{Cases: []app.MatchCase{{list + `.all(a, ` + list + `.all(b, a == b || size(app_user.username) > 0)) ? "k" : "l"`, `"k"`}}})
		s.clock.Advance(time.Second)
		s.reads(nil, app.SeenAccount{ExternalID: "1", Username: "7"})
		s.holds("1", nobody, app.Failed)
		s.set(app.Matching{Cases: []app.MatchCase{byNumber}})
		s.reads(nil, app.SeenAccount{ExternalID: "1", Username: "7"})
		s.holds("1", ada, "")
	})
}
