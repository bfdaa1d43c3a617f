package automation

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Audit    *audit.Log
	Grants   *grant.Service
	Policies *policy.Service // works expressions out
}

// Service holds the use cases about rules and proxies, and keeps grants in step with them. Who may call them is for the doors to ask.
type Service struct {
	Deps

	tasks Tasks // nil: nobody can be asked
	known known
	stop  func()
}

// New returns the use cases over d. [Service.Close] ends its listening.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.stop = d.DB.Subscribe(topic, func(string) { s.known.forget() })
	return s
}

// Close ends listening for changes that other replicas make.
func (s *Service) Close() { s.stop() }

// Get reads the live rule of a live entitlement. NotFound if there is none.
func (s *Service) Get(ctx context.Context, of app.EntitlementRef) (Rule, error) {
	q := s.DB.Q(ctx)
	if _, err := app.GetEntitlement(q, of.AppID, of.ID); err != nil {
		return Rule{}, err
	}
	return getRule(q, of, "")
}

// Create makes the rule of a live entitlement. NotFound; Invalid for a broken limit, an expression that is none, a source that is not
// there and one that the entitlement is a source of; Exists for an entitlement that has one. What a connector manages is kept in its
// target.
func (s *Service) Create(ctx context.Context, r Rule) (Rule, error) {
	if err := s.Check(r); err != nil {
		return Rule{}, err
	}
	q := s.DB.Q(ctx)
	if err := first(ownRule(q, r.Of), mayPass(ctx, q, r.Of)); err != nil {
		return Rule{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		r, err = s.create(tx, audit.From(ctx), r)
		return err
	})
	return r, err
}

func (s *Service) create(tx *db.Tx, actor audit.Actor, r Rule) (Rule, error) {
	if err := s.givable(tx, r); err != nil {
		return r, err
	}
	now := s.Clock.Now()
	r.CreatedAt, r.UpdatedAt, r.DeletedAt, r.Version, r.Status, r.Error, r.CompletedAt = now, now, time.Time{}, 1, "", "", time.Time{}
	fresh, err := insertRule(tx, r)
	switch {
	case err != nil:
		return r, err
	case !fresh:
		return r, fault.New(fault.Exists, "the entitlement has an automation already")
	}
	setSources(tx, r)
	s.wake(tx, now)
	return r, s.Audit.Record(tx, actor, r.event("automation.created", audit.Create, "made an automation"))
}

// mayPass is [iam.MayPass] for what a rule or a binding gives.
func mayPass(ctx context.Context, q db.Q, of app.EntitlementRef) error {
	return iam.MayPass(ctx, q, iam.Object{Type: "entitlement", AppID: string(of.AppID), ID: string(of.ID)})
}

// Update changes the live rule of an entitlement as change says. A rule whose last pass was refused for what it would have taken, and
// that matches whom it did, is accepted by it: the next pass takes. NotFound, Conflict, Invalid as [Service.Create].
func (s *Service) Update(ctx context.Context, of app.EntitlementRef, change func(r *Rule)) (Rule, error) {
	r, err := s.Get(ctx, of)
	if err != nil {
		return Rule{}, err
	}
	before := r
	change(&r)
	if r.Kind != ByTraits {
		r.Traits, r.Paused = Traits{}, false
	}
	r.Of, r.CreatedAt, r.DeletedAt, r.Version = before.Of, before.CreatedAt, before.DeletedAt, before.Version
	if err := s.Check(r); err != nil {
		return Rule{}, err
	}
	q := s.DB.Q(ctx)
	if err := first(ownRule(q, of), mayPass(ctx, q, of)); err != nil {
		return Rule{}, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		r, err = s.update(tx, audit.From(ctx), before, r)
		return err
	})
	return r, err
}

