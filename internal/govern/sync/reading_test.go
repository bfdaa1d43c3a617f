package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhatATargetHoldsBecomesAccountsEntitlementsAndGrants(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 2).give("p1", "r1")
		o.site.give("p2", "r1")
		run := o.taken()
		o.same("run", []int{run.Accounts, run.Resources, run.Entitlements, run.Grants, run.Added, run.Removed}, []int{3, 2, 2, 2, 2, 0})
		o.same("active", o.active(), []string{"p1 r1", "p2 r1"})

		k := o.key("p1", "r1")
		g := must(o.grants.Get(o.ctx, k))(o)
		if !g.Discovered || g.Direct != grant.Synced || g.Given.By.ID != "" || !g.DeprovisionAt.IsZero() {
			o.Errorf("the grant: %+v", g)
		}
		a := must(app.GetAccount(o.db.Q(o.ctx), k.App, k.Account))(o)
		e := must(app.GetEntitlement(o.db.Q(o.ctx), k.App, k.Entitlement))(o)
		o.same("account", []any{a.DisplayName, a.Username, a.Kind, a.Status, a.ConnectorID},
			[]any{"Person 1", "p1", app.KindUser, app.Enabled, o.connector.ID})
		o.same("entitlement", []any{e.DisplayName, e.Slug, e.Purpose}, []any{"Role 1 member", "member", app.PurposeAssignment})
		found := o.events("grant.discovered")
		if len(found) != 2 || found[0].Actor.Kind != "sync" {
			o.Errorf("events: %v", found)
		}
	})
}

func TestTheAccountsOfADirectoryAreReadAsItsMatchingSays(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 1).give("p1", "r1")
		p1 := must(o.people.Create(o.ctx, directory.User{DisplayName: "One", Username: "p1"}))(o)
		p2 := must(o.people.Create(o.ctx, directory.User{DisplayName: "Two", Username: "p2"}))(o)
		byName := app.Matching{Filter: `app_user.username != "p2"`, Cases: []app.MatchCase{{Account: "app_user.username", User: "user.username"}}}
		must(o.apps.MakeDirectory(o.ctx, o.connector.AppID, byName))(o)
		holder := func(person string) directory.UserID {
			return must(app.GetAccount(o.db.Q(o.ctx), o.connector.AppID, o.known().Accounts[person]))(o).UserID
		}
		o.taken()
		o.same("holders", []directory.UserID{holder("p1"), holder("p2"), holder("p3")}, []directory.UserID{p1.ID, "", ""})
		o.unchanged(func() { o.taken() })
		must(o.apps.SetDirectory(o.ctx, o.connector.AppID, app.Matching{Filter: `app_user.username == "p2"`, Cases: byName.Cases}))(o)
		o.taken()
		o.same("holders", []directory.UserID{holder("p1"), holder("p2"), holder("p3")}, []directory.UserID{p1.ID, p2.ID, ""})
		o.same("active", o.active(), []string{"p1 r1"})
	})
}

func TestReadingTheSameAgainChangesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 2).give("p1", "r1")
		o.taken()
		o.unchanged(func() { o.taken() })
		if g := must(o.grants.Get(o.ctx, o.key("p1", "r1")))(o); !g.SeenAt.Equal(o.clock.Now()) {
			o.Errorf("seen at %v, want %v", g.SeenAt, o.clock.Now())
		}
	})
}

func TestWhatIsRenamedStaysWhatItIs(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1).give("p1", "r1")
		o.taken()
		before := o.key("p1", "r1")
		o.site.do(func() { o.site.people["p1"], o.site.roles["r1"] = "Countess", "Reports" })
		run := o.taken()
		o.same("key", o.key("p1", "r1"), before)
		o.same("added and removed", []int{run.Added, run.Removed}, []int{0, 0})
		if a := must(app.GetAccount(o.db.Q(o.ctx), before.App, before.Account))(o); a.DisplayName != "Countess" {
			o.Errorf("the account is called %q", a.DisplayName)
		}
	})
}

