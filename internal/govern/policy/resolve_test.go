package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

func shown[T ~string](v T) string { return id.KSUID(string(v)) }

func TestConditionsSeeTheSubjectTheAccountTheEntitlementAndTheTask(t *testing.T) {
	onWorlds(t, func(w *world) {
		facts := w.facts()
		facts.Account = app.Account{AppID: w.wiki.ID, ID: app.AccountID(id.Static("account")), Status: app.Enabled, Kind: app.KindUser, Username: "ada"}
		wiki, access := shown(w.wiki.ID), shown(app.AccessEntitlement)
		account, err := w.apps.CreateAccount(w.ctx, app.Account{AppID: w.wiki.ID, UserID: w.ada.ID, DisplayName: "ada"})
		w.must(err)
		_, err = w.grants.Create(w.ctx, grant.Key{App: w.wiki.ID, Entitlement: app.AccessEntitlement, Account: account.ID}, time.Time{})
		w.must(err)
		for condition, want := range map[string]bool{
			`subject.email == "Ada@example.com" && subject.displayName == "Ada" && subject.display_name == "Ada"`:     true,
			`subject.status == UserStatus.ENABLED && subject.status == USER_STATUS_ENABLED`:                           true,
			`subject.type == UserType.HUMAN && subject.type != UserType.SERVICE`:                                      true,
			`subject.manager == "Grace@example.com" && subject.manager_id == "` + shown(w.grace.ID) + `"`:             true,
			`subject.profile["team"] == "red" && subject.attributes.team == "red"`:                                    true,
			`has(subject.profile.team) && !has(subject.profile.shift)`:                                                true,
			`account.status == AppUserStatus.ENABLED && account.app_user_type == AppUserType.USER`:                    true,
			`account.username == "ada" && account.appId == "` + wiki + `"`:                                            true,
			`entitlement.id == "` + access + `" && entitlement.app_id == "` + wiki + `" && entitlement.systemBuiltin`: true,
			`task.origin == TaskOrigin.API && task.numericId == 7 && !task.isGrantPermanent`:                          true,
			`task.grantDuration == duration("1h") && task.subjectUserId == subject.id`:                                true,
			`task.requestorUserId == subject.id && task.created_at == now()`:                                          true,
			`task.analysis.hasConflictViolations && "two hats" in task.analysis.conflictViolations`:                   true,
			`c1.user.v1.HasApp(subject, "` + wiki + `") && !c1.user.v1.HasApp(subject, "nonsense")`:                   true,
			`c1.user.v1.HasEntitlement(subject, "` + wiki + `", "` + access + `")`:                                    true,
			`c1.user.v1.GrantedFromEnrollment(subject, "` + wiki + `", "` + access + `")`:                             false,
			`c1.user.v1.GetAppUserStatus(subject, "` + wiki + `") == "USER_STATUS_ENABLED"`:                           true,
			`c1.user.v1.GetAppUserStatus(subject, "x") == "USER_STATUS_UNSPECIFIED"`:                                  true,
			`c1.user.v1.ListAppUsersForUser(subject, "` + wiki + `").map(a, a.displayName) == ["ada"]`:                true,
			`c1.directory.users.v1.GetManagers(subject)[0].displayName == "Grace"`:                                    true,
			`c1.directory.users.v1.DirectReports(c1.directory.users.v1.GetManagers(subject)) == [subject]`:            true,
			`c1.directory.users.v1.DirectReports(subject) == []`:                                                      true,
			`c1.directory.users.v1.FindByEmail("GRACE@example.com") == c1.directory.users.v1.FindByName("Grace")`:     true,
			`c1.directory.users.v1.GetByID(subject.managerId).email == subject.manager`:                               true,
			`c1.directory.apps.v1.GetEntitlementMembers("` + wiki + `", "` + access + `") == [subject]`:               true,
			`c1.directory.apps.v1.GetEntitlementOwners("` + wiki + `", "` + access + `") == []`:                       true,
			`c1.app_user.v1.HasRiskScore(account) || c1.app_user.v1.GetRiskScore(account) > 0`:                        false,
			`cidr("10.0.0.0/8").containsIP(ip("10.2.3.4")) && time.format(now(), TimeFormat.DATE) == "2026-05-04"`:    true,
		} {
			if got, err := w.policies.Holds(w.ctx, condition, facts); err != nil || got != want {
				t.Errorf("%s: %v, %v", condition, got, err)
			}
		}
	})
}

