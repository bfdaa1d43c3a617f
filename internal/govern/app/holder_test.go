package app_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// stay is somebody's time with an account, in microseconds since the start; until is -1 while it lasts.
type stay struct {
	user        directory.UserID
	from, until int64
}

// held reads who held an account, first to last.
func (f *fixture) held(account app.AccountID) []stay {
	f.Helper()
	return must[[]stay](f)(db.Collect(f.db.Q(f.ctx), func(r *db.Rows) (v stay, err error) {
		var until *int64
		err = r.Scan(&v.user, &v.from, &until)
		v.from -= clock.Micros(start)
		if v.until = -1; until != nil {
			v.until = *until - clock.Micros(start)
		}
		return v, err
	}, `select user_id, from_at, until_at from account_holder where account_id = $1 order by from_at`, string(account)))
}

func (f *fixture) give(a app.Account, to directory.UserID) {
	f.Helper()
	must[app.Account](f)(f.apps.UpdateAccount(f.ctx, a.AppID, a.ID, func(v *app.Account) error {
		v.UserID = to
		return nil
	}))
}

func TestWhoHeldAnAccountIsKept(t *testing.T) {
	each(t, func(f *fixture) {
		wiki, grace, linus := f.app("Wiki"), f.user("grace").ID, f.user("linus").ID
		a := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: wiki.ID, Username: "gh", UserID: grace}))
		f.clock.Set(start.Add(10 * time.Microsecond))
		f.give(a, linus)
		f.clock.Set(start.Add(20 * time.Microsecond))
		must[app.Account](f)(f.apps.UpdateAccount(f.ctx, a.AppID, a.ID, func(v *app.Account) error {
			v.Email = "gh@example.com"
			return nil
		}))
		f.give(a, "")
		f.clock.Set(start.Add(30 * time.Microsecond))
		f.give(a, grace)
		must[directory.User](f)(f.people.Disable(f.ctx, grace, "away"))
		must[directory.User](f)(f.people.Delete(f.ctx, grace, "left"))
		f.same("holders", fmt.Sprint(f.held(a.ID)), fmt.Sprint([]stay{{grace, 0, 10}, {linus, 10, 20}, {grace, 30, -1}}))
		f.clock.Set(start.Add(40 * time.Microsecond))
		f.give(a, linus)
		f.same("last", fmt.Sprint(f.held(a.ID)[2:]), fmt.Sprint([]stay{{grace, 30, 40}, {linus, 40, -1}}))
	})
}

func TestMatchingHandsAccountsOver(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		grace, linus := f.user("grace").ID, f.user("linus")
		seen := app.SeenAccount{ExternalID: "10", Username: "gh", Email: "grace@example.com"}
		ids, _ := f.read(c, "writers", seen, app.SeenAccount{ExternalID: "11", Username: "batch"})
		account, nobodys := app.AccountID(ids["account 10"]), app.AccountID(ids["account 11"])
		f.clock.Advance(10 * time.Microsecond)
		f.read(c, "writers", seen)
		seen.Email = linus.Email
		f.read(c, "writers", seen)
		f.clock.Advance(10 * time.Microsecond)
		must[directory.User](f)(f.people.Delete(f.ctx, linus.ID, "left"))
		f.clock.Advance(10 * time.Microsecond)
		f.read(c, "writers", seen)
		f.same("holders", fmt.Sprint(f.held(account)), fmt.Sprint([]stay{{grace, 0, 10}, {linus.ID, 10, 30}}))
		f.same("of nobody's", len(f.held(nobodys)), 0)
	})
}

