package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestEverySaveIsAGenerationThatNeverChanges(t *testing.T) {
	onWorlds(t, func(w *world) {
		first := w.made(simple("one", policy.Grant))
		second, err := w.policies.Update(w.ctx, first.ID, func(p *policy.Policy) error { p.DisplayName = "two"; return nil })
		w.must(err)
		if second.Generation == first.Generation || second.Version != 2 {
			t.Errorf("%s after %s, version %d", second.Generation, first.Generation, second.Version)
		}
		same, err := w.policies.Update(w.ctx, first.ID, func(*policy.Policy) error { return nil })
		if err != nil || same.Generation != second.Generation || same.Version != 2 {
			t.Errorf("a save of nothing: %+v, %v", same, err)
		}
		old, err := w.policies.Generation(w.db.Q(w.ctx), first.Generation)
		if err != nil || old.DisplayName != "one" || old.ID != first.ID || !reflect.DeepEqual(old.Steps, first.Steps) {
			t.Errorf("%+v, %v", old, err)
		}
		if _, err := w.policies.Generation(w.db.Q(w.ctx), "nobody"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		w.must(w.policies.Delete(w.ctx, first.ID))
		if p, err := w.policies.Get(w.ctx, first.ID); err != nil || p.DeletedAt.IsZero() {
			t.Errorf("after its end: %+v, %v", p, err)
		}
		if err := w.policies.Delete(w.ctx, first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := w.policies.Update(w.ctx, first.ID, func(*policy.Policy) error { return nil }); !fault.Is(err, fault.NotFound) {
			t.Errorf("changed after its end: %v", err)
		}
		var events int
		w.must(w.db.Q(w.ctx).Row(`select count(*) from event where object_type = 'policy' and object_id = $1`, string(first.ID)).Scan(&events))
		if events != 3 {
			t.Errorf("%d events, want created, updated, deleted", events)
		}
	})
}

func TestAPolicyThatCouldNotWorkIsRefusedByItsField(t *testing.T) {
	nobody := directory.UserID(id.Static("nobody"))
	approval := func(a policy.Approval) func(p *policy.Policy) {
		return func(p *policy.Policy) { p.Steps["grant"] = []policy.Step{{Approval: &a}} }
	}
	wait := func(v policy.Wait) func(p *policy.Policy) {
		return func(p *policy.Policy) { p.Steps["grant"] = []policy.Step{{Wait: &v}} }
	}
	provision := func(doc string) func(p *policy.Policy) {
		return func(p *policy.Policy) {
			p.Steps["grant"] = []policy.Step{{Provision: &policy.Provision{Doc: []byte(doc)}}}
		}
	}
	const at = "policySteps.grant.steps[0]"
	cases := map[string]struct {
		spoil func(p *policy.Policy)
		field string
	}{
		"no kind":               {func(p *policy.Policy) { p.Kind = "" }, "policyType"},
		"no name":               {func(p *policy.Policy) { p.DisplayName = " " }, "displayName"},
		"a long name":           {func(p *policy.Policy) { p.DisplayName = strings.Repeat("x", 257) }, "displayName"},
		"a long description":    {func(p *policy.Policy) { p.Description = strings.Repeat("x", 2049) }, "description"},
		"no steps":              {func(p *policy.Policy) { p.Steps = nil }, "policySteps.grant"},
		"an empty list":         {func(p *policy.Policy) { p.Steps["other"] = []policy.Step{} }, "policySteps.other.steps"},
		"33 steps":              {func(p *policy.Policy) { p.Steps["other"] = make([]policy.Step, 33) }, "policySteps.other.steps"},
		"an empty step":         {func(p *policy.Policy) { p.Steps["other"] = make([]policy.Step, 1) }, "policySteps.other.steps[0]"},
		"two baselines":         {func(p *policy.Policy) { p.BaselineID = policy.BuiltinID(policy.Grant) }, "baselinePolicyId"},
		"17 rules":              {func(p *policy.Policy) { p.Rules = make([]policy.Rule, 17) }, "rules"},
		"an empty condition":    {func(p *policy.Policy) { p.Rules = []policy.Rule{{StepKey: "other"}} }, "rules[0].condition"},
		"a bad condition":       {func(p *policy.Policy) { p.Rules = []policy.Rule{{Condition: "true &&\n nope", StepKey: "other"}} }, "rules[0].condition: line 2, column 2"},
		"a rule for nothing":    {func(p *policy.Policy) { p.Rules = []policy.Rule{{Condition: "true"}} }, "rules[0]"},
		"an unknown key":        {func(p *policy.Policy) { p.Rules = []policy.Rule{{Condition: "true", StepKey: "x"}} }, "rules[0].stepKey"},
		"an unknown policy":     {func(p *policy.Policy) { p.Rules = []policy.Rule{to(policy.ID(nobody))} }, "rules[0].policyId"},
		"another kind's policy": {func(p *policy.Policy) { p.Rules = []policy.Rule{to(policy.BuiltinID(policy.Revoke))} }, "rules[0].policyId"},
		"nobody":                {approval(policy.Approval{Kind: policy.Users}), at + ".approval.users.userIds"},
		"an unknown user":       {approval(policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{nobody}}), at + ".approval.users.userIds[0]"},
		"33 users":              {approval(policy.Approval{Kind: policy.Users, UserIDs: make([]directory.UserID, 33)}), at + ".approval.users.userIds"},
		"no kind of approval":   {approval(policy.Approval{}), at + ".approval"},
		"no group":              {approval(policy.Approval{Kind: policy.Group}), at + ".approval.group"},
		"an unknown group":      {approval(policy.Approval{Kind: policy.Group, Group: app.EntitlementRef{AppID: "a", ID: "b"}}), at + ".approval.group.appGroupId"},
		"no expressions":        {approval(policy.Approval{Kind: policy.Expression}), at + ".approval.expression.expressions"},
		"no answer of users":    {approval(policy.Approval{Kind: policy.Expression, Expressions: []string{"subject", "true"}}), at + ".approval.expression.expressions[1]: line 1, column 1"},
		"no webhook":            {approval(policy.Approval{Kind: policy.Webhook}), at + ".approval.webhook.webhookId"},
		"an unknown fallback":   {approval(policy.Approval{Kind: policy.Manager, Fallback: &policy.Fallback{UserIDs: []directory.UserID{nobody}}}), at + ".approval.manager.fallbackUserIds[0]"},
		"an escalation at once": {approval(policy.Approval{Kind: policy.Manager, Escalation: &policy.Escalation{Kind: policy.SkipStep}}), at + ".approval.escalation.expiration"},
		"an escalation to none": {approval(policy.Approval{Kind: policy.Manager, Escalation: &policy.Escalation{After: time.Hour, Kind: policy.ReassignTo}}), at + ".approval.escalation.reassignToApprovers.approverIds"},
		"an unknown escalation": {approval(policy.Approval{Kind: policy.Manager, Escalation: &policy.Escalation{After: time.Hour, Kind: policy.ReplacePolicy, PolicyID: "x"}}), at + ".approval.escalation.replacePolicy.policyId"},
		"a wait for nothing":    {wait(policy.Wait{}), at + ".wait"},
		"a wait for two":        {wait(policy.Wait{Condition: "true", Duration: time.Hour}), at + ".wait"},
		"a bad wait":            {wait(policy.Wait{Condition: "1"}), at + ".wait.condition.condition: line 1, column 1"},
		"hour 24":               {wait(policy.Wait{Until: &policy.ClockTime{Hours: 24}}), at + ".wait.untilTime"},
		"no such zone":          {wait(policy.Wait{Until: &policy.ClockTime{Zone: "Mars/Base"}}), at + ".wait.untilTime.timezone"},
		"an eternal wait":       {wait(policy.Wait{Duration: 11 * 365 * 24 * time.Hour}), at + ".wait.duration.duration"},
		"an action":             {provision(`{"action":{}}`), at + ".provision.provisionPolicy"},
		"delegated to nothing":  {provision(`{"delegated":{}}`), at + ".provision.provisionPolicy.delegated"},
		"steps of none":         {provision(`{"multiStep":{}}`), at + ".provision.provisionPolicy.multiStep.provisionSteps"},
		"steps in steps":        {provision(`{"multiStep":{"provisionSteps":[{"multiStep":{"provisionSteps":[{"multiStep":{"provisionSteps":[{}]}}]}}]}}`), at + ".provision.provisionPolicy.multiStep.provisionSteps[0].multiStep.provisionSteps[0].multiStep"},
		"by nobody we know":     {provision(`{"manual":{"userIds":["` + id.KSUID(string(nobody)) + `"]}}`), at + ".provision.provisionPolicy.manual.userIds[0]"},
		"a scope of nothing":    {func(p *policy.Policy) { p.Scope.Slot = policy.Emergency }, "scope.appId"},
		"an unknown scope":      {func(p *policy.Policy) { p.Scope.App = "x" }, "scope.appId"},
		"remediating a request": {func(p *policy.Policy) { p.Remediates = true }, "postActions"},
		"a policy of a megabyte": {func(p *policy.Policy) {
			for i := range 30 {
				for range 32 {
					key := fmt.Sprint("k", i)
					p.Steps[key] = append(p.Steps[key], policy.Step{Accept: &policy.Verdict{Message: strings.Repeat("x", 2000)}})
				}
			}
		}, "policySteps"},
	}
	onWorlds(t, func(w *world) {
		for name, c := range cases {
			p := simple("p", policy.Grant)
			c.spoil(&p)
			_, err := w.policies.Create(w.ctx, p)
			if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(fault.Of(err).Message, c.field) {
				t.Errorf("%s: %v, want Invalid about %s", name, err, c.field)
			}
		}
	})
}

func TestReferencesFormNoCircleAndNoLongChain(t *testing.T) {
	onWorlds(t, func(w *world) {
		chain := []policy.Policy{w.made(simple("0", policy.Grant))}
		for i := 1; i <= policy.MaxDepth; i++ {
			chain = append(chain, w.made(simple(fmt.Sprint(i), policy.Grant, to(chain[i-1].ID))))
		}
		refused := func(what string, err error, want string) {
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Message, want) {
				t.Errorf("%s: %v, want %s", what, err, want)
			}
		}
		_, err := w.policies.Create(w.ctx, simple("6", policy.Grant, to(chain[policy.MaxDepth].ID)))
		refused("six references", err, "more than 5")
		point := func(from, at policy.Policy) error {
			_, err := w.policies.Update(w.ctx, from.ID, func(p *policy.Policy) error { p.Rules = []policy.Rule{to(at.ID)}; return nil })
			return err
		}
		refused("back from the end", point(chain[0], chain[2]), "leads back")
		refused("to itself", point(chain[0], chain[0]), "leads back")
		end := w.made(simple("end", policy.Grant))
		refused("longer below", point(chain[0], end), "more than 5")
		plan, err := w.policies.Resolve(w.ctx, chain[policy.MaxDepth].ID, w.facts())
		if err != nil || plan.Policy.ID != chain[0].ID || len(plan.Trace) != policy.MaxDepth || plan.Trace[4].Depth != 4 {
			t.Errorf("%+v, %v", plan, err)
		}
	})
}