func TestWhoIsEnrolledIsToldFromWhoHoldsItOtherwise(t *testing.T) {
	onWorlds(t, func(w *world) {
		enrollment := w.membership()
		member, err := w.apps.CreateAccount(w.ctx, app.Account{AppID: app.Own, UserID: w.ada.ID, DisplayName: "ada"})
		w.must(err)
		account, err := w.apps.CreateAccount(w.ctx, app.Account{AppID: w.wiki.ID, UserID: w.ada.ID, DisplayName: "ada"})
		w.must(err)
		item := grant.Key{App: w.wiki.ID, Entitlement: app.AccessEntitlement, Account: account.ID}
		in := grant.Key{App: app.Own, Entitlement: enrollment.ID, Account: member.ID}
		expect := func(when string, e app.EntitlementRef, enrolled, automatically bool) {
			t.Helper()
			args := `(subject, "` + shown(e.AppID) + `", "` + shown(e.ID) + `")`
			for function, want := range map[string]bool{"GrantedFromEnrollment": enrolled, "AutomaticallyGrantedFromEnrollment": automatically} {
				got, err := w.policies.Holds(w.ctx, "c1.user.v1."+function+args, policy.Facts{Subject: w.ada})
				if err != nil || got != want {
					t.Errorf("%s, %s: %v, %v", when, function, got, err)
				}
			}
		}
		keep := func(k grant.Key, until time.Time) {
			t.Helper()
			w.must(w.db.Write(w.ctx, func(tx *db.Tx) error { return w.grants.Keep(tx, audit.System(), k, enrollment, until) }))
		}
		_, err = w.grants.Create(w.ctx, item, time.Time{})
		w.must(err)
		expect("held by hand", w.access(), false, false)
		_, err = w.grants.Create(w.ctx, in, time.Time{})
		w.must(err)
		keep(item, w.clock.Now().Add(time.Hour))
		expect("enrolled by hand", w.access(), true, false)
		expect("enrolled by hand", enrollment, false, false)
		keep(in, time.Time{})
		expect("enrolled by a rule", w.access(), true, true)
		expect("enrolled by a rule", enrollment, true, true)
		w.clock.Advance(time.Hour)
		expect("past the end of what enrolling gave", w.access(), false, false)
	})
}

// membership is an entitlement as catalogs have one.
func (w *world) membership() (of app.EntitlementRef) {
	w.must(w.db.Write(w.ctx, func(tx *db.Tx) error {
		_, err := w.apps.EnsureApp(tx, audit.System(), app.App{ID: app.Own, DisplayName: "Interim"})
		w.must(err)
		k, err := w.apps.EnsureResourceType(tx, audit.System(), app.Own, app.KindCatalog, "Access profile")
		w.must(err)
		r, err := w.apps.AddResource(tx, audit.System(), app.Resource{AppID: app.Own, TypeID: k.ID, DisplayName: "Crew"})
		w.must(err)
		e, err := w.apps.AddEntitlement(tx, audit.System(), app.Entitlement{
			AppID: app.Own, TypeID: k.ID, ResourceID: r.ID, DisplayName: "Enrollment", Slug: "enrollment",
		})
		of = e.Ref()
		return err
	}))
	return of
}

func TestAConditionThatFailsDoesNotHoldAndTheTraceSaysWhy(t *testing.T) {
	onWorlds(t, func(w *world) {
		p := w.made(simple("p", policy.Grant,
			policy.Rule{Condition: `c1.directory.users.v1.FindByEmail("nobody@example.com") == subject`, StepKey: "other"},
			policy.Rule{Condition: `subject.profile["shift"] == "night"`, StepKey: "other"},
			policy.Rule{Condition: `subject.department == "Sales"`, StepKey: "other"},
		))
		plan, err := w.policies.Resolve(w.ctx, p.ID, w.facts())
		if err != nil || plan.Key != "grant" || plan.Generation != p.Generation || len(plan.Trace) != 4 {
			t.Fatalf("%+v, %v", plan, err)
		}
		for i, want := range []string{"no user with this e-mail address", "no such key", ""} {
			if got := plan.Trace[i]; got.Matched || got.Rule != i || !strings.Contains(got.Err, want) || (want == "") != (got.Err == "") {
				t.Errorf("%+v, want %q", got, want)
			}
		}
		if last := plan.Trace[3]; !last.Baseline || last.Matched || last.StepKey != "grant" || last.Condition != "" {
			t.Errorf("%+v, want the baseline", last)
		}
		_, err = w.policies.Update(w.ctx, p.ID, func(p *policy.Policy) error { p.Rules[2].Condition = `subject.department == "Engineering"`; return nil })
		w.must(err)
		if plan, err = w.policies.Resolve(w.ctx, p.ID, w.facts()); err != nil || plan.Key != "other" || len(plan.Trace) != 3 || !plan.Trace[2].Matched || plan.Trace[2].StepKey != "other" {
			t.Errorf("%+v, %v", plan, err)
		}
		if _, err := w.policies.Resolve(w.ctx, "nobody", w.facts()); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestExpressionsNameApprovers(t *testing.T) {
	onWorlds(t, func(w *world) {
		linus := w.person("Linus")
		for _, c := range []struct {
			expressions []string
			want        []directory.UserID
		}{
			{[]string{"appOwners"}, []directory.UserID{w.grace.ID}},
			{[]string{"app_owners", "appOwners[0]", `c1.directory.users.v1.FindByName("Linus")`}, []directory.UserID{w.grace.ID, linus.ID}},
			{[]string{"c1.directory.users.v1.GetManagers(c1.directory.users.v1.GetManagers(subject)[0])"}, nil},
			{[]string{`appOwners.filter(o, o.department == "Sales")`}, nil},
		} {
			if got, err := w.policies.Approvers(w.ctx, c.expressions, w.facts()); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q: %v, %v, want %v", c.expressions, got, err, c.want)
			}
		}
		for _, bad := range []string{"appOwners[7]", "nonsense", `c1.directory.users.v1.GetByID("x")`} {
			if got, err := w.policies.Approvers(w.ctx, []string{bad}, w.facts()); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v, %v", bad, got, err)
			}
		}
	})
}

func TestLookupsAreCounted(t *testing.T) {
	onWorlds(t, func(w *world) {
		calls := func(n int) string {
			return strings.TrimSuffix(strings.Repeat(`c1.user.v1.HasApp(subject, "x") || `, n), " || ")
		}
		if _, err := w.policies.Holds(w.ctx, calls(policy.MaxLookups), w.facts()); err != nil {
			t.Error(err)
		}
		if _, err := w.policies.Holds(w.ctx, calls(policy.MaxLookups+1), w.facts()); !fault.Is(err, fault.Invalid) {
			t.Errorf("one more: %v", err)
		}
		boss := strings.Repeat(`subject.manager == "nobody@example.com" || `, policy.MaxLookups) + `subject.manager != "Grace@example.com"`
		if holds, err := w.policies.Holds(w.ctx, boss, w.facts()); !fault.Is(err, fault.Invalid) {
			t.Errorf("a manager nobody looked up: %v, %v", holds, err)
		}
		w.must(w.manyReports(policy.MaxList + 1))
		facts := w.facts()
		facts.Subject = w.grace
		_, err := w.policies.Holds(w.ctx, `c1.directory.users.v1.DirectReports(subject) == []`, facts)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Message, fmt.Sprint(policy.MaxList)) {
			t.Errorf("more rows than a look-up answers: %v", err)
		}
	})
}

