package task_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

func TestWhenTheLastOwnerGoesTheTaskWaitsForSuperAdministrators(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, nil, nil))
		o.pass(o.Tasks.Due())
		o.asked(asked, o.Edith)
		if !slices.Contains(o.kinds(asked), task.FellBackToAdmins) {
			t.Errorf("kinds %v", o.kinds(asked))
		}
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Linus}, nil))
		o.pass(o.Tasks.Due())
		o.asked(asked, o.Linus)
	})
}

func TestWhenTheHoldersOfTheOwningEntitlementAreGoneTheTaskWaitsForSuperAdministrators(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		group := o.Entitlement(o.App.ID)
		k := grant.Key{App: o.App.ID, Entitlement: group.ID, Account: o.Account(o.App.ID, o.Linus).ID}
		_, err := o.Grants.Create(o.Ctx, k, o.Clock.Now().Add(time.Hour))
		o.ok(err)
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, nil, []app.EntitlementRef{group.Ref()}))
		byOwner := o.request()
		o.Book.grant[0].Approval.Kind, o.Book.grant[0].Approval.Group = policy.Group, group.Ref()
		a := o.asks()
		a.Subject = o.Grace
		byHolder, err := o.Tasks.RequestGrant(o.as(o.Ada), a)
		o.ok(err)
		o.asked(byOwner, o.Linus)
		o.asked(byHolder, o.Linus)
		o.Clock.Advance(time.Hour)
		o.pass(o.Grants.Ender(), o.Tasks.Due())
		o.asked(byOwner, o.Edith)
		o.asked(byHolder, o.Edith)
	})
}

func TestTheMembersOfAnOwnerSetAreAskedAndAskedAgainWhenItChanges(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		set, err := o.Owners.CreateSet(o.Ctx, owner.Set{Name: "Operators", Members: []directory.UserID{o.Grace}})
		o.ok(err)
		become := func(fn func(v *owner.Set)) {
			t.Helper()
			_, err := o.Owners.UpdateSets(o.Ctx, []owner.SetChange{{ID: set.ID, Become: func(v *owner.Set) error { fn(v); return nil }}})
			o.ok(err)
			o.pass(o.Tasks.Due())
		}
		o.ok(o.Owners.Share(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, set.ID))
		asked := o.request()
		o.asked(asked, o.Grace)
		become(func(v *owner.Set) { v.Members = []directory.UserID{o.Linus} })
		o.asked(asked, o.Linus)

		group := o.Entitlement(o.App.ID)
		become(func(v *owner.Set) { v.Source = group.Ref() })
		o.asked(asked, o.Edith) // nobody holds it
		k := grant.Key{App: o.App.ID, Entitlement: group.ID, Account: o.Account(o.App.ID, o.Grace).ID}
		_, err = o.Grants.Create(o.Ctx, k, o.Clock.Now().Add(time.Hour))
		o.ok(err)
		become(func(v *owner.Set) { v.Members = []directory.UserID{o.Linus} }) // which only says an order
		o.asked(asked, o.Grace)
		o.Clock.Advance(time.Hour)
		o.pass(o.Grants.Ender(), o.Tasks.Due())
		o.asked(asked, o.Edith)
		become(func(v *owner.Set) { v.Source, v.Members = app.EntitlementRef{}, []directory.UserID{o.Linus, o.Edith} })
		o.asked(asked, o.Linus, o.Edith)
		become(func(v *owner.Set) { v.Members = []directory.UserID{o.Linus} })
		_, err = o.Directory.Disable(o.Ctx, o.Linus, "")
		o.ok(err)
		o.pass(o.Tasks.Due())
		o.asked(asked, o.Edith)
	})
}

func TestAnApprovalThatCountsNoLongerHidesNothingFromWhoGaveIt(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace, o.Linus}, nil))
		owners := policy.Step{Approval: &policy.Approval{Kind: policy.AppOwners, RequireDistinctApprovers: true}}
		o.Book.grant = []policy.Step{owners, owners}
		asked := o.approved(o.Grace, o.request())
		o.asked(asked, o.Linus)
		_, err := o.Tasks.Reset(o.as(o.Edith), string(asked.ID), "once more")
		o.ok(err)
		o.approved(o.Linus, asked)
		o.asked(asked, o.Grace)
	})
}

func TestTheHistoryOfATaskIsInTheOrderOfWhatHappened(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.Book.grant = []policy.Step{{Accept: &policy.Verdict{}}, {Provision: &policy.Provision{}}}
		want := []task.AuditKind{task.TaskCreated, task.AutoAccepted, task.ProvisionStarted, task.ProvisionEnded, task.GrantOutcome}
		for range 8 {
			if got := o.kinds(o.request()); !slices.Equal(got, want) {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	})
}
