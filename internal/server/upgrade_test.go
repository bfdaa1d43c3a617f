package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/pgtest"
)

// The databases in testdata/upgrade are named after the migration they were written under, by the services of that release: JSON, by table.
const oldest = 260

// restore makes a database of an earlier release and fills it with what that release wrote.
func restore(t *testing.T, s config.Storage, version int64) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "upgrade", fmt.Sprintf("%04d.json", version)))
	if err != nil {
		t.Fatal(err)
	}
	var tables map[string][]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &tables); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Options{Path: s.SQLiteFile(), URL: s.Database, UpTo: version})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		for table, rows := range tables {
			for _, row := range rows {
				if err := insertRow(tx, d.Engine(), table, row); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
			if d.Engine() == db.Postgres {
				if err := countOn(tx, table); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
		}
		return nil
	})
	if err = errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

func insertRow(tx *db.Tx, e db.Engine, table string, row map[string]json.RawMessage) error {
	if e == db.Postgres {
		text, err := json.Marshal(row)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into `+table+` overriding system value
			select * from json_populate_record(null::`+table+`, cast($1 as json))`, string(text))
		return err
	}
	var columns, marks []string
	var args []any
	for column, raw := range row {
		columns, marks = append(columns, column), append(marks, fmt.Sprint("$", len(args)+1))
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		switch x := v.(type) {
		case float64:
			n, err := json.Number(raw).Int64()
			if err != nil {
				return err
			}
			v = n
		case map[string]any, []any:
			v = string(raw)
		case string:
			v = x
		}
		args = append(args, v)
	}
	_, err := tx.Exec(`insert into `+table+` (`+strings.Join(columns, ",")+`) values (`+strings.Join(marks, ",")+`)`, args...)
	return err
}

// countOn has a table that numbers its rows go on behind those that were put in.
func countOn(tx *db.Tx, table string) error {
	columns, err := db.Collect(tx, func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
		`select column_name from information_schema.columns where table_name = $1 and is_identity = 'YES'`, table)
	for _, c := range columns {
		if _, e := tx.Exec(`select setval(pg_get_serial_sequence('` + table + `', '` + c + `'), max(` + c + `)) from ` + table); e != nil {
			return e
		}
	}
	return err
}

func onUpgraded(t *testing.T, version int64, test func(t *testing.T, p *parts)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(engine.String(), func(t *testing.T) {
			s := config.Storage{Data: t.TempDir()}
			if engine == db.Postgres {
				s.Database = pgtest.URL(t)
			}
			restore(t, s, version)
			for range 2 { // it starts again, too
				p, closing, err := openParts(t.Context(), Options{
					Config: config.Serve{Storage: s}, Out: &strings.Builder{}, Log: slog.New(slog.DiscardHandler), Key: strings.Repeat("07", 32),
				}, "127.0.0.1:8443")
				if err != nil {
					t.Fatal(err)
				}
				test(t, p)
				if err := closing(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestWhatAnEarlierReleaseWroteIsReadAndGoesOn(t *testing.T) {
	onUpgraded(t, oldest, func(t *testing.T, p *parts) {
		ctx := iam.AsSystem(t.Context())
		q, now := p.db.Q(ctx), p.clock.Now()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		people := named(t, p, `select display_name, id from users`)
		levels := named(t, p, `select r.display_name, e.id from entitlement e join resource r on r.app_id = e.app_id and r.id = e.resource_id
			where r.display_name in ('Team', 'Pages', 'Drafts', 'Closed')`)
		var wiki app.ID
		must(q.Row(`select id from app where display_name = 'Wiki'`).Scan(&wiki))

		outcomes := map[string]int{}
		for _, number := range []string{"1", "2", "3", "4"} {
			one, err := p.tasks.Get(ctx, number)
			must(err)
			if _, err := p.tasks.Events(ctx, task.HistoryFilter{Tasks: []task.ID{one.ID}}, page.Request{Size: 100}); err != nil {
				t.Error(err)
			}
			if one.Group.Members.ID != "" || len(one.Plan) == 0 {
				t.Errorf("task %s is %+v", number, one)
			}
			outcomes[one.DisplayName+" "+string(one.State)+" "+string(one.Outcome)]++
			if one.State == task.Open {
				who, err := p.tasks.Eligible(ctx, one)
				must(err)
				if got := who.Users(); !slices.Equal(got, []directory.UserID{directory.UserID(people["Linus"])}) {
					t.Errorf("%v decide", got)
				}
				linus := iam.WithPrincipal(t.Context(), &iam.Principal{UserID: directory.UserID(people["Linus"]), Name: "Linus"})
				linus = audit.With(linus, audit.Actor{Kind: audit.KindUser, UserID: people["Linus"], Name: "Linus"})
				one, err = p.tasks.Approve(linus, number, one.Step(), "")
				must(err)
				if one.Outcome != task.Granted {
					t.Errorf("approved, it is %s %s", one.State, one.Outcome)
				}
			}
		}
		if outcomes["Team CLOSED GRANTED"] != 1 || outcomes["Drafts CLOSED DENIED"] != 1 || len(outcomes) < 3 {
			t.Errorf("%v", outcomes)
		}

		for _, sure := range []struct {
			who, what string
			may       bool
		}{{"Grace", "Closed", true}, {"Linus", "Closed", false}, {"Linus", "Pages", true}} { // of a team, or not: 0290 keeps whom it refuses
			ref := app.EntitlementRef{AppID: wiki, ID: app.EntitlementID(levels[sure.what])}
			may, err := item.Offers{Service: p.catalogs}.Requestable(q, directory.UserID(people[sure.who]), ref, now)
			must(err)
			if may != sure.may {
				t.Errorf("%s may ask for %s: %t", sure.who, sure.what, may)
			}
		}

		found, err := p.catalogs.List(ctx, catalog.Filter{}, page.Request{Size: 10})
		must(err)
		if len(found.Items) != 1 || found.Items[0].Unenrollment != "REVOKE_ALL" || len(found.Items[0].Audience) != 1 || found.Items[0].Bundle {
			t.Fatalf("%+v", found.Items)
		}
		a, err := p.catalogs.Automation(ctx, found.Items[0].ID)
		must(err)
		if a.Enabled || a.Expression == nil || a.Threshold != 25 {
			t.Errorf("%+v", a)
		}
		rule, err := p.automations.Get(ctx, app.EntitlementRef{AppID: wiki, ID: app.EntitlementID(levels["Drafts"])})
		must(err)
		if rule.DisplayName != "Sales" || rule.Breaker.Percent != 0 {
			t.Errorf("%+v", rule)
		}
		bound, err := p.automations.Bound(q, app.EntitlementRef{AppID: wiki, ID: app.EntitlementID(levels["Team"])})
		must(err)
		if len(bound) != 1 || bound[0].OnLoss != "" || bound[0].Task != "" {
			t.Errorf("%+v", bound)
		}
		policies, err := p.policies.Many(q, []policy.ID{policy.ID(named(t, p, `select display_name, id from policy`)["Manager, then wiki"])})
		must(err)
		if len(policies) != 1 || len(policies[0].Rules) != 1 {
			t.Errorf("%+v", policies)
		}
		for range 20 { // what is due goes on
			n := 0
			for _, s := range append(p.grants.Enders(), p.tasks.Due(), p.automations.Keeper()) {
				k, err := s.Run(context.Background(), p.clock.Now().Add(time.Second))
				must(err)
				n += k
			}
			if n == 0 {
				break
			}
		}
	})
}

// named are the identities of what a select finds, by name.
func named(t *testing.T, p *parts, sql string) map[string]string {
	t.Helper()
	rows, err := db.Collect(p.db.Q(t.Context()), func(r *db.Rows) (v [2]string, err error) { return v, r.Scan(&v[0], &v[1]) }, sql)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, v := range rows {
		out[v[0]] = v[1]
	}
	return out
}
