package owner_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestOwningReachesDownAndNeverUpOrAcross(t *testing.T) {
	each(t, func(h *house) {
		a, other := h.App().ID, h.App().ID
		e, elsewhere := h.Entitlement(a), h.Entitlement(other)
		account := h.Account(a, h.User().ID)
		connector := granttest.Must(h.Apps.CreateConnector(h.Ctx, app.Connector{AppID: h.App().ID, Kind: "set", Config: []byte("x")}))(h)
		user := h.User().ID
		in := func(kind owner.Kind, id string) iam.Object {
			return iam.Object{Type: string(kind), AppID: string(a), ID: id}
		}
		objects := map[string]iam.Object{
			"app": in(owner.App, string(a)), "resource": in(owner.Resource, string(e.ResourceID)),
			"entitlement": in(owner.Entitlement, string(e.ID)), "account": in(owner.Account, string(account.ID)),
			"type":        {Type: "resource_type", AppID: string(a), ID: string(e.TypeID)},
			"connector":   {Type: "connector", AppID: string(connector.AppID), ID: string(connector.ID)},
			"user":        {Type: "user", ID: string(user)},
			"another app": {Type: "app", AppID: string(other), ID: string(other)},
			// The built-in objects have the same identities in every app.
			"entitlement elsewhere": {Type: "entitlement", AppID: string(other), ID: string(elsewhere.ID)},
			"access elsewhere":      {Type: "entitlement", AppID: string(other), ID: string(app.AccessEntitlement)},
			"nothing":               {Type: "app"},
		}
		for _, owned := range []struct {
			object  owner.Object
			reaches string
		}{
			{owner.OfApp(a), "app resource entitlement account type"},
			{owner.OfResource(app.ResourceRef{AppID: a, ID: e.ResourceID}), "resource entitlement"},
			{owner.OfEntitlement(e.Ref()), "entitlement"},
			{owner.OfAccount(account.Ref()), "account"},
			{owner.OfConnector(connector.Ref()), "connector"},
			{owner.OfUser(user), "user"},
		} {
			person := h.User().ID
			h.set(owned.object, []directory.UserID{person})
			for name, o := range objects {
				want := strings.Contains(" "+owned.reaches+" ", " "+name+" ")
				got := granttest.Must(h.owners.Is(h.Ctx, h.DB.Q(h.Ctx), person, iam.RelOwner, o, h.Clock.Now()))(h)
				if got != want {
					h.Errorf("the owner of the %s and the %s: %t", owned.object.Kind, name, got)
				}
			}
			if is, err := h.owners.Is(h.Ctx, h.DB.Q(h.Ctx), person, "opener", objects["app"], h.Clock.Now()); is || err != nil {
				h.Errorf("another relation: %t, %v", is, err)
			}
		}
	})
}

func TestWhoMakesAnAppOwnsItAndWithoutThatThereIsNoApp(t *testing.T) {
	each(t, func(h *house) {
		h.Apps.TellCreated(h.owners)
		person := h.User().ID
		ctx := audit.With(h.Ctx, audit.Actor{Kind: audit.KindUser, UserID: string(person)})
		a := granttest.Must(h.Apps.CreateApp(ctx, app.App{DisplayName: "Wiki"}))(h)
		if !h.owns(person, owner.OfApp(a.ID)) || h.kinds()[0] != "owner.added" {
			h.Error("who made the app does not own it")
		}
		failing := errors.New("no")
		if _, err := h.Apps.CreateApp(ctx, app.App{DisplayName: "Other"}, func(*db.Tx, app.App) error { return failing }); !errors.Is(err, failing) {
			h.Errorf("got %v", err)
		}
		if len(h.kinds()) != 1 {
			h.Errorf("events of what did not happen: %v", h.kinds())
		}
		bySystem := granttest.Must(h.Apps.CreateApp(audit.With(h.Ctx, audit.System()), app.App{DisplayName: "Built in"}))(h)
		if got := h.of(owner.OfApp(bySystem.ID)); len(got) != 0 {
			h.Errorf("Interim itself owns: %v", got)
		}
	})
}

