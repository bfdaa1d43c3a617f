package matrix_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/id"
)

// group gives a group its holders. One whose moment is not after now holds it no longer.
func (o *office) group(name string, g group) {
	o.Helper()
	of := o.refs([]string{name})[0]
	for who, until := range g.Holders {
		account, err := o.Grants.AccountFor(o.ctx, of.AppID, o.user(who))
		o.ok(err)
		k := grant.Key{App: of.AppID, Entitlement: of.ID, Account: account}
		if until.set && !until.after(o.began).After(o.Clock.Now()) {
			_, err = o.Grants.Revoke(o.ctx, k, "")
		} else {
			_, err = o.Grants.Create(o.ctx, k, until.after(o.began))
		}
		o.ok(err)
	}
	for len(o.crowd) < g.Crowd {
		u, err := o.Directory.Create(o.ctx, directory.User{DisplayName: "one of many"})
		o.ok(err)
		o.crowd = append(o.crowd, u.ID)
	}
	if g.Crowd > 0 {
		_, refused, err := o.Grants.AddMembers(o.ctx, of, o.crowd[:g.Crowd])
		o.ok(err)
		if len(refused) > 0 {
			o.Fatal(refused)
		}
	}
}

func (o *office) object(kind string) owner.Object {
	o.Helper()
	objects := map[string]owner.Object{
		"app": owner.OfApp(o.app.ID), "entitlement": owner.OfEntitlement(o.of.Ref()), "resource": owner.OfResource(app.ResourceRef{AppID: o.app.ID, ID: o.resource.ID}),
	}
	object, ok := objects[kind]
	if !ok {
		o.Fatalf("nobody owns a %q", kind)
	}
	return object
}

func (o *office) owned(kind string, owners []string) {
	o.Helper()
	object := o.object(kind)
	var people, groups []string
	for _, n := range owners {
		if _, ok := o.groups[n]; ok {
			groups = append(groups, n)
		} else {
			people = append(people, n)
		}
	}
	o.ok(o.owners.Set(o.ctx, object, owner.Primary, o.users(people), o.refs(groups)))
}

func (o *office) delegate(w window) {
	o.Helper()
	set := o.delegations.Create
	switch w.Mode {
	case "reassign":
		set = o.delegations.SetReassign
	case "add":
	default:
		o.Fatalf("mode %q of a delegation", w.Mode)
	}
	_, err := set(o.ctx, o.user(w.Who), o.user(w.To), w.From.after(o.began), w.Until.after(o.began), "away")
	o.ok(err)
}

// undelegate removes the delegations of one to another.
func (o *office) undelegate(who, to string) error {
	filter := delegation.Filter{
		Delegators: []directory.UserID{o.user(who)}, Delegates: []directory.UserID{o.user(to)},
		States: []delegation.State{delegation.Scheduled, delegation.Open},
	}
	found, err := o.delegations.List(o.ctx, filter, firstPage)
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		o.Fatalf("%s does not stand in for %s", to, who)
	}
	for _, d := range found.Items {
		if _, err := o.delegations.Delete(o.ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// policy makes a policy, after those that it refers to, and has the entitlement decided by it if that is what its name says.
func (o *office) policy(name string, all map[string]policyPaper) policy.ID {
	o.Helper()
	if name == "" || o.policies[name] != "" {
		return o.policies[name]
	}
	p, ok := all[name]
	if !ok {
		o.Fatalf("no policy is called %q", name)
	}
	for _, other := range p.mentions() {
		o.policy(other, all)
	}
	made, err := o.house.policies.Create(o.ctx, o.written(name, p))
	o.ok(err)
	o.policies[name] = made.ID
	o.of, err = o.Apps.UpdateEntitlement(o.ctx, o.app.ID, o.of.ID, func(e *app.Entitlement) error {
		switch name {
		case "grant":
			e.GrantPolicyID = app.PolicyID(made.ID)
		case "revoke":
			e.RevokePolicyID = app.PolicyID(made.ID)
		case "emergency":
			e.EmergencyGrantPolicyID = app.PolicyID(made.ID)
		}
		return nil
	})
	o.ok(err)
	return made.ID
}

// rewrite saves a policy anew.
func (o *office) rewrite(name string, p policyPaper) {
	o.Helper()
	_, err := o.house.policies.Update(o.ctx, o.policies[name], func(old *policy.Policy) error {
		next := o.written(name, p)
		old.Steps, old.Rules, old.BaselineID = next.Steps, next.Rules, next.BaselineID
		return nil
	})
	o.ok(err)
}

// mentions are the names of the policies that p refers to.
func (p policyPaper) mentions() []string {
	list := []string{p.Baseline}
	for _, r := range p.Rules {
		list = append(list, r.Policy)
	}
	for _, steps := range append(slices.Collect(maps.Values(p.Lists)), p.Steps) {
		for _, s := range steps {
			if s.Approval != nil && s.Approval.Escalation != nil {
				list = append(list, s.Approval.Escalation.Policy)
			}
		}
	}
	return list
}

func (o *office) written(name string, p policyPaper) policy.Policy {
	o.Helper()
	kind := policy.Kind(strings.ToUpper(p.Kind))
	if kind == "" {
		kind = policy.Grant
	}
	out := policy.Policy{Kind: kind, DisplayName: name, BaselineID: o.policies[p.Baseline], Steps: map[string][]policy.Step{}}
	if p.Baseline == "" {
		out.Steps[kind.Baseline()] = o.steps(p.Steps)
	}
	for key, list := range p.Lists {
		out.Steps[key] = o.steps(list)
	}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, policy.Rule{Condition: o.expression(r.If), StepKey: r.List, PolicyID: o.policies[r.Policy]})
	}
	return out
}