// update writes r over before; both are of the same entitlement.
func (s *Service) update(tx *db.Tx, actor audit.Actor, before, r Rule) (Rule, error) {
	switch {
	case before.Doubt == "" || !r.alike(before):
		r.Doubt = ""
	case r.Paused || before.Paused: // to switch it off or on says nothing about whom it takes from
		r.Doubt = before.Doubt
	default:
		r.Doubt = Accepted
	}
	if err := s.givable(tx, r); err != nil {
		return r, err
	}
	r.UpdatedAt = s.Clock.Now()
	if err := updateRule(tx, r); err != nil {
		return r, err
	}
	setSources(tx, r)
	s.wake(tx, r.UpdatedAt)
	r.Version++
	return r, s.Audit.Record(tx, actor, r.event("automation.updated", audit.Update, "changed the automation"))
}

// Put makes the rule of an entitlement what r says, or changes the one it has to that, in a transaction of the caller, who has asked
// [Service.Check] about a rule with an expression. One that says so already, and waits for nobody's word, stays as it is. Invalid,
// NotFound, Conflict.
func (s *Service) Put(tx *db.Tx, actor audit.Actor, r Rule) error {
	if err := r.validate(); err != nil {
		return err
	}
	before, err := getRule(tx, r.Of, locked(tx))
	if fault.Is(err, fault.NotFound) {
		_, err = s.create(tx, actor, r)
		return err
	}
	if err != nil || before.Doubt == "" && before.alike(r) && before.Paused == r.Paused && before.DisplayName == r.DisplayName &&
		before.Description == r.Description {
		return err
	}
	after := before
	after.Kind, after.Expression, after.Sources, after.Traits = r.Kind, r.Expression, r.Sources, r.Traits
	after.Paused, after.Breaker, after.Asks = r.Paused, r.Breaker, r.Asks
	after.DisplayName, after.Description = r.DisplayName, r.Description
	_, err = s.update(tx, actor, before, after)
	return err
}

// ByTraits reads the live rules of that kind of some entitlements; others are left out.
func (s *Service) ByTraits(ctx context.Context, of []app.EntitlementRef) (map[app.EntitlementRef]Rule, error) {
	return traitRules(s.DB.Q(ctx), of)
}

// Delete takes the rule of an entitlement away, and soon all that it gave. NotFound.
func (s *Service) Delete(ctx context.Context, of app.EntitlementRef) error {
	if err := ownRule(s.DB.Q(ctx), of); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.DeleteIn(tx, audit.From(ctx), of) })
}

// DeleteIn is Delete in a transaction of the caller.
func (s *Service) DeleteIn(tx *db.Tx, actor audit.Actor, of app.EntitlementRef) error {
	r, err := getRule(tx, of, locked(tx))
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	tx.Queue(`update automation set deleted_at = $3, due_at = $3, updated_at = $3, version = version + 1
		where app_id = $1 and entitlement_id = $2`, string(of.AppID), string(of.ID), clock.Micros(now))
	forgetSources(tx, of)
	tx.Queue(`delete from automation_exclusion where app_id = $1 and entitlement_id = $2`, string(of.AppID), string(of.ID))
	due.Wake(tx, now)
	return s.Audit.Record(tx, actor, r.event("automation.deleted", audit.Delete, "deleted the automation"))
}

// Check refuses what is wrong with r whatever else there is.
func (s *Service) Check(r Rule) error {
	if err := r.validate(); err != nil {
		return err
	}
	if r.Kind == Basic || r.Kind == CEL {
		return s.Policies.CheckCondition("expression", r.Expression)
	}
	return nil
}