func TestWhatIsGoneInTheTargetEndsHere(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 3).give("p1", "r1")
		o.site.give("p2", "r2")
		o.site.give("p3", "r3")
		o.taken()
		o.site.take("p1", "r1") // a membership
		o.site.drop("p2")       // a person
		o.site.drop("r3")       // a role
		run := o.taken()
		o.settle()
		o.same("removed", run.Removed, 3)
		o.same("lives", o.lives(), []string{
			"p1 r1 ended REMOVED_IN_TARGET", "p2 r2 ended REMOVED_IN_TARGET", "p3 r3 ended REMOVED_IN_TARGET",
		})
		k := o.known()
		o.same("known", []int{len(k.Accounts), len(k.Entitlements), len(k.Resources)}, []int{2, 2, 2})
		o.same("events", len(o.events("grant.removed_in_target")), 3)
	})
}

func TestWhatEndedIsNotRevivedByBeingSeenAgain(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 2).give("p1", "r1")
		o.taken()
		first := o.key("p1", "r1")
		o.site.take("p1", "r1")
		o.taken()
		o.site.give("p1", "r1")
		o.taken()
		o.same("lives", o.lives(), []string{"p1 r1 ended REMOVED_IN_TARGET", "p1 r1 active"})
		o.site.drop("r1")
		o.taken()
		o.site.grow(0, 1)
		o.taken()
		if o.key("p1", "r1").Entitlement == first.Entitlement {
			o.Error("a role that was deleted came back as the same entitlement")
		}
	})
}

func TestAReadingAddsNoSourceToWhatInterimGave(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 1)
		o.taken()
		k := o.key("p1", "r1")
		end := o.clock.Now().Add(24 * time.Hour)
		must(o.grants.Create(o.ctx, k, end))(o)
		o.unchanged(func() { o.taken() }) // it is not there yet, and nobody holds that against it
		o.settle()
		run := o.taken()
		g := must(o.grants.Get(o.ctx, k))(o)
		o.same("added", run.Added, 0)
		o.same("grant", []any{g.Direct, g.Discovered, g.DeprovisionAt, g.SeenAt}, []any{grant.Manual, false, end, run.StartedAt})
	})
}

func TestARevokeBehindInterimsBackIsNoticed(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1)
		o.taken()
		must(o.grants.Create(o.ctx, o.key("p1", "r1"), time.Time{}))(o)
		o.settle()
		o.clock.Advance(time.Minute)
		o.site.take("p1", "r1")
		o.same("removed", o.taken().Removed, 1)
		o.same("lives", o.lives(), []string{"p1 r1 ended REMOVED_IN_TARGET"})
	})
}

func TestWhatIsSeenWhileItIsBeingRemovedStaysOnItsWay(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1).give("p1", "r1")
		o.taken()
		o.site.do(func() { o.site.down = fault.New(fault.Unavailable, "the site is closed") })
		must(o.grants.Revoke(o.ctx, o.key("p1", "r1"), "no longer needed"))(o)
		must(o.provision.Sources()[0].Run(o.ctx, o.clock.Now()))(o)
		o.site.do(func() { o.site.down = nil })
		o.taken()
		o.same("lives", o.lives(), []string{"p1 r1 ending REVOKED"})
		o.clock.Advance(time.Hour)
		o.settle()
		o.same("lives", o.lives(), []string{"p1 r1 ended REVOKED"})
		o.site.give("p1", "r1")
		o.same("found anew", o.taken().Added, 1)
	})
}

func TestAGrantOfAnotherConnectorOrOfNoneIsNotMissed(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1).give("p1", "r1")
		o.taken()
		in := o.connector.AppID
		e := must(o.apps.CreateEntitlement(o.ctx, app.Entitlement{
			AppID: in, TypeID: app.CredentialType, ResourceID: app.AccessResource, DisplayName: "By hand", Slug: "hand",
			Purpose: app.PurposeAssignment,
		}))(o)
		byHand := grant.Key{App: in, Entitlement: e.ID, Account: o.key("p1", "r1").Account}
		must(o.grants.Create(o.ctx, byHand, time.Time{}))(o)

		annex := newSite().grow(1, 1)
		annex.give("p1", "r1")
		o.sites.of["the annex"] = annex
		second := must(o.sync.Create(o.ctx, in, "site", "the annex", sync.Settings{DisplayName: "Annex"}))(o)
		if run := must(o.sync.Now(o.ctx, second.Ref(), sync.Accept{}))(o); run.State != sync.Done || run.Added != 1 {
			o.Fatalf("the annex: %+v", run)
		}
		o.same("removed", o.taken().Removed, 0)
		if g := must(o.grants.Get(o.ctx, byHand))(o); g.State != grant.Active {
			o.Errorf("the grant by hand is %s", g.State)
		}
	})
}