func TestPagesOfPeopleHoldEverybodyOnce(t *testing.T) {
	each(t, func(h *house) {
		o, team := owner.OfApp(h.App().ID), h.team()
		want := map[directory.UserID]int{}
		var named []directory.UserID
		for i := range 7 {
			u := h.User().ID
			want[u]++
			if i < 4 {
				named = append(named, u)
			}
			if i > 2 { // one of them for both reasons
				h.hold(team, u, time.Time{})
			}
		}
		h.set(o, named, team)
		var after page.Key
		for pages := 0; ; pages++ {
			p := granttest.Must(h.owners.People(h.Ctx, o, page.Request{Size: 2, After: after}))(h)
			for _, u := range p.Items {
				want[u]--
			}
			if after = p.Next; after == nil {
				break
			}
		}
		for u, n := range want {
			if n != 0 {
				h.Errorf("%s is missing or twice: %d", u, n)
			}
		}
	})
}

// A page of what somebody owns, and whether they own something, cost the same however many owners, entitlements and grants there are.
func TestQuestionsAboutOnePersonDoNotGrowWithTheHouse(t *testing.T) {
	h := open(t, postgres(t))
	h.Write(func(tx *db.Tx) error {
		for _, sql := range []string{
			`insert into app select 'a' || i, '', '', '', '', true, false, '{}', '', '', '', '', 1, 1, null, 1 from generate_series(1, 100) i`,
			`insert into users (id, kind, origin, status, display_name, email, email_folded, username, job_title, department, employment_status,
				employment_type, doc, search, created_at, updated_at, version)
				select 'u' || i, 'HUMAN', 'LOCAL', 'ENABLED', '', '', '', '', '', '', '', '', '{}', '', 1, 1, 1 from generate_series(1, 5000) i`,
			`insert into account select 'a' || i % 100 + 1, 'c' || i, 'u' || i % 5000 + 1, 'USER', 'ENABLED', '', '', '', '', '', '', null, '', '{}',
				1, 1, null, 1 from generate_series(1, 20000) i`,
			`insert into entitlement select 'a' || i % 100 + 1, 'e' || i, 't', 'r', '', '', '', '', '', '', '', null, null, '', false, '', '', '', '',
				'{}', 1, 1, null, 1 from generate_series(1, 2000) i`,
			`insert into grants select 'g' || i, 'a' || i % 100 + 1, 'e' || i % 2000 + 1, 'c' || i, null, 'active', 'manual', 0, null, false, 1, 1, null,
				null, null, '', '', '', null, false, '', '', '', '', '', '', '', '', '', 1, 1, 0, 0 from generate_series(1, 20000) i`,
			`insert into owner_user select 'entitlement', 'a' || i % 100 + 1, 'e' || i, 'primary', 'u' || i % 5000 + 1, 1 from generate_series(1, 2000) i`,
			`insert into owner_entitlement select 'entitlement', 'a' || i % 100 + 1, 'e' || i, 'primary', 'a' || (i + 1) % 100 + 1, 'e' || i % 1999 + 1, 1
				from generate_series(1, 2000) i`,
			`analyze`,
		} {
			if _, err := tx.Exec(sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	for _, s := range owner.Statements() {
		var plan []string
		h.Write(func(tx *db.Tx) (err error) {
			plan, err = db.Collect(tx, func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) }, "explain "+s.SQL, s.Args...)
			return err
		})
		for _, line := range plan {
			for _, table := range []string{"grants g", "account a", "owner_user o", "owner_entitlement o", "users u"} {
				if strings.Contains(line, "Seq Scan on "+table) {
					t.Errorf("%s reads all of %s:\n%s", s.Name, table, strings.Join(plan, "\n"))
				}
			}
		}
	}
}
