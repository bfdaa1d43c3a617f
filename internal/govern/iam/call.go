package iam

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Object names what a request is about, for the question whether it is the caller's own.
type Object struct {
	Type   string // "user", "app", "resource", "entitlement", "account", "grant" …
	AppID  string // empty if it is in no app
	ID     string
	UserID string // the person it is about; empty if nobody
}

// RelOwner is the relation [Require] asks [Relations] for.
const RelOwner = "owner"

// Relations answers whether a user stands in a relation to an object at a time. It is implemented further right and wired by the
// server; without it nobody stands in any.
type Relations interface {
	Is(ctx context.Context, q db.Q, u directory.UserID, rel string, o Object, at time.Time) (bool, error)
}

// call is one request under its permission.
type call struct {
	service    *Service
	principal  *Principal
	permission string
	scope      Scope // by roles
	checked    atomic.Bool

	reading sync.Mutex
	read    bool    // whether powers was
	powers  []Power // see held
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// Denial is the refusal of a permission, in upstream's words (c1-api.md, section 2.1).
func Denial(permission string) error {
	return fault.New(fault.Denied, "Permission denied, missing %s", permission)
}

// PermissionOf is the permission that belongs to a gRPC method by its name: "permission/<service>.<Method>" for
// "/<service>/<Method>".
func PermissionOf(fullMethod string) string {
	return permissionPrefix + strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", ".")
}

// Enter returns the context of a request that p makes under a permission; Denied if the permission reaches nothing, neither by roles
// nor by powers. In it [ScopeOf], [Require], [RequireAll] and [OwnFilter] answer for this request.
func (s *Service) Enter(ctx context.Context, p *Principal, permission string) (context.Context, error) {
	c := &call{service: s, principal: p, permission: permission, scope: p.Scopes[permission]}
	if c.scope == None {
		held, err := c.held(ctx)
		if err == nil && len(held) == 0 {
			err = Denial(permission)
		}
		if err != nil {
			return nil, err
		}
	}
	return context.WithValue(WithPrincipal(ctx, p), callKey{}, c), nil
}

// ScopeOf is how far the request in ctx reaches by roles: None outside of one, and in one that is made by powers alone.
func ScopeOf(ctx context.Context) Scope {
	if c := callFrom(ctx); c != nil {
		return c.scope
	}
	return None
}

// Checked reports whether the handler asked what the request reaches: [Require], [RequireAll] or [OwnFilter] was called, or the
// scope is All and nothing needs asking. The guard refuses the answer of a handler that did not.
func Checked(ctx context.Context) bool {
	c := callFrom(ctx)
	return c != nil && (c.scope == All || c.checked.Load())
}

// Require answers nil if the request in ctx reaches o: always with scope All; with Own if o is about the caller or the caller owns
// it; with any if the caller has a power over it. Denied otherwise.
func Require(ctx context.Context, o Object) error {
	c, err := asked(ctx)
	if err != nil || c.scope == All {
		return err
	}
	if c.scope == Own {
		ok, err := c.owns(ctx, o)
		if err != nil || ok {
			return err
		}
	}
	acts, err := c.acts(ctx, o)
	if err == nil && len(acts) == 0 {
		err = Denial(c.permission)
	}
	return err
}

// owns reports whether o is about the caller or the caller owns it.
func (c *call) owns(ctx context.Context, o Object) (bool, error) {
	if o.UserID != "" && o.UserID == string(c.principal.UserID) {
		return true, nil
	}
	if r := c.service.relations; r != nil {
		return r.Is(ctx, c.service.db.Q(ctx), c.principal.UserID, RelOwner, o, c.service.clock.Now())
	}
	return false, nil
}

// RequireAll answers Denied unless the request in ctx reaches every object.
func RequireAll(ctx context.Context) error {
	c, err := asked(ctx)
	if err == nil && c.scope != All {
		err = Denial(c.permission)
	}
	return err
}

// OwnFilter returns the user that a list must be narrowed to, "" for no narrowing. A handler that calls it promises to apply it. Denied
// to a request that reaches by powers alone: those add to lists, see [Named], and open none.
func OwnFilter(ctx context.Context) (directory.UserID, error) {
	c, err := asked(ctx)
	if err != nil || c.scope == All {
		return "", err
	}
	if c.scope == None {
		return c.principal.UserID, Denial(c.permission)
	}
	return c.principal.UserID, nil
}

// OnlyOwning is the caller, if standing in a relation to it, or a power over it, is all by which the request reaches what it is about;
// else empty.
func OnlyOwning(ctx context.Context) (directory.UserID, error) {
	if c := callFrom(ctx); c == nil || c.scope == All {
		return "", nil
	}
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return "", err
	}
	return p.UserID, nil
}

// asked notes that the handler asked. Outside of a request the answer is no: a way to a handler around the guard opens nothing.
func asked(ctx context.Context) (*call, error) {
	c := callFrom(ctx)
	if c == nil {
		return nil, fault.New(fault.Denied, "Permission denied")
	}
	c.checked.Store(true)
	return c, nil
}