func TestOddSnapshotsAreTakenOverAsFarAsTheyMakeSense(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.site.also = func(s *sync.Snapshot) {
			s.Notes = append(s.Notes, "one  thing\nis odd \x00\xff")
			s.Accounts = append(s.Accounts, s.Accounts[0], sync.Account{}, sync.Account{ExternalID: "nul\x00"},
				sync.Account{ExternalID: strings.Repeat("ü", sync.MaxID+1)},
				sync.Account{ExternalID: "long", Name: strings.Repeat("ü", 5000), Details: "\xff"})
			s.ResourceTypes = append(s.ResourceTypes, sync.ResourceType{ExternalID: "odd", Kind: "TEAPOT", Name: "Teapot"})
			s.Resources = append(s.Resources, sync.Resource{ExternalID: "lost", TypeID: "nowhere"},
				sync.Resource{ExternalID: "pot", TypeID: "odd", Name: "Pot"})
			s.Entitlements = append(s.Entitlements, sync.Entitlement{ExternalID: "lost", ResourceID: "lost"})
			s.Memberships = append(s.Memberships, s.Memberships[0], sync.Membership{AccountID: "nobody", EntitlementID: "r1"},
				sync.Membership{AccountID: "p1", EntitlementID: "lost"}, sync.Membership{AccountID: "p2", EntitlementID: "nothing"})
		}
		run := o.taken()
		o.same("active", o.active(), []string{"p1 r1"})
		o.same("counts", []int{run.Accounts, run.Resources, run.Entitlements, run.Grants}, []int{3, 3, 2, 1})
		for _, want := range []string{
			"one thing is odd ��", "accounts left out because their id is empty, not text or longer than 256 characters: 3",
			"accounts shown more than once: 1", "resources left out because they belong to something that the target does not show: 1",
			"entitlements left out because they belong to something that the target does not show: 1", "memberships shown more than once: 1",
			"memberships left out because they belong to something that the target does not show: 3",
		} {
			if !strings.Contains(run.Message, want) {
				o.Errorf("the message lacks %q: %s", want, run.Message)
			}
		}
		if row := o.row(); row.Status != app.ConnectorOK || row.StatusText != "" {
			o.Errorf("the connector is %s: %s", row.Status, row.StatusText)
		}
	})
}

func TestOnlyTheKindsThatAreAskedForAreRead(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1).give("p1", "r1")
		o.site.give("p1", "g1")
		o.site.also = func(s *sync.Snapshot) {
			s.ResourceTypes = append(s.ResourceTypes, sync.ResourceType{ExternalID: "group", Kind: "GROUP", Name: "Group"})
			s.Resources = append(s.Resources, sync.Resource{ExternalID: "g1", TypeID: "group", Name: "Group 1"})
			s.Entitlements = append(s.Entitlements, sync.Entitlement{ExternalID: "g1", ResourceID: "g1", Name: "Group 1"})
		}
		must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.ResourceTypes = []string{"GROUP"} }))(o)
		if run := o.taken(); run.Message != "" || run.Resources != 1 {
			o.Errorf("%d resources: %s", run.Resources, run.Message)
		}
		o.same("active", o.active(), []string{"p1 g1"})
	})
}

