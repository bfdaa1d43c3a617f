package c1

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What those may not who reach an object only because they own it: serve themselves, and change the rules they live by.

// mayName refuses owners to name themselves, and entitlements that they hold, unless those are named already. The threat: who owns
// for a time, through an entitlement, would make themself an owner for good.
func (d *Deps) mayName(
	ctx context.Context, o owner.Object, role string, users []directory.UserID, entitlements []app.EntitlementRef,
) error {
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return err
	}
	for _, u := range users {
		mine, err := u == me, error(nil)
		if !mine {
			mine, err = d.Owners.Runs(d.DB.Q(ctx), me, u, d.Clock.Now())
		}
		if err != nil {
			return err
		}
		if !mine {
			continue
		}
		if _, err := d.Owners.GetUser(ctx, o, role, u); err != nil {
			return notByThemself(err)
		}
	}
	for _, e := range entitlements {
		held, err := d.Read.OfIdentity(ctx, e, me)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(held, func(h read.HeldBy) bool { return h.Binding != nil }) {
			continue
		}
		if _, err := d.Owners.GetEntitlement(ctx, o, role, e); err != nil {
			return notByThemself(err)
		}
	}
	return nil
}

// notByThemself is the refusal to name whom err does not find among the owners.
func notByThemself(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Denied, "Permission denied, an owner is named by somebody else")
	}
	return err
}

// MayGive is [grant.MayGive] for an account.
func (d *Deps) MayGive(ctx context.Context, appID app.ID, accountID app.AccountID) error {
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return err
	}
	q := d.DB.Q(ctx)
	a, err := app.GetAccount(q, appID, accountID)
	if err != nil {
		return err
	}
	if err := grant.MayGive(ctx, a.UserID); err != nil {
		return err
	}
	var own bool
	if a.UserID == "" {
		own, err = d.owns(q, me, owner.OfAccount(a.Ref()))
	} else {
		own, err = d.Owners.Runs(q, me, a.UserID, d.Clock.Now())
	}
	if own && err == nil {
		err = fault.New(fault.Denied, "Permission denied, an owner does not give access to themself, nor to what acts for them")
	}
	return err
}

// owns reports whether the caller is one of the primary owners of an object itself, whatever it is in.
func (d *Deps) owns(q db.Q, me directory.UserID, o owner.Object) (bool, error) {
	owned, err := d.Owners.Users(q, []owner.Object{o}, owner.Primary, d.Clock.Now())
	return slices.ContainsFunc(owned[o], func(one owner.Owned) bool { return one.User == me }), err
}

// byRules lets owners change an object's words only: change fails where ruled tells that it changed a rule. The threat: who owns an
// entitlement would have it given without anybody deciding, or another app's in its place.
func byRules[T any](ctx context.Context, change func(*T) error, ruled func(was, is *T) bool) (func(*T) error, error) {
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return change, err
	}
	return func(object *T) error {
		was := *object
		if err := change(object); err != nil {
			return err
		}
		if ruled(&was, object) {
			return fault.New(fault.Denied, "Permission denied, policies, what they go by, provisioning and durations are set by an administrator")
		}
		return nil
	}, nil
}

// appRuled tells whether an app's policies changed, or how accounts find their users.
func appRuled(was, is *app.App) bool {
	return was.Chosen != is.Chosen || was.IdentityMatching != is.IdentityMatching
}

// entitlementRuled tells whether the policies of an entitlement changed, what they go by, what is given, or for how long. Rules may go by
// the names of entitlements: the threat is an owner who renames one until the rule for another holds. To choose the same policy again is
// a change where it had been overruled.
func entitlementRuled(was, is *app.Entitlement) bool {
	return was.Overruled != is.Overruled || was.DisplayName != is.DisplayName || was.Alias != is.Alias || was.Slug != is.Slug ||
		was.RiskLevelID != is.RiskLevelID ||
		!slices.Equal(was.FrameworkIDs, is.FrameworkIDs) ||
		!maps.Equal(was.Annotations, is.Annotations) || was.Chosen != is.Chosen || was.Emergency != is.Emergency ||
		was.MaxGrant != is.MaxGrant || was.Unlimited != is.Unlimited || was.OverridesDefaults != is.OverridesDefaults ||
		!proto.Equal(encodePolicy(was.Provision), encodePolicy(is.Provision)) ||
		!proto.Equal(encodePolicy(was.Deprovision), encodePolicy(is.Deprovision))
}