func TestAnExpressionOfAccountsIsTried(t *testing.T) {
	onWorlds(t, func(w *world) {
		typ, value, err := w.policies.Try(w.ctx, `subject.email.split("@")[0].lowerAscii()`, policy.Facts{Subject: w.ada})
		if err != nil || typ != "string" || value != "ada" {
			t.Errorf("%s %q, %v", typ, value, err)
		}
		for _, bad := range []string{"", "task.id", `subject.profile["x"]`} {
			if _, _, err := w.policies.Try(w.ctx, bad, policy.Facts{Subject: w.ada}); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "cel" {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestATextIsValidAsAConditionOrForApprovers(t *testing.T) {
	onWorlds(t, func(w *world) {
		for _, good := range []string{`subject.department == "x"`, "appOwners", "subject"} {
			if m := w.policies.Validate(good); len(m) != 0 {
				t.Errorf("%s: %v", good, m)
			}
		}
		for bad, want := range map[string]string{
			"": "1:1: is empty", "subject.x": "1:9: undefined field 'x'", "appOwners.map(o, o.x)": "1:20: undefined field 'x'",
		} {
			if m := w.policies.Validate(bad); len(m) == 0 || !strings.HasPrefix(m[0].String(), want) {
				t.Errorf("%s: %v, want %s", bad, m, want)
			}
		}
	})
}

// The threat: a replica goes by a policy that another has changed or deleted.
func TestAPolicyIsResolvedAsItIsNowWhoeverChangedIt(t *testing.T) {
	onWorlds(t, func(w *world) {
		p := w.made(simple("Changing", policy.Grant))
		other, err := policy.New(policy.Deps{DB: w.db, Clock: w.clock, Audit: audit.New(w.db, w.clock), Owners: w.owners})
		w.must(err)
		for _, want := range []string{policy.Grant.Baseline(), "other", policy.Grant.Baseline()} {
			p, err = other.Update(w.ctx, p.ID, func(p *policy.Policy) error {
				if p.Rules = nil; want != p.Kind.Baseline() {
					p.Rules = []policy.Rule{{Condition: "true", StepKey: want}}
				}
				return nil
			})
			w.must(err)
			for range 2 { // read, and as it was read
				if plan, err := w.policies.Resolve(w.ctx, p.ID, w.facts()); err != nil || plan.Key != want || plan.Generation != p.Generation {
					w.Errorf("steps under %s of generation %s, %v; want %s of %s", plan.Key, plan.Generation, err, want, p.Generation)
				}
			}
		}
		w.must(other.Delete(w.ctx, p.ID))
		if _, err := w.policies.Resolve(w.ctx, p.ID, w.facts()); !fault.Is(err, fault.NotFound) {
			w.Errorf("a deleted policy: %v", err)
		}
	})
}