// To ask for less from now on takes nothing away in the target: what was read before is not to be called removed there.
func TestWhatWasReadBeforeIsFollowedWhenFewerKindsAreAskedFor(t *testing.T) {
	each(t, func(o *office) {
		groups := 1
		o.site.also = func(s *sync.Snapshot) {
			s.ResourceTypes = append(s.ResourceTypes, sync.ResourceType{ExternalID: "group", Kind: "GROUP", Name: "Group"})
			for i := range groups {
				g := fmt.Sprint("g", i+1)
				s.Resources = append(s.Resources, sync.Resource{ExternalID: g, TypeID: "group", Name: g})
				s.Entitlements = append(s.Entitlements, sync.Entitlement{ExternalID: g, ResourceID: g, Name: g})
			}
		}
		o.site.grow(1, 1).give("p1", "r1")
		o.site.give("p1", "g1")
		o.taken()
		must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.ResourceTypes = []string{"ROLE"} }))(o)
		o.site.do(func() { groups = 2 })
		o.site.give("p1", "g2")
		run := o.taken()
		o.same("after", []any{run.Resources, run.Added, run.Removed, run.Message}, []any{2, 0, 0, ""})
		o.same("active", o.active(), []string{"p1 g1", "p1 r1"})
		o.site.take("p1", "g1")
		o.taken()
		o.same("active once it was taken", o.active(), []string{"p1 r1"})
	})
}

func TestAResourceThatIsOnlyOfInterestInUseStaysOnceItWas(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 1)
		o.site.also = func(s *sync.Snapshot) { // p2 can be held like a role
			used := false
			for _, m := range s.Memberships {
				used = used || m.EntitlementID == "p2"
			}
			s.Resources = append(s.Resources, sync.Resource{ExternalID: "p2", TypeID: "role", Name: "Person 2", OnlyIfKnown: !used})
			s.Entitlements = append(s.Entitlements, sync.Entitlement{ExternalID: "p2", ResourceID: "p2", Name: "As person 2"})
		}
		run := o.taken()
		o.same("before", []any{run.Resources, run.Message}, []any{1, ""})
		o.site.give("p1", "p2")
		o.taken()
		first := o.key("p1", "p2")
		o.site.take("p1", "p2")
		run = o.taken()
		o.same("after", []any{run.Resources, run.Removed, o.key("p1", "p2")}, []any{2, 1, first})
	})
}

func TestNotesAreBounded(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(1, 1)
		o.site.also = func(s *sync.Snapshot) {
			for i := range 5 * sync.MaxNotes {
				s.Notes = append(s.Notes, fmt.Sprint("note ", i, " ", strings.Repeat("x", 40)))
			}
		}
		if run := o.taken(); len([]rune(run.Message)) > sync.MaxMessage || !strings.HasSuffix(run.Message, "and 80 more notes") &&
			!strings.HasSuffix(run.Message, "…") {
			o.Errorf("%d characters: %s", len(run.Message), run.Message)
		}
		o.site.also = func(s *sync.Snapshot) { s.Notes = []string{strings.Repeat("ü", 5000)} }
		if run := o.taken(); len([]rune(run.Message)) > 300 {
			o.Errorf("%d characters", len([]rune(run.Message)))
		}
	})
}

func TestATargetThatIsTooLargeIsNotReadInPart(t *testing.T) {
	o := newOffice(t, sqlite(t))
	o.site.grow(1, 1)
	o.taken()
	o.site.also = func(s *sync.Snapshot) { s.Memberships = make([]sync.Membership, sync.MaxObjects+1) }
	o.unchanged(func() {
		if run := o.read(); run.State != sync.Failed || !strings.Contains(run.Message, "1000001 memberships; at most 1000000") {
			o.Errorf("%s: %s", run.State, run.Message)
		}
	})
}

// Without it every batch of a large first reading is compared with all that the batches before it added.
func TestALargeReadingTellsPostgreSQLWhatItAdded(t *testing.T) {
	dbPostgres(t, func(o *office) {
		o.site.grow(1100, 1)
		for i := range 1100 {
			o.site.give(fmt.Sprint("p", i+1), "r1")
		}
		o.taken()
		for _, table := range []string{"account", "grants"} {
			var rows float64
			err := o.db.Q(o.ctx).Row(`select reltuples from pg_class where oid = cast('` + table + `' as regclass)`).Scan(&rows)
			if err != nil || rows < 1000 {
				t.Errorf("it thinks that %s has %v rows: %v", table, rows, err)
			}
		}
	})
}
