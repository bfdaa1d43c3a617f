package iam

import (
	"net/netip"
	"slices"
	"time"
)

// Limits bound a credential and all that is made with it. The zero value is no bound. Values are shared between requests: never
// write to one that was handed out.
type Limits struct {
	Roles   []RoleID       `json:"roles,omitempty"`   // rights are cut down to these; empty: all the owner has
	Sources []netip.Prefix `json:"sources,omitempty"` // usable from these networks; empty: from anywhere
	Until   time.Time      `json:"until,omitzero"`    // dead from this moment on; zero: never
}

// exceeds names what of l reaches beyond o, as the API names it; "" if nothing does.
func (l Limits) exceeds(o Limits) string {
	switch {
	case len(o.Roles) > 0 && (len(l.Roles) == 0 || !allIn(l.Roles, o.Roles)):
		return "scopedRoles"
	case len(o.Sources) > 0 && (len(l.Sources) == 0 || !allWithin(l.Sources, o.Sources)):
		return "allowSourceCidr"
	case !o.Until.IsZero() && (l.Until.IsZero() || l.Until.After(o.Until)):
		return "expires"
	default:
		return ""
	}
}

// or returns l with the bounds of o where l has none.
func (l Limits) or(o Limits) Limits {
	if len(l.Roles) == 0 {
		l.Roles = o.Roles
	}
	if len(l.Sources) == 0 {
		l.Sources = o.Sources
	}
	if l.Until.IsZero() {
		l.Until = o.Until
	}
	return l
}

// admits reports whether the credential may be used from ip. An address that is not known is nowhere.
func (l Limits) admits(ip netip.Addr) bool {
	return len(l.Sources) == 0 || slices.ContainsFunc(l.Sources, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// dead reports whether the credential has ended at now: it lives in [made, Until).
func (l Limits) dead(now time.Time) bool { return !l.Until.IsZero() && !now.Before(l.Until) }

func allIn(some, all []RoleID) bool {
	return !slices.ContainsFunc(some, func(r RoleID) bool { return !slices.Contains(all, r) })
}

func allWithin(some, all []netip.Prefix) bool {
	return !slices.ContainsFunc(some, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(all, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
	})
}
