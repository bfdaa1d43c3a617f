package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/pgtest"
	"github.com/interim-access/interim/internal/platform/seal"
)

// What the baselines run must be what the server runs, or the ratios mean nothing.
func TestBaselinesRunTheServersOwnStatements(t *testing.T) {
	// With one connection the server's prepared statements are all in one place to look.
	d, err := db.Open(t.Context(), db.Options{URL: pgtest.URL(t) + "&pool_max_conns=1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	now := clock.NewFake(time.Now())
	h := granttest.Reopen(t, d, now, granttest.NewSet())
	k := h.Key()
	granttest.Must(h.Grants.Create(h.Ctx, k, now.Now().Add(time.Hour)))(t)
	granttest.Must(h.Grants.SetEnd(h.Ctx, k, now.Now().Add(2*time.Hour)))(t)
	user := granttest.Must(app.GetAccount(d.Q(h.Ctx), k.App, k.Account))(t).UserID
	granttest.Must(h.Grants.Check(h.Ctx, grant.Question{App: k.App, Entitlement: k.Entitlement, User: user}))(t)
	granttest.Must(read.New(d, now).OfIdentity(h.Ctx, app.EntitlementRef{AppID: k.App, ID: k.Entitlement}, user))(t)
	signIn(t, h, user)

	ran := map[string]bool{}
	for _, text := range granttest.Must(db.Collect(d.Q(t.Context()), func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
		`select statement from pg_prepared_statements`))(t) {
		ran[words(text)] = true
	}
	for name, text := range map[string]string{
		"checkSQL": checkSQL, "identitySQL": identitySQL, "heldSQL": heldSQL(1), "liveSQL": liveSQL, "moveSQL": moveSQL,
		"eventSQL": eventSQL, "spendSQL": spendSQL,
	} {
		if !ran[words(text)] {
			t.Errorf("the server does not run %s any more:\n%s", name, text)
		}
	}
}

func signIn(t *testing.T, h *granttest.House, user directory.UserID) {
	t.Helper()
	const host = "127.0.0.1:8443"
	s, err := iam.New(t.Context(), iam.Options{
		DB: h.DB, Clock: h.Clock, Log: quiet(), Audit: h.Audit, Settings: iam.NewSettings(h.DB, h.Clock, seal.New([32]byte{1})), Host: host,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	client, secret, err := s.CreateClient(iam.AsSystem(t.Context()), user, iam.NewClient{DisplayName: "Laptop"})
	if err != nil {
		t.Fatal(err)
	}
	private := granttest.Must(privateKey(secret))(t)
	granttest.Must(s.SignIn(t.Context(), iam.Attempt{
		Assertion: assertion(private, client.ClientID), IP: netip.MustParseAddr("127.0.0.1"),
	}))(t)
}

// words is a text with single spaces.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