// givable refuses an entitlement that no rule can give, and sources that it cannot have.
func (s *Service) givable(tx *db.Tx, r Rule) error {
	if _, err := app.GetEntitlement(tx, r.Of.AppID, r.Of.ID); err != nil || r.Kind != Holders {
		return err
	}
	if err := tx.Lock("automation:chain"); err != nil { // two at once could close a cycle that neither sees
		return err
	}
	for _, source := range r.Sources {
		if _, err := app.GetEntitlement(tx, source.AppID, source.ID); err != nil {
			if fault.Is(err, fault.NotFound) {
				return fault.InvalidField("entitlementRefs", "there is no such entitlement")
			}
			return err
		}
		if err := acyclic(tx, "entitlementRefs", Binding{source, r.Of}); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) event(kind string, a audit.Activity, message string) audit.Event {
	e := audit.Event{
		Kind: kind, Activity: a, ObjectType: "entitlement", ObjectID: string(r.Of.ID), AppID: string(r.Of.AppID), Message: message,
		Data: map[string]any{"kind": r.Kind, "expression": r.Expression, "displayName": r.DisplayName, "sources": r.Sources},
	}
	if r.Kind == ByTraits {
		e.Data["traits"], e.Data["paused"] = r.Traits, r.Paused
	}
	return e
}

// Exclusions lists the users whom the rule of an entitlement passes over, oldest first. NotFound for an entitlement without a rule.
func (s *Service) Exclusions(ctx context.Context, of app.EntitlementRef) ([]directory.UserID, error) {
	if _, err := s.Get(ctx, of); err != nil {
		return nil, err
	}
	return excluded(s.DB.Q(ctx), of)
}

// Exclude has the rule of an entitlement pass users over; who is already stays so. NotFound for an entitlement without a rule; Invalid
// for an unknown or deleted user; Precondition above [MaxExclusions].
func (s *Service) Exclude(ctx context.Context, of app.EntitlementRef, users []directory.UserID) error {
	return s.exclusions(ctx, of, users, "automation.excluded", func(tx *db.Tx, now time.Time) error {
		known, err := directory.Many(tx, users)
		if err != nil {
			return err
		}
		live := map[directory.UserID]bool{}
		for _, u := range known {
			live[u.ID] = u.Status != directory.Deleted
		}
		for _, u := range users {
			if !live[u] {
				return fault.InvalidField("userIds", "there is no such user")
			}
			tx.Queue(`insert into automation_exclusion (app_id, entitlement_id, user_id, created_at) values ($1, $2, $3, $4)
				on conflict (app_id, entitlement_id, user_id) do nothing`, string(of.AppID), string(of.ID), string(u), clock.Micros(now))
		}
		all, err := excluded(tx, of)
		if err == nil && len(all) > MaxExclusions {
			err = fault.New(fault.Precondition, "an automation passes over %d users at most", MaxExclusions)
		}
		return err
	})
}

// Include takes users off the list of exclusions; who is not on it is none the worse. NotFound for an entitlement without a
// rule; Denied for what gives powers beyond the caller's roles.
func (s *Service) Include(ctx context.Context, of app.EntitlementRef, users []directory.UserID) error {
	if err := mayPass(ctx, s.DB.Q(ctx), of); err != nil {
		return err
	}
	return s.exclusions(ctx, of, users, "automation.included", func(tx *db.Tx, _ time.Time) error {
		for _, u := range users {
			tx.Queue(`delete from automation_exclusion where app_id = $1 and entitlement_id = $2 and user_id = $3`,
				string(of.AppID), string(of.ID), string(u))
		}
		return nil
	})
}

func (s *Service) exclusions(
	ctx context.Context, of app.EntitlementRef, users []directory.UserID, kind string, change func(tx *db.Tx, now time.Time) error,
) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		r, err := getRule(tx, of, locked(tx))
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		if err := change(tx, now); err != nil {
			return err
		}
		tx.Queue(`update automation set due_at = $3 where app_id = $1 and entitlement_id = $2`,
			string(of.AppID), string(of.ID), clock.Micros(now))
		due.Wake(tx, now)
		e := r.event(kind, audit.Update, "changed whom the automation passes over")
		e.Data["users"] = users
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
}

// ownRule refuses to change by itself the rule by which a catalog enrolls people: it says there what it does.
func ownRule(q db.Q, of app.EntitlementRef) error {
	if of.AppID != app.Own {
		return nil
	}
	e, err := app.GetEntitlement(q, of.AppID, of.ID)
	if err != nil {
		return err
	}
	t, err := app.GetResourceType(q, e.AppID, e.TypeID)
	if err == nil && t.Kind == app.KindCatalog {
		err = fault.New(fault.Precondition, "the automation is that of a catalog, and changed with it")
	}
	return err
}

func first(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// missing turns no row into NotFound.
func missing(err error, what string) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.New(fault.NotFound, "%s not found", what)
	}
	return err
}
