package iam

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// session signs in with a link made in ctx and returns the context of the session.
func (w *world) session(ctx context.Context, u directory.UserID) (context.Context, Session) {
	w.t.Helper()
	link, err := w.CreateLink(ctx, u)
	w.ok(err)
	s, err := w.UseLink(w.t.Context(), link.Token, inside)
	w.ok(err)
	p, err := w.SessionPrincipal(w.t.Context(), s.Token, inside)
	w.ok(err)
	return WithPrincipal(w.t.Context(), p), s
}

const coneApp = "2RGdOS94VDferT9e80mdgntl36K"

// device lets a device in and returns the context it acts in.
func (w *world) device(session context.Context) context.Context {
	w.t.Helper()
	code, err := w.StartDevice(w.t.Context(), coneApp, away)
	w.ok(err)
	w.ok(w.AnswerDevice(session, code.User, true))
	tok, err := w.RedeemDevice(w.t.Context(), coneApp, code.Device, inside)
	w.ok(err)
	return w.with(tok.Access)
}

func TestALinkSignsInOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", "system:viewer")
		link, err := w.CreateLink(w.system(), ada.ID)
		w.ok(err)
		for range 2 {
			u, err := w.LinkUser(t.Context(), link.Token)
			w.ok(err)
			if u.ID != ada.ID {
				t.Errorf("user %+v", u)
			}
		}
		s, err := w.UseLink(t.Context(), link.Token, inside)
		w.ok(err)
		_, err = w.UseLink(t.Context(), link.Token, inside)
		w.refused(err, fault.NotFound, "link")
		p, err := w.SessionPrincipal(t.Context(), s.Token, inside)
		w.ok(err)
		if p.UserID != ada.ID || p.Kind != KindSession || p.ClientKey != "" || p.Scoped || p.Scopes[permissionPrefix+"c1.api.iam.v1.Roles.List"] != All {
			t.Errorf("principal %+v", p)
		}
		w.clock.Advance(sessionLife)
		_, err = w.SessionPrincipal(t.Context(), s.Token, inside)
		w.refused(err, fault.Unauthenticated, "expired")
	})
}

func TestALinkIsMadeByAnUnscopedSuperAdministratorOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, grace := w.person("Ada", SuperAdministrator), w.person("Grace", "system:viewer")
		for _, ctx := range []context.Context{
			w.as(grace, NewClient{}), w.as(ada, NewClient{Roles: []RoleID{BuiltinID(SuperAdministrator)}}),
		} {
			_, err := w.CreateLink(ctx, grace.ID)
			w.refused(err, fault.Denied, "Super Administrator")
		}
		_, err := w.CreateLink(t.Context(), grace.ID)
		w.refused(err, fault.Unauthenticated, "sign in")
	})
}

func TestWhatComesOfABoundedCredentialStaysWithinIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", SuperAdministrator)
		ctx := w.as(ada, NewClient{Sources: networks("192.0.2.0/24"), Expires: 30 * time.Minute})
		link, err := w.CreateLink(ctx, ada.ID)
		w.ok(err)
		_, err = w.UseLink(t.Context(), link.Token, away)
		w.refused(err, fault.Denied, "network")
		session, s := w.session(ctx, ada.ID)
		if !s.Until.Equal(monday.Add(30 * time.Minute)) {
			t.Errorf("the session lives until %v", s.Until)
		}
		_, err = w.SessionPrincipal(t.Context(), s.Token, away)
		w.refused(err, fault.Denied, "networks")
		made, _, err := w.CreateClient(w.device(session), ada.ID, NewClient{DisplayName: "Created by Cone"})
		w.ok(err)
		if !made.Limits.Until.Equal(monday.Add(30*time.Minute)) || len(made.Limits.Sources) != 1 {
			t.Errorf("two steps later the bounds are %+v", made.Limits)
		}
	})
}

