package iam

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Target is an object as a [Power] names it.
type Target struct {
	Sort Sort
	ID   string
}

// Powers answers what people may do by what they hold. It is implemented further right and wired by the server; without it nobody has
// any powers.
type Powers interface {
	// Given reports whether anything gives powers at all, be they none. Whatever begins to must say so by [Empowering].
	Given(q db.Q) (bool, error)
	// Held are the powers that all that a user has access to at a moment gives them.
	Held(q db.Q, u directory.UserID, at time.Time) ([]Power, error)
	// Targets are what a power can name and o is or is part of.
	Targets(q db.Q, o Object) ([]Target, error)
	// Passed are the powers that come of having access to one of the objects, by itself or by what it passes on; of a catalog what it
	// lists, of an account what it holds, of a tag what the rules give that go by it. Given is false where there is nothing that gives
	// powers, be they none.
	Passed(q db.Q, objects ...Object) (list []Power, given bool, err error)
	// Decides reports whether people decide about something that gives powers by what o is, a set of owners, or by having access to it:
	// they own it or its app, or its requests ask them.
	Decides(q db.Q, o Object) (bool, error)
}

// Empower sets who answers for powers. Only at start, before requests are served.
func (s *Service) Empower(p Powers) { s.powers = p }

// Empowering has every replica read again whether anything gives powers, since in tx something begins to. That it does not is kept with
// the rights of a credential: what is kept for too long withholds powers for at most as long as rights are believed, and gives none.
func Empowering(tx *db.Tx) { tx.Notify(topic, noticeRoles) }

// held are the caller's powers by which the operation can be had. They are read when they are first asked for, at most once in a
// request, and never kept after it: what has ended gives nothing to the next one. A credential that is cut down to roles keeps those
// powers alone whose operation it reaches with every object, and one that reads only those that read.
func (c *call) held(ctx context.Context) ([]Power, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.read {
		return c.powers, nil
	}
	var err error
	if p := c.principal; c.scope != All && c.service.powers != nil && !p.powerless && powerTable()[c.permission] != nil && p.UserID != "" &&
		(!p.Scoped || p.Bound[c.permission] == All) && (!p.ReadOnly || table().reading[c.permission] > None) {
		var all []Power
		all, err = c.service.powers.Held(c.service.db.Q(ctx), p.UserID, c.service.clock.Now())
		c.powers = powerTable().of(c.permission, all)
	}
	c.read = err == nil
	return c.powers, err
}

// acts are the acts by which the caller's powers reach o. Nothing that gives powers is changed by a power: who holds one role would
// make more of it, or hold another.
func (c *call) acts(ctx context.Context, o Object) (out []Act, err error) {
	list, err := c.held(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	q := c.service.db.Q(ctx)
	in, err := c.service.powers.Targets(q, o)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.covers(in) && !slices.Contains(out, p.Act) {
			out = append(out, p.Act)
		}
	}
	if len(out) == 0 || table().reading[c.permission] > None {
		return out, nil
	}
	if kept, err := c.kept(q, o); err != nil || kept {
		return nil, err
	}
	return out, nil
}

// kept reports whether one of the objects is beyond every power: it gives powers, or says who decides about what does.
func (c *call) kept(q db.Q, objects ...Object) (bool, error) {
	if _, gives, err := c.service.powers.Passed(q, objects...); err != nil || gives {
		return gives, err
	}
	for _, o := range objects {
		if decides, err := c.service.powers.Decides(q, o); err != nil || decides {
			return decides, err
		}
	}
	return false, nil
}

// ByRoles answers Denied where the request is made by powers alone, or as an owner, and one of the objects is beyond every power: for what
// it is not about and does something to all the same.
func ByRoles(ctx context.Context, q db.Q, objects ...Object) error {
	c := callFrom(ctx)
	if c == nil || c.scope == All || c.service.powers == nil {
		return nil
	}
	kept, err := c.kept(q, objects...)
	if err == nil && kept {
		err = Denial(c.permission)
	}
	return err
}

// Acts are the acts by which the request in ctx reaches o, where it does so by the caller's powers alone; nil where it reaches every
// object. Denied where it does not reach o.
func Acts(ctx context.Context, o Object) ([]Act, error) {
	c, err := asked(ctx)
	if err != nil || c.scope == All {
		return nil, err
	}
	acts, err := c.acts(ctx, o)
	if err == nil && len(acts) == 0 {
		err = Denial(c.permission)
	}
	return acts, err
}

// Empowered reports whether the caller's powers let them do with o what the request in ctx does; false where nothing but roles does.
func Empowered(ctx context.Context, o Object) (bool, error) {
	c, err := asked(ctx)
	if err != nil {
		return false, err
	}
	acts, err := c.acts(ctx, o)
	return len(acts) > 0, err
}

// Named are the objects of a sort that a list shows because of the caller's powers, beside what it shows anyway; every: all of the sort.
func Named(ctx context.Context, on Sort) (objects []string, every bool, err error) {
	c, err := asked(ctx)
	if err != nil {
		return nil, false, err
	}
	list, err := c.held(ctx)
	for _, p := range list {
		if p.On == on {
			objects, every = append(objects, p.Objects...), every || p.All
		}
	}
	slices.Sort(objects)
	return slices.Compact(objects), every, err
}

// RequireEvery answers Denied unless the request in ctx reaches every object, or the caller has a power over all of a sort: for what
// makes objects, which nobody can name yet.
func RequireEvery(ctx context.Context, on ...Sort) error {
	err := RequireAll(ctx)
	for _, sort := range on {
		if !fault.Is(err, fault.Denied) {
			return err
		}
		_, every, unread := Named(ctx, sort)
		if unread != nil || every {
			return unread
		}
	}
	return err
}

// MayPass answers Denied if access to one of the objects, entitlements or resources, gives powers that reach beyond the caller's
// roles; everything asks it that gives access without anybody deciding a request, or says how such a thing is asked for. The threat:
// who may only hand out access would take with it what administrators may.
func MayPass(ctx context.Context, q db.Q, objects ...Object) error {
	c := callFrom(ctx)
	if c == nil || c.service.powers == nil {
		return nil
	}
	list, given, err := c.service.powers.Passed(q, objects...)
	if err != nil || !given {
		return err
	}
	return MayHand(ctx, list)
}

// MayHand answers Denied unless the caller's roles reach everything that the powers do: as of a role, nobody hands out more than they have.
func MayHand(ctx context.Context, list []Power) error {
	p, err := PrincipalFrom(ctx)
	if err == nil && !p.Scopes.Covers(powerTable().permissions(list)) {
		err = fault.New(fault.Denied, "Permission denied, what it lets do reaches beyond what this credential may do")
	}
	return err
}
