package item_test

import (
	"reflect"
	"testing"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
)

func TestAConfigurationBecomesTheStepsOfATask(t *testing.T) {
	owned := map[string]owner.Object{"set": owner.OfSet("set"), "app": owner.OfApp("app")}
	give := policy.Step{Provision: &policy.Provision{}}
	asks := func(q policy.Quorum, slots ...policy.Slot) policy.Step {
		return policy.Step{Approval: &policy.Approval{Kind: policy.Slots, Quorum: q, Slots: slots, AllowDelegation: true}}
	}
	set := policy.Slot{Kind: policy.ToOwners, Owned: owner.OfSet("set")}
	manager, admin := policy.Slot{Kind: policy.ToManager}, policy.Slot{Kind: policy.ToItem}
	for name, c := range map[string]struct {
		said item.Configuration
		want []policy.Step
	}{
		"nobody is named":    {item.Configuration{Allow: true}, nil},
		"approved by itself": {item.Configuration{AutoApprove: true}, []policy.Step{{Accept: &policy.Verdict{Message: "approved by how it is configured"}}, give}},
		"any of the owners":  {item.Configuration{Stages: []item.Stage{{Owners: []string{"set"}}}}, []policy.Step{asks(policy.AnySlot, set), give}},
		"all, each once": {item.Configuration{Stages: []item.Stage{
			{All: true, Manager: true, Admin: true, Owners: []string{"set", "app", "set"}, People: []directory.UserID{"nina"}},
		}}, []policy.Step{asks(policy.AllSlots, set, policy.Slot{Kind: policy.ToOwners, Owned: owner.OfApp("app")}, manager, admin,
			policy.Slot{Kind: policy.ToUser, User: "nina"}), give}},
		"in their order": {item.Configuration{Stages: []item.Stage{{Manager: true}, {Admin: true}}},
			[]policy.Step{asks(policy.AnySlot, manager), asks(policy.AnySlot, admin), give}},
	} {
		if got := c.said.Steps(owned); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