// Two replicas may commit in another order than their clocks say.
func TestAHandOverNeverEndsBeforeItBegan(t *testing.T) {
	each(t, func(f *fixture) {
		late := app.New(f.db, clock.NewFake(start.Add(-time.Hour)), f.log)
		wiki, grace, linus := f.app("Wiki"), f.user("grace").ID, f.user("linus").ID
		a := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: wiki.ID, Username: "gh"}))
		f.give(a, grace)
		f.clock.Advance(10 * time.Microsecond)
		f.give(a, linus)
		for _, to := range []directory.UserID{grace, "", linus} {
			must[app.Account](f)(late.UpdateAccount(f.ctx, a.AppID, a.ID, func(v *app.Account) error {
				v.UserID = to
				return nil
			}))
		}
		f.same("holders", fmt.Sprint(f.held(a.ID)), fmt.Sprint([]stay{{grace, 0, 10}, {linus, 10, -1}}))
	})
}

func TestAWholeBatchIsHandedOver(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		seen := make([]app.SeenAccount, app.MaxBatch)
		for i := range seen {
			seen[i] = app.SeenAccount{ExternalID: fmt.Sprint(i), Username: fmt.Sprint("u", i), Email: fmt.Sprintf("p%d@example.com", i%2)}
		}
		p0, p1 := f.user("p0"), f.user("p1")
		f.read(c, "writers", seen...)
		f.clock.Advance(time.Second)
		must[directory.User](f)(f.people.Update(f.ctx, p0.ID, func(u *directory.User) error { u.Email = "old@example.com"; return nil }))
		must[directory.User](f)(f.people.Update(f.ctx, p1.ID, func(u *directory.User) error { u.Email = p0.Email; return nil }))
		f.read(c, "writers", seen...)
		for query, want := range map[string]int{
			`select count(*) from account_holder where app_id = $1`:                                       750,
			`select count(*) from account_holder where app_id = $1 and until_at is null`:                  250,
			`select count(*) from account_holder where app_id = $1 and until_at = from_at + 1000000`:      500,
			`select count(*) from account_holder where app_id = $1 and user_id = '` + string(p1.ID) + `'`: 500,
			`select count(*) from account where app_id = $1 and user_id = '` + string(p1.ID) + `'`:        250,
		} {
			var n int
			if err := f.db.Q(f.ctx).Row(query, string(a.ID)).Scan(&n); err != nil || n != want {
				f.Errorf("%s: %d, want %d, %v", query, n, want, err)
			}
		}
	})
}

// A hand-over costs the same however many accounts there are. PostgreSQL reads small tables whole, so it is
// told not to where it has a choice.
func TestHandOversReadNoWholeTable(t *testing.T) {
	each(t, func(f *fixture) {
		explain, whole := "explain query plan ", "SCAN"
		scan := func(r *db.Rows) (line string, err error) {
			var a, b, c int
			return line, r.Scan(&a, &b, &c, &line)
		}
		if f.db.Engine() == db.Postgres {
			explain, whole = "explain (costs off) ", "Seq Scan"
			scan = func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) }
		}
		all := []any{"app", "account", clock.Micros(start), "user"}
		for statement, values := range app.HandOverSQL {
			args := all[:values]
			f.write(func(tx *db.Tx) error {
				if f.db.Engine() == db.Postgres {
					if _, err := tx.Exec("set local enable_seqscan = off"); err != nil {
						return err
					}
				}
				plan, err := db.Collect(tx, scan, explain+statement, args...)
				if strings.Contains(strings.Join(plan, "\n"), whole) {
					f.Errorf("%s:\n%s", statement, strings.Join(plan, "\n"))
				}
				return err
			})
		}
	})
}

