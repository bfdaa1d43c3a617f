package item

import (
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Terms are what holds for one request, by how its item is configured.
type Terms struct {
	Configuration

	// Key names the configuration, and the state of the item in which it was read.
	Key string
	// Steps are those of the task: who decides, in the order of the stages, and then that access is given. Empty: nobody said who
	// decides, and a policy does as it would without configurations.
	Steps []policy.Step
}

// Whose is whose access a request is about: a user's, a group's, whose members hold an entitlement, or nobody's.
type Whose struct {
	User  directory.UserID
	Group app.EntitlementRef
}

// Terms answers what holds for a request for an entitlement at a moment. False where its item is not configured.
//
// Whose access it is counts, and not who asks for it for them: a configuration that asks less of the members of a group is for their
// access, and not for what they ask for others. Of a group,
// what counts is of which groups all its members are, since the one is in the others.
func (s *Service) Terms(q db.Q, e app.Entitlement, whose Whose, at time.Time) (Terms, bool, error) {
	if e.ResourceID == app.AccessResource {
		return Terms{}, false, nil
	}
	i, ok, err := configured(q, app.ResourceRef{AppID: e.AppID, ID: e.ResourceID})
	if err != nil || !ok {
		return Terms{}, false, err
	}
	holds, err := s.conditions(q, i, e.Ref(), whose, at)
	if err != nil {
		return Terms{}, false, err
	}
	c, ok := For(i.Configurations, holds)
	if !ok {
		return Terms{}, false, nil
	}
	t := Terms{Configuration: c, Key: fmt.Sprintf("configuration %d, version %d", c.Priority, i.Version)}
	owned, err := owners(q, c.Stages)
	t.Steps = c.steps(owned)
	return t, err == nil, err
}

// conditions answers which conditions hold for a request. What none of them goes by is not read.
func (s *Service) conditions(q db.Q, i Item, of app.EntitlementRef, whose Whose, at time.Time) (func(Condition) bool, error) {
	var groups, levels bool
	for _, c := range i.Configurations {
		if c.Condition != nil {
			groups, levels = groups || len(c.Condition.Groups) > 0, levels || len(c.Condition.Levels) > 0
		}
	}
	var held []app.EntitlementRef
	var slug string
	if groups {
		var err error
		if held, err = s.heldBy(q, whose, at); err != nil {
			return nil, err
		}
	}
	if levels {
		all, err := levelsOf(q, []Item{i})
		if err != nil {
			return nil, err
		}
		if n := slices.IndexFunc(all[i.ID], func(l Level) bool { return l.Entitlement == of }); n >= 0 {
			slug = all[i.ID][n].Slug
		}
	}
	return func(c Condition) bool { return c.holds(slug, held) }, nil
}

// heldBy are the entitlements that somebody has access by, or that all members of a group have.
func (s *Service) heldBy(q db.Q, whose Whose, at time.Time) ([]app.EntitlementRef, error) {
	switch {
	case whose.Group.ID != "" && s.Bindings != nil:
		reached, err := s.Bindings.Reach(q, whose.Group)
		return append(reached, whose.Group), err
	case whose.Group.ID != "":
		return []app.EntitlementRef{whose.Group}, nil
	case whose.User == "":
		return nil, nil
	}
	return db.Collect(q, func(r *db.Rows) (v app.EntitlementRef, err error) {
		return v, r.Scan(&v.AppID, &v.ID)
	}, `select h.app_id, h.id from (`+heldSQL("$1", "$2")+`) h`, string(whose.User), clock.Micros(at))
}

// holds reports whether c holds for a request for the level of that slug, for somebody who has access by held.
func (c Condition) holds(slug string, held []app.EntitlementRef) bool {
	member := slices.ContainsFunc(c.Groups, func(g app.EntitlementRef) bool { return slices.Contains(held, g) })
	return (len(c.Groups) == 0 || member) && (len(c.Levels) == 0 || slices.Contains(c.Levels, slug))
}

// owners are what the members of the stages' sets of owners own, by the identities of the sets. One that is gone is owned by nobody.
func owners(q db.Q, stages []Stage) (map[string]owner.Object, error) {
	sets, _ := newcomers(map[string]bool{}, []Configuration{{Stages: stages}})
	found, err := owner.ObjectsOf(q, sets)
	out := make(map[string]owner.Object, len(sets))
	for _, id := range sets {
		o, ok := found[id]
		if !ok {
			o = owner.OfSet(id)
		}
		out[string(id)] = o
	}
	return out, err
}

// steps are the steps of a task under c: its stages in order, or none where it is approved by itself, and then that access is given. None
// at all where c does not say who decides. owned are the objects whose owners the stages ask.
func (c Configuration) steps(owned map[string]owner.Object) []policy.Step {
	var out []policy.Step
	if c.AutoApprove {
		out = append(out, policy.Step{Accept: &policy.Verdict{Message: "approved by how it is configured"}})
	}
	for _, s := range c.Stages {
		out = append(out, policy.Step{Approval: s.approval(owned)})
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, policy.Step{Provision: &policy.Provision{}})
}

// approval is s as an approval by slots: its owners in their order, the manager, who owns the item, and its people. Delegates answer.
func (s Stage) approval(owned map[string]owner.Object) *policy.Approval {
	a := &policy.Approval{Kind: policy.Slots, Quorum: policy.AnySlot, AllowDelegation: true}
	if s.All {
		a.Quorum = policy.AllSlots
	}
	add := func(v policy.Slot) {
		if !slices.Contains(a.Slots, v) {
			a.Slots = append(a.Slots, v)
		}
	}
	for _, id := range s.Owners {
		add(policy.Slot{Kind: policy.ToOwners, Owned: owned[id]})
	}
	if s.Manager {
		add(policy.Slot{Kind: policy.ToManager})
	}
	if s.Admin {
		add(policy.Slot{Kind: policy.ToItem})
	}
	for _, u := range s.People {
		add(policy.Slot{Kind: policy.ToUser, User: u})
	}
	return a
}

// Longest is the longest that access may be asked for; zero: no limit. An extension has a limit of its own, where one is said.
func (t Terms) Longest(extension bool) time.Duration {
	if extension && t.Extension > 0 {
		return t.Extension
	}
	return t.MaxDuration
}
