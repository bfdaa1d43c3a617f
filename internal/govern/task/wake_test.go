package task_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/seal"
)

// asksNow is whom the row of a task says it asks, without anything that falls due having been done.
func (o *office) asksNow(t task.Task, tier task.Tier, want ...directory.UserID) {
	o.Helper()
	now, err := o.Tasks.Get(o.Context(), string(t.ID))
	o.ok(err)
	if got := now.Current.Eligible; now.Current.Tier != tier || !slices.Equal(got, want) {
		o.Errorf("asks %v (%s), want %v (%s)", got, now.Current.Tier, want, tier)
	}
}

func TestAnOpenStepFindsItsApproversAgainInTheTransactionThatChangesThem(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		manages := func(by ...directory.UserID) {
			_, err := o.Directory.Update(o.Ctx, o.Ada, func(u *directory.User) error { u.ManagerIDs = by; return nil })
			o.ok(err)
		}
		manages(o.Linus)
		o.Book.grant = []policy.Step{{Approval: &policy.Approval{Kind: policy.Manager}}}
		asked := o.request()
		o.asksNow(asked, task.Named, o.Linus)
		manages(o.Grace)
		o.asksNow(asked, task.Named, o.Grace)
		_, err := o.Directory.Disable(o.Ctx, o.Grace, "")
		o.ok(err)
		o.asksNow(asked, task.Admins, o.Edith)
		if !slices.Contains(o.kinds(asked), task.FellBackToAdmins) {
			t.Errorf("audited %v", o.kinds(asked))
		}
		_, err = o.Directory.Disable(o.Ctx, o.Edith, "")
		o.ok(err)
		o.asksNow(asked, task.Nobody)
		if !slices.Contains(o.kinds(asked), task.NobodyEligible) {
			t.Errorf("audited %v", o.kinds(asked))
		}
		_, err = o.Directory.Enable(o.Ctx, o.Edith, "")
		o.ok(err)
		o.asksNow(asked, task.Admins, o.Edith)
		_, err = o.Directory.Enable(o.Ctx, o.Grace, "")
		o.ok(err)
		o.asksNow(asked, task.Named, o.Grace)
		manages()
		o.asksNow(asked, task.Admins, o.Edith)
	})
}

func TestWhoeverBecomesOrCeasesToBeSuperAdministratorIsAskedFromThenOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		roles, err := iam.New(o.Context(), iam.Options{
			DB: o.DB, Clock: o.Clock, Audit: o.Audit, Settings: iam.NewSettings(o.DB, o.Clock, seal.New([32]byte{1})), Host: "interim.example.com",
		})
		o.ok(err)
		t.Cleanup(roles.Close)
		roles.TellSupers(o.Tasks)
		o.Directory.Tell(roles)
		o.Book.grant = []policy.Step{{Approval: &policy.Approval{Kind: policy.Manager}}} // of whom there is none
		asked := o.request()
		o.asksNow(asked, task.Admins, o.Edith)
		ctx, super := iam.AsSystem(o.Ctx), iam.BuiltinID(iam.SuperAdministrator)
		o.ok(roles.AddMember(ctx, o.Linus, super))
		both := []directory.UserID{o.Linus, o.Edith}
		slices.Sort(both)
		o.asksNow(asked, task.Admins, both...)
		o.ok(roles.RemoveMember(ctx, o.Edith, super))
		o.asksNow(asked, task.Admins, o.Linus)
		o.ok(roles.AddMember(ctx, o.Grace, super))
		_, err = o.Directory.Delete(ctx, o.Grace, "")
		o.ok(err)
		o.asksNow(asked, task.Admins, o.Linus)
	})
}

func TestWhoeverLeavesAGroupThatAnswersAnswersNoMore(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		group := o.Entitlement(o.App.ID)
		of := func(u directory.UserID) grant.Key {
			return grant.Key{App: o.App.ID, Entitlement: group.ID, Account: o.Account(o.App.ID, u).ID}
		}
		linus, grace := of(o.Linus), of(o.Grace)
		gives := func(k grant.Key) {
			o.ok(func() error { _, err := o.Grants.Create(o.Ctx, k, time.Time{}); return err }())
		}
		takes := func(k grant.Key) { o.ok(func() error { _, err := o.Grants.Revoke(o.Ctx, k, ""); return err }()) }
		gives(linus)
		gives(grace)
		o.Book.grant = []policy.Step{{Approval: &policy.Approval{Kind: policy.Group, Group: group.Ref()}}}
		asked := o.request()
		both := []directory.UserID{o.Grace, o.Linus}
		slices.Sort(both)
		o.asksNow(asked, task.Named, both...)
		takes(linus)
		o.asksNow(asked, task.Named, o.Grace)
		takes(grace)
		o.asksNow(asked, task.Admins, o.Edith)
		gives(linus)
		o.asksNow(asked, task.Named, o.Linus)
	})
}

func TestAStepReturnsToWhomADisabledDeputyStoodInFor(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		_, err := o.Delegations.SetReassign(o.Ctx, o.Grace, o.Linus, time.Time{}, time.Time{}, "")
		o.ok(err)
		asked := o.request()
		o.asksNow(asked, task.Named, o.Linus)
		_, err = o.Directory.Disable(o.Ctx, o.Linus, "")
		o.ok(err)
		o.asksNow(asked, task.Named, o.Grace)
	})
}

func TestADeputyBesideSomebodyIsAskedAgainWhenEnabled(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		_, err := o.Delegations.Create(o.Ctx, o.Grace, o.Linus, time.Time{}, time.Time{}, "")
		o.ok(err)
		_, err = o.Directory.Disable(o.Ctx, o.Linus, "")
		o.ok(err)
		asked := o.request()
		o.asksNow(asked, task.Named, o.Grace)
		_, err = o.Directory.Enable(o.Ctx, o.Linus, "")
		o.ok(err)
		both := []directory.UserID{o.Grace, o.Linus}
		slices.Sort(both)
		o.asksNow(asked, task.Named, both...)
	})
}

func TestWhatIsMoreThanATransactionMayHoldUpIsFoundRightAfter(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		var all []task.Task
		for range 23 {
			ask := o.asks()
			ask.Entitlement = o.Entitlement(o.App.ID).ID
			asked, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
			o.ok(err)
			all = append(all, asked)
		}
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Linus}, nil))
		o.asksNow(all[0], task.Named, o.Linus)
		o.asksNow(all[22], task.Named, o.Grace)
		o.pass(o.Tasks.Due())
		for _, one := range all {
			o.asksNow(one, task.Named, o.Linus)
		}
	})
}

func TestWhoCouldDecideAStepThatIsOverIsWrittenDown(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace, o.Linus}, nil))
		asked := o.request()
		var n int
		count := func() int {
			o.ok(o.DB.Q(o.Context()).Row(`select count(*) from task_asked where task_id = $1 and user_id in ($2, $3)`,
				string(asked.ID), string(o.Grace), string(o.Linus)).Scan(&n))
			return n
		}
		if count() != 0 {
			t.Errorf("%d were asked by steps that are over", n)
		}
		after := o.approved(o.Grace, asked)
		if count() != 2 || !after.WasAsked(o.Linus) || after.WasAsked(o.Edith) {
			t.Errorf("%d were asked by steps that are over", n)
		}
	})
}