// Whatever changes whose an account is, the open interval says the same as the account, and the closed ones what it said before.
func TestHoldersFollowTheAccountsThroughAnySteps(t *testing.T) {
	each(t, func(f *fixture) {
		var run int
		rapid.Check(f, func(t *rapid.T) {
			run++
			m := &handOvers{T: t, f: f, run: run, app: f.app("Model"), twin: map[app.AccountID][]stay{}}
			m.connector = f.connector(m.app.ID)
			for i := range 3 {
				m.users = append(m.users, f.user(fmt.Sprintf("person%d-%d", run, i)))
			}
			steps := map[string]func(){"make": m.make, "give": m.give, "read": m.read, "leave": m.leave, "gone": m.gone}
			names := slices.Sorted(maps.Keys(steps))
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				f.clock.Advance(time.Duration(rapid.IntRange(0, 2).Draw(t, "wait")) * time.Microsecond)
				steps[rapid.SampledFrom(names).Draw(t, "step")]()
				m.replay()
			}
			for account, want := range m.twin {
				if got := f.held(account); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%v, want %v", got, want)
				}
			}
		})
	})
}

// handOvers is one app, its people, and who held its accounts as a slow twin tells by looking after each step.
type handOvers struct {
	*rapid.T

	f         *fixture
	run       int
	app       app.App
	connector app.Connector
	users     []directory.User
	twin      map[app.AccountID][]stay
}

func (m *handOvers) user() directory.UserID {
	return rapid.SampledFrom([]directory.UserID{"", m.users[0].ID, m.users[1].ID, m.users[2].ID}).Draw(m.T, "user")
}

func (m *handOvers) account() app.AccountID {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.twin))).Draw(m.T, "account")
}

func (m *handOvers) make() {
	_, err := m.f.apps.CreateAccount(m.f.ctx, app.Account{AppID: m.app.ID, Username: fmt.Sprint("u", len(m.twin)), UserID: m.user()})
	m.ok(err)
}

func (m *handOvers) give() {
	if to := m.user(); len(m.twin) > 0 {
		_, err := m.f.apps.UpdateAccount(m.f.ctx, m.app.ID, m.account(), func(v *app.Account) error {
			v.UserID = to
			return nil
		})
		m.ok(err)
	}
}

// ok lets deleted users and accounts be refused.
func (m *handOvers) ok(err error) { (&model{T: m.T}).ok(err) }

func (m *handOvers) read() {
	var seen []app.SeenAccount
	for i, n := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(m.T, "seen") {
		s := app.SeenAccount{ExternalID: fmt.Sprint(i), Username: fmt.Sprint("u", i)}
		if n < len(m.users) {
			s.Email = m.users[n].Email
		}
		seen = append(seen, s)
	}
	m.f.write(func(tx *db.Tx) error {
		_, _, err := m.f.apps.UpsertAccounts(tx, m.connector.Ref(), seen)
		return err
	})
}

func (m *handOvers) leave() {
	_, err := m.f.people.Delete(m.f.ctx, rapid.SampledFrom(m.users).Draw(m.T, "leaver").ID, "left")
	m.ok(err)
}

func (m *handOvers) gone() {
	if len(m.twin) > 0 {
		g := app.Gone{Accounts: []app.AccountID{m.account()}}
		m.f.write(func(tx *db.Tx) error { return m.f.apps.MarkGone(tx, m.connector.Ref(), g) })
	}
}

// replay writes down what every account says now.
func (m *handOvers) replay() {
	rows, err := db.Collect(m.f.db.Q(context.WithoutCancel(m.f.ctx)), app.ScanAccount,
		`select `+app.AccountColumns("")+` from account where app_id = $1`, string(m.app.ID))
	if err != nil {
		m.Fatal(err)
	}
	now := clock.Micros(m.f.clock.Now()) - clock.Micros(start)
	for _, a := range rows {
		held := m.twin[a.ID]
		last := stay{until: 0}
		if len(held) > 0 {
			last = held[len(held)-1]
		}
		open := last.until == -1
		if open && last.user == a.UserID || !open && a.UserID == "" {
			m.twin[a.ID] = held
			continue
		}
		if open {
			if held = held[:len(held)-1]; last.from < now {
				last.until = now
				held = append(held, last)
			}
		}
		if a.UserID != "" {
			held = append(held, stay{a.UserID, now, -1})
		}
		m.twin[a.ID] = held
	}
}
