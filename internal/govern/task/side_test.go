package task_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// bot is a service that somebody owns.
func (o *office) bot(of directory.UserID) directory.UserID {
	o.Helper()
	u, err := o.Directory.Create(o.Ctx, directory.User{DisplayName: "Bot", Email: "bot@example.com", Kind: directory.KindService})
	o.ok(err)
	o.ok(o.Owners.Set(o.Ctx, owner.OfUser(u.ID), owner.Primary, []directory.UserID{of}, nil))
	return u.ID
}

// Whoever's a service is, what it says they say: it decides about them as little as they do.
func TestAServiceDecidesNothingForWhoOwnsIt(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		bot := o.bot(o.Ada)
		o.Book.grant[0] = slots(policy.AllSlots, policy.Slot{Kind: policy.ToUser, User: bot}, policy.Slot{Kind: policy.ToUser, User: o.Grace})
		asked := o.request()
		if got := o.eligible(asked); slices.Contains(got, bot) || !slices.Contains(got, o.Grace) {
			t.Errorf("eligible %v", got)
		}
		_, err := o.Tasks.Approve(o.as(bot), string(asked.ID), asked.Step(), "")
		o.fails(err, fault.Denied)
		if list, err := o.Tasks.Work(o.Context(), bot, page.Request{Size: 10}); err != nil || len(list.Items) != 0 {
			t.Errorf("its work: %v, %v", list.Items, err)
		}
		_, err = o.Tasks.Close(o.as(o.Ada), string(asked.ID), "")
		o.ok(err)

		o.Book.grant[0] = policy.Step{Approval: &policy.Approval{Kind: policy.AppOwners}}
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{bot, o.Grace}, nil))
		asked = o.request()
		_, err = o.Tasks.SkipStep(o.as(bot), string(asked.ID), asked.Step(), "")
		o.fails(err, fault.Denied)
		_, err = o.Tasks.DecideTogether(o.as(bot), asked.ID, task.BatchDecision{Approve: true, Override: true})
		o.fails(err, fault.Denied)
		o.ok(o.Owners.Set(o.Ctx, owner.OfUser(bot), owner.Primary, []directory.UserID{o.Linus}, nil))
		o.approved(bot, asked) // who has nothing to do with it
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestAServiceClosesNoRevocationOfWhoOwnsIt(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		bot := o.bot(o.Ada)
		o.approved(o.Grace, o.request())
		o.Book.revoke = []policy.Step{{Approval: &policy.Approval{Kind: policy.AppOwners}}, {Provision: &policy.Provision{}}}
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{bot, o.Grace}, nil))
		o.Clock.Advance(time.Minute)
		ask := o.asks()
		ask.Duration = 0
		taking, err := o.Tasks.RequestRevoke(o.as(o.Edith), ask)
		o.ok(err)
		_, err = o.Tasks.Close(o.as(bot), string(taking.ID), "")
		o.fails(err, fault.Denied)
		o.ok(o.Owners.Set(o.Ctx, owner.OfUser(bot), owner.Primary, []directory.UserID{o.Linus}, nil))
		_, err = o.Tasks.Close(o.as(bot), string(taking.ID), "")
		o.ok(err)
	})
}

func TestNobodyWhoIsAPersonSpeaksForWhoOwnsThem(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfUser(o.Grace), owner.Primary, []directory.UserID{o.Ada}, nil))
		o.approved(o.Grace, o.request())
	})
}

func TestAServiceOfAMemberDecidesNothingAboutTheGroup(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		bot := o.bot(o.Linus)
		o.joins(o.Linus)
		o.Book.grant[0] = policy.Step{Approval: &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{bot}}}
		asked := o.wishes()
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Edith}) {
			t.Errorf("eligible %v", got)
		}
		_, err := o.Tasks.Approve(o.as(bot), string(asked.ID), asked.Step(), "")
		o.fails(err, fault.Denied)
	})
}