// expression puts ids in the place of names.
func (o *office) expression(text string) string {
	return os.Expand(text, func(name string) string {
		switch {
		case name == "app":
			return id.KSUID(string(o.app.ID))
		case name == "entitlement":
			return id.KSUID(string(o.of.ID))
		case o.groups[name].ID != "":
			return id.KSUID(string(o.groups[name].ID))
		}
		return id.KSUID(string(o.user(name)))
	})
}

func (o *office) steps(papers []stepPaper) []policy.Step {
	o.Helper()
	var list []policy.Step
	for _, s := range papers {
		var step policy.Step
		switch {
		case s.Approval != nil:
			step.Approval = o.approval(*s.Approval)
		case s.Accept != "":
			step.Accept = &policy.Verdict{Message: s.Accept}
		case s.Reject != "":
			step.Reject = &policy.Verdict{Message: s.Reject}
		case s.Wait != nil:
			step.Wait = o.wait(*s.Wait)
		case s.Provision != nil:
			step.Provision = &policy.Provision{Doc: o.provision(s.Provision.By, s.Provision.Users)}
		}
		list = append(list, step)
	}
	return list
}

func (o *office) approval(p approvalPaper) *policy.Approval {
	o.Helper()
	a := &policy.Approval{
		Kind: policy.ApproverKind(p.By), UserIDs: o.users(p.Users), AllowSelfApproval: p.Self, RequireDistinctApprovers: p.Distinct,
		AllowDelegation: p.Delegation, AllowReassignment: p.Reassignment, AllowedReassignees: o.users(p.Reassignees),
		RequireApprovalReason: slices.Contains(p.Reasons, "approve"), RequireDenialReason: slices.Contains(p.Reasons, "deny"),
		RequireReassignmentReason: slices.Contains(p.Reasons, "reassign"),
	}
	if p.Group != "" {
		a.Group = o.refs([]string{p.Group})[0]
	}
	for _, e := range p.Expressions {
		a.Expressions = append(a.Expressions, o.expression(e))
	}
	a.Quorum = policy.Quorum(p.Quorum)
	for _, s := range p.Slots {
		a.Slots = append(a.Slots, o.slot(s))
	}
	if f := p.Fallback; f != nil {
		a.Fallback = &policy.Fallback{Enabled: !f.Off, UserIDs: o.users(f.Users), ByGroups: len(f.Groups) > 0, Groups: o.refs(f.Groups)}
	}
	if e := p.Escalation; e != nil {
		a.Disabled = e.Off
		a.Escalation = &policy.Escalation{
			After: e.After.span, Kind: policy.EscalationKind(e.Do), UserIDs: o.users(e.To), PolicyID: o.policies[e.Policy], Comment: "too late",
		}
	}
	return a
}

func (o *office) slot(text string) policy.Slot {
	o.Helper()
	kind, what, _ := strings.Cut(text, " of ")
	switch kind {
	case "manager":
		return policy.Slot{Kind: policy.ToManager}
	case "item":
		return policy.Slot{Kind: policy.ToItem}
	case "owners":
		return policy.Slot{Kind: policy.ToOwners, Owned: o.object(what)}
	case "holders":
		return policy.Slot{Kind: policy.ToHolders, Group: o.refs([]string{what})[0]}
	}
	return policy.Slot{Kind: policy.ToUser, User: o.user(text)}
}

func (o *office) wait(p waitPaper) *policy.Wait {
	o.Helper()
	w := &policy.Wait{Name: "wait", Duration: p.For.span, Timeout: p.Timeout.span}
	if p.If != "" {
		w.Condition = o.expression(p.If)
	}
	if p.Until != "" {
		at, err := time.Parse("15:04", p.Until)
		o.ok(err)
		w.Until = &policy.ClockTime{Hours: uint32(at.Hour()), Minutes: uint32(at.Minute()), Zone: p.Zone}
	}
	return w
}

func (o *office) provision(by string, users []string) json.RawMessage {
	o.Helper()
	if by == "" {
		return nil
	}
	said := map[string]any{}
	if len(users) > 0 {
		var list []string
		for _, u := range o.users(users) {
			list = append(list, id.KSUID(string(u)))
		}
		said["userIds"] = list
	}
	doc, err := json.Marshal(map[string]any{by: said})
	o.ok(err)
	return doc
}
