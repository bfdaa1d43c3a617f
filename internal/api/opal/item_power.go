package opal

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What those may not who reach an item by powers alone: change what their acts do not say, and get the item by it.

// within keeps a change of an item to what the acts say; nil lets everything. What is configured otherwise than before approves nothing by
// itself, be it only what a condition, an order or a policy had kept from counting: who may configure would get the item by asking for it.
// Said again as it was it counts no more than it did.
func within(acts []iam.Act, become func(*item.Item) error) func(*item.Item) error {
	if acts == nil {
		return become
	}
	return func(i *item.Item) error {
		was := *i
		if err := become(i); err != nil {
			return err
		}
		configures := slices.Contains(acts, iam.ActConfigure)
		if !configures {
			i.Offered = was.Offered
		}
		allowed := *i
		if slices.Contains(acts, iam.ActChange) {
			allowed.DisplayName, allowed.Description, allowed.Notice, allowed.Risk = was.DisplayName, was.Description, was.Notice, was.Risk
			allowed.MFAToApprove, allowed.MFAToConnect = was.MFAToApprove, was.MFAToConnect
			allowed.Tickets, allowed.Leaders = was.Tickets, was.Leaders
			allowed.Limited, allowed.Audience = was.Limited, was.Audience
		}
		if configures {
			if approves(i.Configurations) && !i.ConfiguredAs(was) {
				return fault.New(fault.Denied, "Permission denied, that requests are approved by themselves is said by an administrator")
			}
			allowed.Configurations, allowed.Offered = was.Configurations, was.Offered
		}
		if !allowed.SaysAs(was) {
			return fault.New(fault.Denied, "Permission denied, some of what changes is for others to change")
		}
		if !configures || i.ConfiguredAs(was) {
			i.KeepConfigured(was)
		}
		return nil
	}
}

// approves reports whether some of the requests are approved by themselves.
func approves(list []item.Configuration) bool {
	return slices.ContainsFunc(list, func(c item.Configuration) bool { return c.AutoApprove })
}

// notThemself refuses to who reaches something by powers alone, or as an owner, what would serve themself, or a service or agent of theirs:
// tags, which rules go by, and a place among owners.
func (d *Door) notThemself(ctx context.Context, list ...directory.UserID) error {
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return err
	}
	for _, u := range list {
		mine := u == me
		if !mine {
			if mine, err = d.Owners.Runs(d.DB.Q(ctx), me, u, d.Clock.Now()); err != nil {
				return err
			}
		}
		if mine {
			return fault.New(fault.Denied, "Permission denied, nobody does that for themself, nor for what acts for them")
		}
	}
	return nil
}

func userObject(id UUID) iam.Object { return iam.Object{Type: string(owner.User), ID: string(id)} }

// mayAdminister refuses to say who owns an item to whoever reaches it by powers alone: they would name themself.
func mayAdminister(ctx context.Context, said map[item.ID]UUID) error {
	me, err := iam.OnlyOwning(ctx)
	if err == nil && me != "" && len(said) > 0 {
		err = fault.New(fault.Denied, "Permission denied, who owns an item is said by an administrator")
	}
	return err
}
