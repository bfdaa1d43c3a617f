package grant_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// What SQL does to many grants at once is what the pure steps do to each: every combination of what a row may hold is written, the
// SQL runs, and each row is compared with what its step makes of it.

// combinations are grants in every combination of what the steps look at, at the time the house opens.
func combinations() []grant.Grant {
	now := granttest.Noon
	var all []grant.Grant
	for _, state := range []grant.State{grant.Pending, grant.Active, grant.Ending, grant.Ended} {
		for _, direct := range []grant.Origin{grant.None, grant.Manual} {
			for _, sources := range []struct {
				derived, kept, putBack int
				until                  time.Time
			}{
				{}, {derived: 2}, {derived: 2, kept: 1}, {derived: 2, kept: 2, putBack: 4}, {derived: 2, kept: 2, putBack: 5},
				{derived: 2, kept: 1, putBack: 5}, {derived: 2, kept: 2, until: now.Add(-time.Minute)}, {derived: 2, kept: 2, until: now},
				{derived: 2, kept: 2, until: now.Add(2 * time.Hour)},
			} {
				for _, end := range []time.Time{{}, now.Add(-time.Hour), now, now.Add(time.Hour)} {
					for _, force := range []bool{false, true} {
						for _, connector := range []app.ConnectorID{"", "connector"} {
							g := grant.Grant{
								ID: grant.ID(id.New(now)), Connector: connector, State: state, Direct: direct, Derived: sources.derived,
								Kept: sources.kept, PutBack: sources.putBack, DerivedUntil: sources.until,
								DeprovisionAt: end, ForceEnd: force, CreatedAt: now.Add(-2 * time.Hour), UpdatedAt: now.Add(-2 * time.Hour),
								Key: grant.Key{App: "app", Entitlement: app.EntitlementID(fmt.Sprint("e", len(all))), Account: "account"}, Version: 1,
							}
							if state != grant.Pending {
								g.ActiveAt = now.Add(-time.Hour)
							}
							if state == grant.Ending || state == grant.Ended {
								g.EndingAt, g.EndReason = now.Add(-time.Minute), grant.Revoked
							}
							if state == grant.Ended {
								g.EndedAt = now.Add(-time.Minute)
							}
							all = append(all, g)
						}
					}
				}
			}
		}
	}
	return all
}

func TestSQLDoesToManyWhatTheStepsDoToEach(t *testing.T) {
	now := granttest.Noon
	earlier := now.Add(-90 * time.Minute) // after the combinations were created, before they became active
	by := grant.Person{ID: "ada", Name: "Ada"}
	outcomes := func(all []grant.Grant, kind provision.Kind) (list []provision.Outcome) {
		for _, g := range all {
			list = append(list, provision.Outcome{Operation: provision.Operation{Kind: kind, GrantID: string(g.ID)}})
		}
		return list
	}
	for _, c := range []struct {
		name string
		step func(g grant.Grant) grant.Grant
		sql  func(h *granttest.House, all []grant.Grant) error
	}{
		{"Expire", func(g grant.Grant) grant.Grant { g, _ = g.Expire(now); return g }, func(h *granttest.House, _ []grant.Grant) error {
			return second(h.Grants.Ender().Run(h.Ctx, now))
		}},
		{"Condemn", func(g grant.Grant) grant.Grant { return g.Condemn("APP_DELETED", by, now) }, func(h *granttest.House, _ []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error { return h.Grants.AppEnded(tx, h.Actor(), "app", now, "APP_DELETED") })
		}},
		{"Condemn before it began", func(g grant.Grant) grant.Grant { return g.Condemn("APP_DELETED", by, earlier) }, func(h *granttest.House, _ []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error { return h.Grants.AppEnded(tx, h.Actor(), "app", earlier, "APP_DELETED") })
		}},
		{"Provisioned", func(g grant.Grant) grant.Grant { g, _ = g.Provisioned(now); return g }, func(h *granttest.House, all []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error { return h.Grants.OperationsDone(tx, outcomes(all, provision.Grant), now) })
		}},
		{"Removed", func(g grant.Grant) grant.Grant { g, _ = g.Removed(now); return g }, func(h *granttest.House, all []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error { return h.Grants.OperationsDone(tx, outcomes(all, provision.Revoke), now) })
		}},
		{"Abandoned", func(g grant.Grant) grant.Grant { g, _ = g.Abandoned(now); return g }, func(h *granttest.House, all []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error {
				var list []provision.Operation
				for _, o := range outcomes(all, provision.Revoke) {
					list = append(list, o.Operation)
				}
				return h.Grants.OperationsAbandoned(tx, list, now)
			})
		}},
		{"Missing", func(g grant.Grant) grant.Grant {
			if g.Connector != "" {
				g, _ = g.Missing(now)
			}
			return g
		}, func(h *granttest.House, _ []grant.Grant) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error {
				_, _, err := h.Grants.Missing(tx, grant.Reading{App: "app", Connector: "connector", Started: now.Add(-time.Minute)}, "")
				return err
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, h *granttest.House) {
				all := combinations()
				var list []grant.ID
				for _, chunk := range db.Chunks(all, 128) {
					h.Write(func(tx *tx) error {
						for _, g := range chunk {
							list = append(list, g.ID)
							if err := grant.Put(tx, g); err != nil {
								return err
							}
						}
						return nil
					})
				}
				before := granttest.Must(grant.Load(h.DB.Q(h.Ctx), list))(t)
				if err := c.sql(h, all); err != nil {
					t.Fatal(err)
				}
				after := granttest.Must(grant.Load(h.DB.Q(h.Ctx), list))(t)
				moved := 0
				for _, i := range list {
					want, got := c.step(before[i]), after[i]
					if want != before[i] {
						moved++
					}
					want.UpdatedAt, got.UpdatedAt, want.Version, got.Version = now, now, 1, 1
					want.TargetNote, got.TargetNote = "", ""
					if got != want {
						t.Errorf("from %+v\n got %+v\nwant %+v", before[i], got, want)
					}
				}
				if moved == 0 {
					t.Error("the step moved nothing: the comparison says nothing")
				}
			})
		})
	}
}

