package iam

import (
	"context"
	"net/netip"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Principal is who makes a request, through which credential, and what it reaches at that moment. It is made anew for every
// request and never kept.
type Principal struct {
	UserID     directory.UserID
	Name       string    // of the user
	Email      string    // of the user
	Kind       string    // of the credential: KindPersonal, KindDevice, KindSession, KindToken
	ClientKey  ClientKey // empty for a session; for KindToken the token's id
	ClientID   string    // empty for a session
	Device     string    // for KindDevice the public client id of the program on the device
	TokenID    string    // the access token's jti, or the session's id; empty for KindToken
	Scopes     Scopes    // effective rights; shared, read-only
	SuperAdmin bool      // the user holds Super Administrator, whatever the credential's scope leaves of it
	Scoped     bool      // the credential is cut down to roles
	Bound      Scopes    // if it is, what those leave of anything; shared, read-only
	ReadOnly   bool      // the credential reads only: Scopes say so too, and what writes refuses it whatever they say
	Limits     Limits    // bounds of what is made with this credential; shared, read-only
	IP         netip.Addr
	RequestID  string

	powerless bool // nothing gave powers when the rights were read
}

// Unscoped reports whether p is a Super Administrator through a credential that is cut down neither to roles nor to reading.
func (p *Principal) Unscoped() bool { return p.SuperAdmin && !p.Scoped && !p.ReadOnly }

// Actor is p as the audit knows it.
func (p *Principal) Actor() audit.Actor {
	if p.Kind == kindSystem {
		return audit.System()
	}
	a := audit.Actor{
		Kind: audit.KindUser, UserID: string(p.UserID), Name: p.Name, Email: p.Email, ClientKey: string(p.ClientKey),
		RequestID: p.RequestID,
	}
	if p.IP.IsValid() {
		a.IP = p.IP.String()
	}
	return a
}

type principalKey struct{}

// WithPrincipal returns a context in which [PrincipalFrom] answers p and the audit's actor is p.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(audit.With(ctx, p.Actor()), principalKey{}, p)
}

// PrincipalFrom returns who makes the request; Unauthenticated where nobody was put into ctx.
func PrincipalFrom(ctx context.Context) (*Principal, error) {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return p, nil
	}
	return nil, fault.New(fault.Unauthenticated, "sign in first")
}

// AsSystem returns a context in which Interim itself acts, without any bound: for start-up and for the operator who holds the data
// folder. Never for anything that a request asked for.
func AsSystem(ctx context.Context) context.Context {
	all := Scopes{}
	for _, p := range table().permissions {
		all[p] = All
	}
	return WithPrincipal(ctx, &Principal{Kind: kindSystem, Scopes: all, SuperAdmin: true})
}

// SuperAdmin answers Denied unless the caller is a Super Administrator whose credential is not scoped.
func SuperAdmin(ctx context.Context) error {
	p, err := PrincipalFrom(ctx)
	if err == nil && !p.Unscoped() {
		err = fault.New(fault.Denied, "Permission denied, this takes a Super Administrator whose credential is not scoped to roles")
	}
	return err
}
