package policy

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Deps are what a [Service] stands on; all are required.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Audit  *audit.Log
	Owners *owner.Service
}

// Service holds the use cases about policies. Whether the caller may is judged by the doors. Expressions are compiled, and run, before
// a transaction that writes.
type Service struct {
	Deps

	conditions, approvers, accounts *expr.Env
	values                          valueEnvs

	read versions
}

// New returns the use cases over d. It fails only if the environments of expressions contradict themselves.
func New(d Deps) (*Service, error) {
	s := &Service{Deps: d, values: newValueEnvs()}
	var err error
	if s.conditions, err = environment(conditionVars, expr.Bool); err != nil {
		return nil, err
	}
	if s.approvers, err = environment(approverVars, userShape.Type, expr.ListOf(userShape.Type)); err != nil {
		return nil, err
	}
	s.accounts, err = environment(accountVars)
	return s, err
}

func (s *Service) check(p Policy) (*checker, error) {
	c := &checker{conditions: s.conditions, approvers: s.approvers}
	c.policy(p)
	return c, c.err
}

// Create makes a policy; identities, times and version are filled in. Invalid, naming the field.
func (s *Service) Create(ctx context.Context, p Policy) (Policy, error) {
	now := s.Clock.Now()
	p.ID, p.Builtin, p.Generation = ID(id.New(now)), false, GenerationID(id.New(now))
	p.CreatedAt, p.UpdatedAt, p.DeletedAt, p.Version = now, now, time.Time{}, 1
	c, err := s.check(p)
	if err != nil {
		return Policy{}, err
	}
	return p, s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx); err != nil {
			return err
		}
		if err := c.known(tx, p); err != nil {
			return err
		}
		if _, err := insert(tx, p); err != nil {
			return err
		}
		if err := refer(tx, p, c); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), event(p, "policy.created", audit.Create, "created policy "+p.DisplayName))
	})
}

// Update changes a live policy as change says and saves it as a new generation; one that changes nothing writes nothing. The kind
// of a policy never changes. Invalid, NotFound; Precondition for a built-in one; Conflict if somebody else was faster.
func (s *Service) Update(ctx context.Context, policyID ID, change func(p *Policy) error) (Policy, error) {
	before, err := editable(s.DB.Q(ctx), policyID, "changed")
	if err != nil {
		return Policy{}, err
	}
	after, err := clone(before)
	if err != nil {
		return Policy{}, err
	}
	if err := change(&after); err != nil {
		return Policy{}, err
	}
	if after.Kind != before.Kind {
		return Policy{}, fault.InvalidField("policyType", "cannot be changed")
	}
	after.ID, after.Builtin, after.Version, after.CreatedAt, after.DeletedAt = before.ID, false, before.Version, before.CreatedAt, time.Time{}
	c, err := s.check(after)
	if err != nil {
		return Policy{}, err
	}
	old, err1 := document(before)
	now, err2 := document(after)
	if err1 != nil || err2 != nil || old == now {
		return before, firstOf(err1, err2)
	}
	after.UpdatedAt = s.Clock.Now()
	after.Generation = GenerationID(id.New(after.UpdatedAt))
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx); err != nil {
			return err
		}
		if _, err := editable(tx, policyID, "changed"); err != nil {
			return err
		}
		if err := c.known(tx, after); err != nil {
			return err
		}
		if err := update(tx, after); err != nil {
			return err
		}
		if err := refer(tx, after, c); err != nil {
			return err
		}
		e := event(after, "policy.updated", audit.Update, "changed policy "+after.DisplayName)
		e.Data = map[string]any{"generation": string(after.Generation), "before": string(before.Generation), "changed": differing(before, after)}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	after.Version++
	return after, err
}

// Delete deletes a live policy: Get goes on answering it. NotFound; Precondition for a built-in one and for one that a policy, an app
// or an entitlement refers to.
func (s *Service) Delete(ctx context.Context, policyID ID) error {
	now := s.Clock.Now()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx); err != nil {
			return err
		}
		p, err := editable(tx, policyID, "deleted")
		if err != nil {
			return err
		}
		users, err := usersOf(tx, policyID)
		if err != nil {
			return err
		}
		if users != "" {
			return fault.New(fault.Precondition, "the policy cannot be deleted: it is used by %s", users)
		}
		p.UpdatedAt, p.DeletedAt = now, now
		if err := update(tx, p); err != nil {
			return err
		}
		if _, err := tx.Exec(`delete from policy_use where by_id = $1`, string(policyID)); err != nil {
			return err
		}
		if err := webhook.Release(tx, "policy", "", []ID{policyID}); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), event(p, "policy.deleted", audit.Delete, "deleted policy "+p.DisplayName))
	})
}

func editable(q db.Q, policyID ID, what string) (Policy, error) {
	p, err := live(q, policyID)
	if err == nil && p.Builtin {
		err = fault.New(fault.Precondition, "%s is a built-in policy, which cannot be %s", p.DisplayName, what)
	}
	return p, err
}

// Get reads a policy, a deleted one too. NotFound.
func (s *Service) Get(ctx context.Context, policyID ID) (Policy, error) {
	return get(s.DB.Q(ctx), policyID)
}

// Many reads policies as they are now, deleted ones too, in no particular order; unknown ones are left out.
func (s *Service) Many(q db.Q, ids []ID) ([]Policy, error) { return many(q, ids) }

// Generation reads what a policy was when it was saved as that generation. NotFound.
func (s *Service) Generation(q db.Q, generationID GenerationID) (Policy, error) {
	return generation(q, generationID)
}

func clone(p Policy) (Policy, error) {
	raw, err := json.Marshal(p) //nolint:musttag // references to entitlements have no tags
	if err != nil {
		return p, err
	}
	out := p
	out.Steps, out.Rules, out.Annotations = nil, nil, nil
	return out, json.Unmarshal(raw, &out) //nolint:musttag // references to entitlements have no tags
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// differing names the members that changed, as JSON spells them.
func differing(before, after Policy) []string {
	old, now := map[string]any{}, map[string]any{}
	for p, m := range map[*Policy]*map[string]any{&before: &old, &after: &now} {
		raw, err := json.Marshal(*p) //nolint:musttag // references to entitlements have no tags
		if err != nil || json.Unmarshal(raw, m) != nil {
			return nil
		}
	}
	var out []string
	for _, m := range []map[string]any{old, now} {
		for k := range m {
			if !reflect.DeepEqual(old[k], now[k]) {
				out = append(out, k)
			}
		}
	}
	return unique(out)
}

func event(p Policy, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "policy", ObjectID: string(p.ID), AppID: string(p.Scope.App), Message: message,
	}
}