// The rule of access has three forms: the pure one, the condition for lists, and the statement of Check. They agree in every
// combination of what the rule looks at.
func TestAccessIsTheSameInEveryForm(t *testing.T) {
	places := []struct {
		name  string
		facts grant.Facts
		sql   []string // what brings it about; $1 app, $2 entitlement, $3 account, $4 user
	}{
		{"all well", grant.Facts{Account: app.Enabled, User: directory.Enabled}, nil},
		{"nobody's account", grant.Facts{Account: app.Enabled}, []string{`update account set user_id = null where app_id = $1 and id = $3`}},
		{"user disabled", grant.Facts{Account: app.Enabled, User: directory.Disabled}, []string{`update users set status = 'DISABLED' where id = $4`}},
		{"user deleted", grant.Facts{Account: app.Enabled, User: directory.Deleted}, []string{`update users set status = 'DELETED' where id = $4`}},
		{"account disabled", grant.Facts{Account: app.Disabled, User: directory.Enabled}, []string{`update account set status = 'DISABLED' where app_id = $1 and id = $3`}},
		{"account deleted", grant.Facts{Account: app.Deleted, User: directory.Enabled}, []string{`update account set status = 'DELETED' where app_id = $1 and id = $3`}},
		{"entitlement deleted", grant.Facts{Account: app.Enabled, User: directory.Enabled, EntitlementDeleted: true}, []string{`update entitlement set deleted_at = 1 where app_id = $1 and id = $2`}},
		{"app deleted", grant.Facts{Account: app.Enabled, User: directory.Enabled, AppDeleted: true}, []string{`update app set deleted_at = 1 where id = $1`}},
	}
	list := `select count(*) from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
		left join users u on u.id = a.user_id join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
		join app p on p.id = g.app_id where g.id = $1 and ` + grant.AccessSQL("$2")
	each(t, func(t *testing.T, h *granttest.House) {
		yes := 0
		for _, place := range places {
			a, u := h.App(), h.User()
			k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, u.ID).ID}
			for _, sql := range place.sql {
				h.Write(func(tx *tx) error {
					sql += ` and $1 <> '' and $2 <> '' and $3 <> '' and $4 <> ''`
					return second(tx.Exec(sql, k.App, k.Entitlement, k.Account, u.ID))
				})
			}
			for _, g := range combinations() {
				if g.Connector != "" || g.Direct == grant.None && g.Derived == 0 {
					continue
				}
				begins := []time.Time{g.ActiveAt}
				if place.sql == nil {
					begins = append(begins, h.Clock.Now(), h.Clock.Now().Add(time.Microsecond))
				}
				for _, begun := range begins {
					g.Key, g.ActiveAt = k, begun
					h.Write(func(tx *tx) error {
						tx.Queue(`delete from grants where app_id = $1`, k.App)
						return grant.Put(tx, g)
					})
					facts := place.facts
					if facts.Grant = &g; g.State == grant.Ended {
						facts.Grant, facts.Before = nil, true
					}
					want := facts.Access(h.Clock.Now())
					if want.Allowed {
						yes++
					}
					var n int
					if err := h.DB.Q(h.Ctx).Row(list, g.ID, clock.Micros(h.Clock.Now())).Scan(&n); err != nil || (n == 1) != want.Allowed {
						t.Errorf("%s: the list says %d, %v; the rule %+v of %+v", place.name, n, err, want, g)
					}
					if got := h.Check(k); got.Allowed != want.Allowed || got.Reason != want.Reason || got.State != want.State || !got.Until.Equal(want.Until) {
						t.Errorf("%s: the check says %+v; the rule %+v of %+v", place.name, got, want, g)
					}
				}
			}
		}
		if yes == 0 {
			t.Error("nobody ever had access: the comparison says nothing")
		}
	})
}
