package task_test

import (
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
)

var (
	ownersOf = task.Slot{Kind: task.ToOwners, Of: task.OfApp, App: "app", Object: "app"}
	groupOf  = task.Slot{Kind: task.ToHolders, App: "app", Object: "group"}
	toAdmins = task.Slot{Kind: task.ToAdmins}
)

func fillers(list ...directory.UserID) []task.Filler {
	out := make([]task.Filler, len(list))
	for i, u := range list {
		out[i].User = u
	}
	return out
}

func crowd(n int) (list []directory.UserID) {
	for i := range n {
		list = append(list, directory.UserID(rune('a'+i%26))+directory.UserID(rune('0'+i/26)))
	}
	return list
}

func away(who, instead directory.UserID) map[directory.UserID][]task.Stand {
	return map[directory.UserID][]task.Stand{who: {{For: who, User: instead, Delegation: "d", Instead: true}}}
}

func beside(who, instead directory.UserID) map[directory.UserID][]task.Stand {
	return map[directory.UserID][]task.Stand{who: {{For: who, User: instead, Delegation: "d"}}}
}

func TestWhoMayDecide(t *testing.T) {
	fixed := []task.Stand{{For: grace, User: linus, Delegation: "d", Instead: true}}
	for _, c := range []struct {
		name   string
		q      task.Question
		owners []directory.UserID
		group  []directory.UserID
		stands map[directory.UserID][]task.Stand
		want   []directory.UserID
		tier   task.Tier
	}{
		{name: "owners", owners: []directory.UserID{linus, grace}, want: []directory.UserID{grace, linus}, tier: task.Named},
		{name: "the subject is an owner", owners: []directory.UserID{ada, grace}, want: []directory.UserID{grace}, tier: task.Named},
		{name: "the opener is an owner", q: task.Question{Opener: grace}, owners: []directory.UserID{grace, linus}, want: []directory.UserID{linus}, tier: task.Named},
		{name: "the subject is the only owner", owners: []directory.UserID{ada}, want: []directory.UserID{edith}, tier: task.Admins},
		{name: "self-approval", q: task.Question{Self: true}, owners: []directory.UserID{ada}, want: []directory.UserID{ada}, tier: task.Named},
		{name: "nobody, and a fallback", q: task.Question{Fallback: []task.Slot{groupOf}}, group: []directory.UserID{linus, ada}, want: []directory.UserID{linus}, tier: task.Fallback},
		{name: "nobody at all", q: task.Question{Subject: edith, Opener: edith}, tier: task.Nobody},
		{name: "self-approval does not make an administrator of the subject", q: task.Question{Subject: edith, Self: true}, tier: task.Nobody},
		{name: "who is asked about themself decides alone", q: task.Question{Alone: true, Named: []task.Slot{groupOf}}, group: []directory.UserID{ada}, want: []directory.UserID{ada}, tier: task.Named},
		{name: "whom a step that asks the subject falls back to is not the opener", q: task.Question{Alone: true, Opener: linus, Named: []task.Slot{{Kind: task.ToUser}}, Fallback: []task.Slot{groupOf}}, group: []directory.UserID{linus}, want: []directory.UserID{edith}, tier: task.Admins},
		{name: "a group", q: task.Question{Named: []task.Slot{groupOf}}, group: []directory.UserID{ada, grace}, want: []directory.UserID{grace}, tier: task.Named},
		{name: "a group of the most that may be", q: task.Question{Named: []task.Slot{groupOf}}, group: crowd(task.MaxHolders), want: slices.Sorted(slices.Values(crowd(task.MaxHolders))), tier: task.Named},
		{name: "a group too large", q: task.Question{Named: []task.Slot{groupOf}}, group: crowd(task.MaxHolders + 1), want: []directory.UserID{edith}, tier: task.Admins},
		{name: "who approved before", q: task.Question{Distinct: true, Approved: []directory.UserID{grace}}, owners: []directory.UserID{grace, linus}, want: []directory.UserID{linus}, tier: task.Named},
		{name: "all approved before", q: task.Question{Distinct: true, Approved: []directory.UserID{grace}}, owners: []directory.UserID{grace}, want: []directory.UserID{edith}, tier: task.Admins},
		{name: "away when the step opens", q: task.Question{Delegates: true, Opening: true}, owners: []directory.UserID{grace}, stands: away(grace, linus), want: []directory.UserID{linus}, tier: task.Named},
		{name: "away since the step opened", q: task.Question{Delegates: true, Fixed: fixed}, owners: []directory.UserID{grace}, stands: away(grace, linus), want: []directory.UserID{linus}, tier: task.Named},
		{name: "away later", q: task.Question{Delegates: true}, owners: []directory.UserID{grace}, stands: away(grace, linus), want: []directory.UserID{grace}, tier: task.Named},
		{name: "back again", q: task.Question{Delegates: true, Fixed: fixed}, owners: []directory.UserID{grace}, want: []directory.UserID{grace}, tier: task.Named},
		{name: "no delegates", q: task.Question{Opening: true}, owners: []directory.UserID{grace}, stands: away(grace, linus), want: []directory.UserID{grace}, tier: task.Named},
		{name: "beside, whenever it began", q: task.Question{Delegates: true}, owners: []directory.UserID{grace}, stands: beside(grace, linus), want: []directory.UserID{grace, linus}, tier: task.Named},
		{name: "the delegate is the subject", q: task.Question{Delegates: true, Opening: true}, owners: []directory.UserID{grace}, stands: away(grace, ada), want: []directory.UserID{grace}, tier: task.Named},
		{name: "the delegate is the subject, and self-approval", q: task.Question{Delegates: true, Opening: true, Self: true}, owners: []directory.UserID{grace}, stands: beside(grace, ada), want: []directory.UserID{grace}, tier: task.Named},
		{name: "the subject's delegate", q: task.Question{Delegates: true, Opening: true}, owners: []directory.UserID{ada, linus}, stands: away(ada, grace), want: []directory.UserID{linus}, tier: task.Named},
		{name: "the delegate approved before", q: task.Question{Delegates: true, Opening: true, Distinct: true, Approved: []directory.UserID{linus}}, owners: []directory.UserID{grace}, stands: away(grace, linus), want: []directory.UserID{grace}, tier: task.Named},
		{name: "an administrator's delegate", q: task.Question{Delegates: true, Opening: true}, stands: away(edith, linus), want: []directory.UserID{edith}, tier: task.Admins},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.AdminsToo = true
			if c.q.Subject == "" {
				c.q.Subject = ada
			}
			if c.q.Named == nil {
				c.q.Named = []task.Slot{ownersOf}
			}
			r := c.q.Resolve(task.Facts{
				People: map[task.Slot][]task.Filler{ownersOf: fillers(c.owners...), groupOf: fillers(c.group...), toAdmins: fillers(edith)},
				Stands: c.stands,
			})
			if r.Tier != c.tier || !slices.Equal(r.Users(), c.want) && len(r.Users())+len(c.want) > 0 {
				t.Errorf("%s: %v, want %s: %v", r.Tier, r.Users(), c.tier, c.want)
			}
		})
	}
}

func TestEveryReasonIsGiven(t *testing.T) {
	q := task.Question{Subject: ada, Named: []task.Slot{ownersOf, {Kind: task.ToUser, User: grace}}, Delegates: true}
	r := q.Resolve(task.Facts{
		People: map[task.Slot][]task.Filler{
			ownersOf: {{User: grace, Via: app.EntitlementRef{AppID: "app", ID: "owners"}}, {User: linus}}, {Kind: task.ToUser, User: grace}: fillers(grace),
		},
		Stands: beside(linus, grace),
	})
	reasons := r.Of(grace)
	if len(reasons) != 3 || reasons[0].Via.ID != "owners" || reasons[1].For != linus {
		t.Errorf("reasons %+v", reasons)
	}
	for _, one := range reasons {
		if one.String() == "" {
			t.Error("a reason without words")
		}
	}
	if r.Of(edith) != nil {
		t.Error("somebody else has reasons")
	}
}
