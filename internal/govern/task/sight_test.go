package task_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

// Many tasks at once, in every place a task can be: who may decide each, and what everybody may do, is what is found for each alone.
func TestManyTasksAreSeenAsEachAlone(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		plans := map[string]*policy.Approval{
			"owners":  {Kind: policy.AppOwners, AllowDelegation: true, AllowReassignment: true},
			"named":   {Kind: policy.Users, UserIDs: []directory.UserID{o.Linus, o.Ada}},
			"manager": {Kind: policy.Manager},
			"self":    {Kind: policy.Self},
			"fallback": {Kind: policy.EntitlementOwners, Fallback: &policy.Fallback{
				Enabled: true, UserIDs: []directory.UserID{o.Linus},
			}},
			"nobody": {Kind: policy.ResourceOwners},
		}
		var tasks []task.Task
		for _, name := range []string{"owners", "named", "manager", "self", "fallback", "nobody"} {
			o.Book.grant = []policy.Step{{Approval: plans[name]}, {Provision: &policy.Provision{}}}
			ask := o.asks()
			ask.Entitlement = o.Entitlement(o.App.ID).ID
			one, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
			o.ok(err)
			tasks = append(tasks, one)
		}
		o.Book.emergency = o.Book.grant
		_, err := o.Delegations.Create(o.as(o.Grace), o.Grace, o.Linus, o.Clock.Now(), o.Clock.Now().AddDate(0, 0, 1), "")
		o.ok(err)
		closed := o.approved(o.Grace, tasks[0])
		tasks = append(tasks, closed)
		for _, u := range []directory.UserID{o.Ada, o.Grace, o.Linus, o.Edith} {
			sights, err := o.Tasks.See(o.as(u), tasks)
			o.ok(err)
			for i, one := range tasks {
				alone, err := o.Tasks.Eligible(o.Context(), one)
				o.ok(err)
				actions, err := o.Tasks.Actions(o.as(u), one)
				o.ok(err)
				if one.State == task.Open && !reflect.DeepEqual(sights[i].People, alone.People) {
					t.Errorf("%d: among others %v, alone %v", i, sights[i].People, alone.People)
				}
				if !slices.Equal(sights[i].Actions, actions) {
					t.Errorf("%d for %s: among others %v, alone %v", i, u, sights[i].Actions, actions)
				}
			}
		}
	})
}