func TestADeviceActsForAnHourAndMakesClientsThatLast(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		session, _ := w.session(w.system(), ada.ID)
		ctx := w.device(session)
		p, err := PrincipalFrom(ctx)
		w.ok(err)
		if p.Kind != KindDevice || p.Device != coneApp || p.UserID != ada.ID {
			t.Errorf("principal %+v", p)
		}
		made, secret, err := w.CreateClient(ctx, ada.ID, NewClient{DisplayName: "Created by Cone"})
		w.ok(err)
		if !made.Limits.Until.IsZero() {
			t.Errorf("the client ends at %v", made.Limits.Until)
		}
		w.token(made, secret)
		if list, err := w.Clients(t.Context(), ada.ID); err != nil || len(list) != 1 {
			t.Errorf("the device is listed as a client: %v, %v", list, err)
		}
		_, err = w.Client(t.Context(), p.ClientKey)
		w.refused(err, fault.NotFound, "personal client")
		_, err = w.SignIn(t.Context(), Attempt{ClientID: p.ClientID, Secret: secret, IP: inside})
		w.refused(err, fault.Unauthenticated, "failed") // a device has no key
	})
}

func TestADeviceIsAnsweredByAPersonInABrowserOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		code, err := w.StartDevice(t.Context(), coneApp, away)
		w.ok(err)
		w.refused(w.AnswerDevice(w.as(ada, NewClient{}), code.User, true), fault.Denied, "browser")
		w.refused(w.AnswerDevice(t.Context(), code.User, true), fault.Unauthenticated, "sign in")
		session, _ := w.session(w.system(), ada.ID)
		w.refused(w.AnswerDevice(session, "BCDF-GHJK", true), fault.NotFound, "device")
		w.ok(w.AnswerDevice(session, strings.ToLower(strings.ReplaceAll(code.User, "-", " ")), true))
		w.refused(w.AnswerDevice(session, code.User, false), fault.NotFound, "device")
		if e := w.lastEvent(); e.Kind != "device.approved" || e.Actor.Name != "Ada" || !strings.Contains(e.Message, "cone") {
			t.Errorf("event %+v", e)
		}
		_, err = w.dir.Disable(w.system(), ada.ID, "")
		w.ok(err)
		_, err = w.RedeemDevice(t.Context(), coneApp, code.Device, inside)
		w.refused(err, fault.Invalid, "device_code") // the answer went with the person
	})
}

func TestSecretsAreKeptAsHashesOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		link, err := w.CreateLink(w.system(), ada.ID)
		w.ok(err)
		_, s := w.session(w.system(), ada.ID)
		code, err := w.StartDevice(t.Context(), coneApp, inside)
		w.ok(err)
		for table, column := range map[string]string{"login_link": "hash", "web_session": "hash", "device_grant": "device_hash"} {
			var kept []byte
			w.ok(w.db.Q(t.Context()).Row(`select ` + column + ` from ` + table).Scan(&kept))
			for _, secret := range []string{link.Token, s.Token, code.Device, code.User} {
				if strings.Contains(string(kept), secret) || len(kept) != 32 {
					t.Errorf("%s keeps %x", table, kept)
				}
			}
		}
	})
}

func TestLastUseMovesOnceAMinuteAndOffTheRequestsPath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{})
		lastUsed := func() time.Time {
			w.writeUsage(t.Context())
			got, err := w.Client(t.Context(), c.Key)
			w.ok(err)
			if got.Version != c.Version {
				t.Errorf("using a client changes its version to %d", got.Version)
			}
			return got.LastUsedAt
		}
		if !lastUsed().IsZero() {
			t.Error("used before it was")
		}
		token := w.token(c, secret)
		start := w.clock.Now()
		for _, step := range []struct{ wait, want time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}, {90 * time.Second, 150 * time.Second}} {
			w.clock.Advance(step.wait)
			_, err := w.Authenticate(t.Context(), token, inside)
			w.ok(err)
			if got := lastUsed(); !got.Equal(start.Add(step.want)) {
				t.Errorf("after %v: last used at %v, want %v", step.wait, got, start.Add(step.want))
			}
		}
		other := newWorld(t, w.db, w.clock) // a restart, or another replica
		w.clock.Advance(time.Second)
		_, err := other.Authenticate(t.Context(), token, inside)
		w.ok(err)
		other.writeUsage(t.Context())
		if got := lastUsed(); !got.Equal(start.Add(150 * time.Second)) {
			t.Errorf("a second replica moved it within the minute to %v", got)
		}
	})
}

func TestRunWritesWhatIsLeftWhenItEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{})
		w.token(c, secret)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.ok(w.Run(ctx)) })
		stop()
		running.Wait()
		got, err := w.Client(t.Context(), c.Key)
		w.ok(err)
		if got.LastUsedAt.IsZero() {
			t.Error("the last use is lost")
		}
	})
}

func TestWhatHasExpiredIsClearedAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		session, _ := w.session(w.system(), ada.ID)
		_, err := w.CreateLink(w.system(), ada.ID)
		w.ok(err)
		w.device(session)
		c, secret := w.mint(ada, NewClient{Expires: time.Second})
		_, err = w.SignIn(t.Context(), Attempt{Assertion: sign(t, secret, claims(c.ClientID, monday)), IP: inside})
		w.ok(err)
		count := func(table string) (n int) {
			w.ok(w.db.Q(t.Context()).Row(`select count(*) from ` + table).Scan(&n))
			return n
		}
		pruner := w.Pruner()
		run := func() {
			at, ok, err := pruner.Next(t.Context())
			if err != nil || !ok || at.After(w.clock.Now()) {
				t.Fatalf("not due: %v, %v, %v", at, ok, err)
			}
			_, err = pruner.Run(t.Context(), w.clock.Now())
			w.ok(err)
		}
		run()
		tables := []string{"assertion", "device_grant", "login_link", "web_session"}
		for _, table := range tables {
			if count(table) != 1 {
				t.Errorf("%s has %d rows while they live", table, count(table))
			}
		}
		w.clock.Advance(sessionLife)
		run()
		for _, table := range tables {
			if count(table) != 0 {
				t.Errorf("%s has %d rows after they expired", table, count(table))
			}
		}
		if count("client") != 2 {
			t.Errorf("%d clients", count("client"))
		}
		w.clock.Advance(deviceKept)
		run()
		if count("client") != 1 {
			t.Errorf("%d clients: the device goes, the personal client stays until it is deleted", count("client"))
		}
	})
}

func TestADeviceThatAsksLateIsToldThatItsCodeExpired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		app := slices.Sorted(maps.Keys(deviceApps))[0]
		code, err := w.StartDevice(t.Context(), app, inside)
		w.ok(err)
		w.clock.Advance(deviceLife + pruneEvery)
		_, err = w.Pruner().Run(t.Context(), w.clock.Now())
		w.ok(err)
		if _, err := w.RedeemDevice(t.Context(), app, code.Device, inside); !errors.Is(err, ErrDeviceExpired) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSettingsAreMadeOnceAndBelongToTheirName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.keys.settings
		for _, text := range []string{"first", "second"} {
			got, err := s.Ensure(t.Context(), "tenant", func() ([]byte, error) { return []byte(text), nil })
			w.ok(err)
			if string(got) != "first" {
				t.Errorf("got %q", got)
			}
		}
		if _, ok, err := s.Get(t.Context(), "nothing"); ok || err != nil {
			t.Errorf("nothing is there: %v, %v", ok, err)
		}
		got, err := s.Swap(t.Context(), "tenant", []byte("first"), []byte("third"))
		w.ok(err)
		again, err := s.Swap(t.Context(), "tenant", []byte("first"), []byte("fourth"))
		w.ok(err)
		if string(got) != "third" || string(again) != "third" {
			t.Errorf("swapped to %q, then %q", got, again)
		}
		w.ok(w.Service.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update setting set name = 'other', updated_at = $1 where name = 'tenant'`, clock.Micros(w.clock.Now()))
			return err
		}))
		if _, _, err := s.Get(t.Context(), "other"); err == nil {
			t.Error("a value copied to another name opens")
		}
	})
}
