package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// The shape of the world: everybody has an account in four of fifty apps, and each account holds five of its app's forty entitlements.
const (
	apps         = 50
	entitlements = 40
	accountsEach = 4
	heldEach     = 5
	grantsEach   = accountsEach * heldEach
	endRounds    = 3
	singles      = 10
	stride       = 7919 // through the grants in no order
)

// world is what the database holds, by identity.
type world struct {
	users    []string
	apps     []place
	accounts []string // accountsEach of each user
	noop     noop
}

// place is an app without a connector.
type place struct {
	app          app.ID
	entitlements []app.EntitlementID
}

// noop is an app whose connector has a target that does nothing. Its accounts hold one of its entitlements.
type noop struct {
	connector   app.Connector
	entitlement app.EntitlementID
	wanted      []app.EntitlementID // nobody holds them yet
	accounts    []string
	grants      []string // one of each account
	used        int      // of grants
}

// take returns grants that no figure has ended yet.
func (n *noop) take(count int) []string {
	n.used += count
	return n.grants[n.used-count : n.used]
}

// holding is one live grant.
type holding struct {
	user        string
	account     app.AccountID
	app         app.ID
	entitlement app.EntitlementID
}

func (h holding) key() grant.Key {
	return grant.Key{App: h.app, Entitlement: h.entitlement, Account: h.account}
}

// grants is how many live grants there are, without those that end together.
func (w *world) grants() int { return len(w.users) * grantsEach }

func (w *world) holding(i int) holding {
	u, k, j := i/grantsEach, i/heldEach%accountsEach, i%heldEach
	p := w.place(u, k)
	return holding{w.users[u], app.AccountID(w.accounts[u*accountsEach+k]), p.app, p.entitlements[(7*u+k+8*j)%entitlements]}
}

// place is the app of a user's k-th account.
func (w *world) place(u, k int) place { return w.apps[(u+13*k)%len(w.apps)] }

// any is a grant at random.
func (w *world) any() holding { return w.holding(rand.IntN(w.grants())) }

// seed fills the database.
func (b *bench) seed(ctx context.Context) (err error) {
	d, err := b.database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	began := time.Now()
	s := &seeder{ctx: ctx, DB: d, now: began.UTC().Add(-time.Hour).Truncate(time.Microsecond), clock: clock.System(time.Time{})}
	stop, err := b.profile(true, "seed")
	if err != nil {
		return err
	}
	defer stop()
	if b.world, err = s.world(b.grants, b.burst); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	if b.postgres != nil {
		if err := b.postgres.tidy(ctx, b.home.Database); err != nil {
			return err
		}
	}
	b.say("%s grants made in %s", thousands(float64(b.grants)), time.Since(began).Round(time.Millisecond))
	return nil
}

func (s *seeder) world(grants, burst int) (*world, error) {
	w := &world{}
	catalog := app.New(s.DB, s.clock, audit.New(s.DB, s.clock))
	for a := range apps {
		p, err := s.place(catalog, a)
		if err != nil {
			return nil, err
		}
		w.apps = append(w.apps, p)
	}
	w.users = s.ids(max(grants/grantsEach, apps))
	w.accounts = s.ids(len(w.users) * accountsEach)
	if err := s.noop(catalog, w, burst); err != nil {
		return nil, err
	}
	for _, table := range []struct {
		name string
		fill func(*world) error
	}{{"users", s.people}, {"account", s.accounts}, {"account_holder", s.holders}, {"grants", s.held}} {
		if err := s.unindexed(table.name, func() error { return table.fill(w) }); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// place makes an app with its entitlements.
func (s *seeder) place(catalog *app.Service, n int) (p place, err error) {
	a, err := catalog.CreateApp(s.ctx, app.App{DisplayName: fmt.Sprintf("App %d", n)})
	if err != nil {
		return p, err
	}
	p.app = a.ID
	for i := range entitlements {
		e, err := catalog.CreateEntitlement(s.ctx, app.Entitlement{
			AppID: a.ID, TypeID: app.CredentialType, ResourceID: app.AccessResource, DisplayName: fmt.Sprintf("Entitlement %d", i),
			Slug: fmt.Sprintf("slug%d", i), Purpose: app.PurposeAssignment,
		})
		if err != nil {
			return p, err
		}
		p.entitlements = append(p.entitlements, e.ID)
	}
	return p, nil
}

// noop makes the app whose grants end together: a set for each round, with the server and without.
func (s *seeder) noop(catalog *app.Service, w *world, burst int) error {
	a, err := catalog.CreateApp(s.ctx, app.App{DisplayName: "No-op"})
	if err != nil {
		return err
	}
	// A kind that the server does not know and a plan that never comes: it leaves this connector alone.
	c, err := catalog.CreateConnector(s.ctx, app.Connector{AppID: a.ID, Kind: "noop", Config: []byte("none")})
	if err != nil {
		return err
	}
	w.noop.connector = c
	err = s.Write(s.ctx, func(tx *db.Tx) error {
		types, _, err := catalog.UpsertResourceTypes(tx, c.Ref(), []app.SeenResourceType{{ExternalID: "role", Kind: "ROLE"}})
		if err != nil {
			return err
		}
		resources, _, err := catalog.UpsertResources(tx, c.Ref(), []app.SeenResource{{ExternalID: "r", TypeID: types["role"]}})
		if err != nil {
			return err
		}
		seen := make([]app.SeenEntitlement, 1+wanted)
		for i := range seen {
			seen[i] = app.SeenEntitlement{
				ExternalID: fmt.Sprintf("e%d", i), TypeID: types["role"], ResourceID: resources["r"], DisplayName: fmt.Sprintf("Role %d", i),
				Slug: fmt.Sprintf("member%d", i), Purpose: app.PurposeAssignment,
			}
		}
		made, _, err := catalog.UpsertEntitlements(tx, c.Ref(), seen)
		w.noop.entitlement, w.noop.wanted = made["e0"], nil
		for _, e := range seen[1:] {
			w.noop.wanted = append(w.noop.wanted, made[e.ExternalID])
		}
		return err
	})
	if err != nil {
		return err
	}
	w.noop.accounts = s.ids((4*endRounds+1)*burst + singles) // with the server and without, each with tasks, too; and their model
	w.noop.grants = s.ids(len(w.noop.accounts))
	return nil
}