// Two saves that each are sound would close a circle together.
func TestTwoSavesAtOnceCloseNoCircle(t *testing.T) {
	onWorlds(t, func(w *world) {
		for range 5 {
			a, b := w.made(simple("a", policy.Grant)), w.made(simple("b", policy.Grant))
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for i, pair := range [][2]policy.Policy{{a, b}, {b, a}} {
				wg.Go(func() {
					_, errs[i] = w.policies.Update(w.ctx, pair[0].ID, func(p *policy.Policy) error { p.Rules = []policy.Rule{to(pair[1].ID)}; return nil })
				})
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("%v, %v: want one of them refused", errs[0], errs[1])
			}
		}
	})
}

func TestAPolicyInUseIsNotDeletedAndADeletedOneNotUsed(t *testing.T) {
	onWorlds(t, func(w *world) {
		used := w.made(simple("used", policy.Grant))
		refused := func(by string) {
			t.Helper()
			if err := w.policies.Delete(w.ctx, used.ID); !fault.Is(err, fault.Precondition) || !strings.Contains(fault.Of(err).Message, by) {
				t.Errorf("%v, want %s", err, by)
			}
		}
		ruling := w.made(simple("ruling", policy.Grant, to(used.ID)))
		refused("policy ruling")
		w.must(w.policies.Delete(w.ctx, ruling.ID))
		escalating := simple("escalating", policy.Grant)
		escalating.Steps["grant"] = []policy.Step{{Approval: &policy.Approval{Kind: policy.Manager, Escalation: &policy.Escalation{
			After: time.Hour, Kind: policy.ReplacePolicy, PolicyID: used.ID,
		}}}}
		escalating = w.made(escalating)
		refused("policy escalating")
		w.must(w.policies.Delete(w.ctx, escalating.ID))
		choose := func(v app.PolicyID) {
			t.Helper()
			_, err := w.apps.UpdateApp(w.ctx, w.wiki.ID, func(a *app.App) error { a.GrantPolicyID = v; return nil })
			w.must(err)
		}
		choose(app.PolicyID(used.ID))
		refused("app Wiki")
		choose("")
		_, err := w.apps.UpdateEntitlement(w.ctx, w.wiki.ID, app.AccessEntitlement, func(e *app.Entitlement) error {
			e.EmergencyGrantPolicyID = app.PolicyID(used.ID)
			return nil
		})
		w.must(err)
		refused("entitlement Access")
		w.must(w.apps.DeleteApp(w.ctx, w.wiki.ID))
		w.must(w.policies.Delete(w.ctx, used.ID))
		if _, err := w.policies.Create(w.ctx, simple("late", policy.Grant, to(used.ID))); !fault.Is(err, fault.Invalid) {
			t.Errorf("a reference to a deleted policy: %v", err)
		}
		other, err := w.apps.CreateApp(w.ctx, app.App{DisplayName: "Chat", Chosen: app.Chosen{GrantPolicyID: app.PolicyID(used.ID)}})
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "grantPolicyId" {
			t.Errorf("a deleted policy is chosen: %+v, %v", other, err)
		}
		if _, err := w.apps.CreateApp(w.ctx, app.App{DisplayName: "Chat", Chosen: app.Chosen{
			RevokePolicyID: app.PolicyID(policy.BuiltinID(policy.Grant)),
		}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a policy of another kind is chosen: %v", err)
		}
	})
}

func TestTheBuiltinPoliciesAreThereOnceAndNeverChange(t *testing.T) {
	onWorlds(t, func(w *world) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := w.policies.Ensure(w.ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, kind := range []policy.Kind{policy.Grant, policy.Revoke, policy.Certify} {
			p, err := w.policies.Get(w.ctx, policy.BuiltinID(kind))
			if err != nil || !p.Builtin || p.Kind != kind || len(p.Steps[kind.Baseline()]) == 0 {
				t.Errorf("%s: %+v, %v", kind, p, err)
			}
			if err := w.policies.Delete(w.ctx, p.ID); !fault.Is(err, fault.Precondition) {
				t.Errorf("%s deleted: %v", kind, err)
			}
			if _, err := w.policies.Update(w.ctx, p.ID, func(*policy.Policy) error { return nil }); !fault.Is(err, fault.Precondition) {
				t.Errorf("%s changed: %v", kind, err)
			}
			if _, err := w.policies.Generation(w.db.Q(w.ctx), p.Generation); err != nil {
				t.Error(err)
			}
		}
		found, err := w.policies.Search(w.ctx, policy.Filter{View: policy.All}, page.Request{Size: 10})
		if err != nil || len(found.Items) != 3 {
			t.Errorf("%d policies, %v", len(found.Items), err)
		}
	})
}

// decides is the policy that decides on access to the wiki.
func (w *world) decides(kind policy.Kind, emergency bool) (policy.ID, error) {
	w.Helper()
	q, of := w.db.Q(w.ctx), w.access()
	e, err := app.GetEntitlement(q, of.AppID, of.ID)
	w.must(err)
	in, err := app.GetApp(q, of.AppID)
	w.must(err)
	return w.policies.For(e, in, kind, emergency)
}

func TestTheNearestChoiceDecides(t *testing.T) {
	onWorlds(t, func(w *world) {
		apps, own, urgent := w.made(simple("app's", policy.Grant)), w.made(simple("own", policy.Grant)), w.made(simple("urgent", policy.Grant))
		want := func(id policy.ID, emergency bool) {
			t.Helper()
			if got, err := w.decides(policy.Grant, emergency); err != nil || got != id {
				t.Errorf("%s, %v, want %s", got, err, id)
			}
		}
		entitlement := func(change func(e *app.Entitlement)) {
			t.Helper()
			_, err := w.apps.UpdateEntitlement(w.ctx, w.wiki.ID, app.AccessEntitlement, func(e *app.Entitlement) error { change(e); return nil })
			w.must(err)
		}
		want(policy.BuiltinID(policy.Grant), false)
		_, err := w.apps.UpdateApp(w.ctx, w.wiki.ID, func(a *app.App) error { a.GrantPolicyID = app.PolicyID(apps.ID); return nil })
		w.must(err)
		want(apps.ID, false)
		entitlement(func(e *app.Entitlement) { e.GrantPolicyID = app.PolicyID(own.ID) })
		want(own.ID, false)
		if _, err := w.decides(policy.Grant, true); !fault.Is(err, fault.Precondition) {
			t.Errorf("an emergency where none is allowed: %v", err)
		}
		entitlement(func(e *app.Entitlement) { e.EmergencyGrantEnabled = true })
		want(own.ID, true)
		entitlement(func(e *app.Entitlement) { e.EmergencyGrantPolicyID = app.PolicyID(urgent.ID) })
		want(urgent.ID, true)
		if got, err := w.decides(policy.Revoke, false); err != nil || got != policy.BuiltinID(policy.Revoke) {
			t.Errorf("%s, %v", got, err)
		}
	})
}

func TestASearchSeesItsScopesOnly(t *testing.T) {
	onWorlds(t, func(w *world) {
		scoped := simple("of the wiki", policy.Grant)
		scoped.Scope = policy.Scope{App: w.wiki.ID, Entitlement: app.AccessEntitlement, Slot: policy.Emergency}
		scoped = w.made(scoped)
		gone := w.made(simple("gone", policy.Certify))
		w.must(w.policies.Delete(w.ctx, gone.ID))
		for name, c := range map[string]struct {
			filter policy.Filter
			want   int
		}{
			"global":             {policy.Filter{}, 3},
			"deleted ones too":   {policy.Filter{IncludeDeleted: true}, 4},
			"scoped":             {policy.Filter{View: policy.Scoped}, 1},
			"all":                {policy.Filter{View: policy.All}, 4},
			"this entitlement's": {policy.Filter{View: policy.GlobalAndObject, Scope: policy.Scope{App: w.wiki.ID, Entitlement: app.AccessEntitlement}}, 4},
			"the app's":          {policy.Filter{View: policy.Scoped, OfApps: true}, 0},
			"of entitlements":    {policy.Filter{View: policy.Scoped, OfEntitlements: true, Scope: scoped.Scope}, 1},
			"by kind":            {policy.Filter{Kinds: []policy.Kind{policy.Revoke}}, 1},
			"by word":            {policy.Filter{Query: "ReVoKe"}, 1},
			"by name":            {policy.Filter{DisplayName: "App owner review"}, 1},
			"by id":              {policy.Filter{View: policy.All, IDs: []policy.ID{scoped.ID, gone.ID}}, 1},
			"without":            {policy.Filter{View: policy.All, Exclude: []policy.ID{scoped.ID}}, 3},
		} {
			var n int
			var after page.Key
			for {
				found, err := w.policies.Search(w.ctx, c.filter, page.Request{Size: 1, After: after})
				w.must(err)
				n += len(found.Items)
				if after = found.Next; after == nil {
					break
				}
			}
			if n != c.want {
				t.Errorf("%s: %d, want %d", name, n, c.want)
			}
		}
		other := policy.Scope{App: w.wiki.ID, Entitlement: app.AccessEntitlement}
		if err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			return w.policies.Choose(tx, "grantPolicyId", "GRANT", string(scoped.ID), app.EntitlementRef{AppID: other.App, ID: "another"})
		}); !fault.Is(err, fault.Invalid) {
			t.Errorf("the own policy of another object: %v", err)
		}
	})
}
