package item

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxEmpowered is how many items may give powers: every request that powers could change looks at them.
const MaxEmpowered = 200

// Empowerment is what an item gives to whoever has access to it.
type Empowerment struct {
	Item    ID
	Powers  []iam.Power
	Version int64 // zero: nobody said anything yet
}

// Empowered reads what an item gives. What was deleted since is left out of what the powers name.
func (s *Service) Empowered(ctx context.Context, i Item) (Empowerment, error) {
	q := s.DB.Q(ctx)
	out, err := empowerment(q, i.Ref())
	if err != nil {
		return out, err
	}
	there, err := existing(q, out.Powers)
	for n, p := range out.Powers {
		out.Powers[n].Objects = slices.DeleteFunc(p.Objects, func(id string) bool { return !there[iam.Target{Sort: p.On, ID: id}] })
	}
	return out, err
}

// Empower sets what an item gives to whoever has access to it, from the moment it is written. Invalid for powers over a limit, and
// for an object that is not there or of another sort; Denied for powers beyond the caller, before or after; Conflict if somebody
// else was faster; Precondition for one item more than may give powers. Administrators.
func (s *Service) Empower(ctx context.Context, i Item, list []iam.Power) (Empowerment, error) {
	if err := iam.CheckPowers("powers", list); err != nil {
		return Empowerment{}, err
	}
	q := s.DB.Q(ctx)
	if err := nameable(q, list); err != nil {
		return Empowerment{}, err
	}
	before, err := empowerment(q, i.Ref())
	if err != nil {
		return Empowerment{}, err
	}
	if err := iam.MayHand(ctx, slices.Concat(before.Powers, list)); err != nil {
		return Empowerment{}, err
	}
	after := Empowerment{Item: i.ID, Powers: list, Version: before.Version + 1}
	diff, err := audit.Changes(map[string]any{"powers": before.Powers}, map[string]any{"powers": after.Powers})
	if err != nil || before.Version > 0 && len(diff) == 0 {
		return before, err
	}
	return after, s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := Get(tx, i.ID); err != nil {
			return err
		}
		if err := putEmpowerment(tx, i.Ref(), after); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "item.empowered", Activity: audit.Update, ObjectType: "resource", ObjectID: string(i.ID), AppID: string(i.AppID),
			Message: "set what access to " + i.DisplayName + " lets do", Data: diff,
		})
	})
}

// nameable answers Invalid for the first object that a power names and that is not there.
func nameable(q db.Q, list []iam.Power) error {
	there, err := existing(q, list)
	if err != nil {
		return err
	}
	for _, p := range list {
		for _, id := range p.Objects {
			if !there[iam.Target{Sort: p.On, ID: id}] {
				return fault.InvalidField("objects", "there is no such %s: %s", p.On, id)
			}
		}
	}
	return nil
}

// Powers answers [iam.Powers]: items give powers, and bindings pass them on.
type Powers struct{}

var _ iam.Powers = Powers{}

// Given implements [iam.Powers].
func (Powers) Given(q db.Q) (given bool, err error) {
	return given, q.Row(`select exists (select 1 from item_power)`).Scan(&given)
}

// Passed implements [iam.Powers].
func (Powers) Passed(q db.Q, objects ...iam.Object) (list []iam.Power, given bool, err error) {
	all, err := empowered(q)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	for _, o := range objects {
		passes, err := passing(q, o)
		if err != nil {
			return nil, false, err
		}
		for _, g := range all {
			does, err := passes(g)
			if err != nil {
				return nil, false, err
			}
			if does {
				list, given = append(list, g.powers...), true
			}
		}
	}
	return list, given, nil
}

// passing answers what tells whether somebody comes to have what a level gives by o.
func passing(q db.Q, o iam.Object) (func(g giving) (bool, error), error) {
	var from []app.EntitlementRef
	var err error
	switch o.Type {
	case "entitlement", "resource":
		from, err = entitlementsOf(q, o)
	case "account":
		from, err = heldThrough(q, o)
	case "tag":
		from, err = ruledBy(q, o.ID)
	case string(iam.SortApp):
		return func(g giving) (bool, error) {
			leads, err := leading(q, g)
			return string(g.item.AppID) == o.ID ||
				slices.ContainsFunc(leads, func(e app.EntitlementRef) bool { return string(e.AppID) == o.ID }), err
		}, nil
	case string(iam.SortCatalog):
		return func(g giving) (bool, error) {
			leads, err := leading(q, g)
			if err != nil {
				return false, err
			}
			return listed(q, o.ID, leads)
		}, nil
	case string(iam.SortOwnerSet):
		return func(g giving) (bool, error) {
			by, err := deciding(q, g)
			return slices.Contains(by.sets, owner.SetID(o.ID)), err
		}, nil
	}
	if err != nil {
		return nil, err
	}
	onward, err := automation.Onward(q, from)
	return func(g giving) (bool, error) {
		return string(g.item.ID) == o.ID || slices.Contains(onward, g.level), nil
	}, err
}

// Decides implements [iam.Powers].
func (Powers) Decides(q db.Q, o iam.Object) (bool, error) {
	all, err := empowered(q)
	if err != nil || len(all) == 0 {
		return false, err
	}
	var from []app.EntitlementRef
	switch o.Type {
	case "entitlement", "resource":
		from, err = entitlementsOf(q, o)
	case string(iam.SortOwnerSet):
	default:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	by, err := deciding(q, all...)
	if err != nil || o.Type == string(iam.SortOwnerSet) {
		return slices.Contains(by.sets, owner.SetID(o.ID)), err
	}
	onward, err := automation.Onward(q, from)
	return slices.ContainsFunc(onward, func(e app.EntitlementRef) bool { return slices.Contains(by.holders, e) }), err
}

// Targets implements [iam.Powers]. What an app has of itself is no item; of an item the app is no target: a power over an app is over
// what is said of the app.
func (Powers) Targets(q db.Q, o iam.Object) ([]iam.Target, error) {
	switch o.Type {
	case "resource", "entitlement":
		return itemTargets(q, o)
	case string(iam.SortApp), string(iam.SortUser), string(iam.SortCatalog), string(iam.SortOwnerSet):
		return []iam.Target{{Sort: iam.Sort(o.Type), ID: o.ID}}, nil
	default:
		return nil, nil
	}
}

// Held implements [iam.Powers].
func (Powers) Held(q db.Q, u directory.UserID, at time.Time) ([]iam.Power, error) {
	sql, args := powersHeldSQL(u, at)
	docs, err := db.Collect(q, func(r *db.Rows) (doc string, err error) { return doc, r.Scan(&doc) }, sql, args...)
	var out []iam.Power
	for _, doc := range docs {
		var list []iam.Power
		if err := json.Unmarshal([]byte(doc), &list); err != nil {
			return nil, fmt.Errorf("powers of an item: %w", err)
		}
		out = append(out, list...)
	}
	return out, err
}
