package task

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// need is why a transaction was given up: it wants an answer that is not found inside one, because expressions run for it, other
// transactions are made for it, or it reads much.
type need struct {
	task      Task
	approvers []string
	condition string
	plan      policy.ID
	again     bool // what the policy that decides on the task as it is to be says
	account   app.ID
}

func (n *need) Error() string { return fmt.Sprintf("task %s wants an answer first", n.task.ID) }

// known are the answers that were found for one use case.
type known struct {
	approvers map[string]namedBy
	holds     map[string]holds
	plans     map[policy.ID]plannedBy
	accounts  map[app.ID]accountIn
	again     map[string]Plan
}

type namedBy struct {
	users []directory.UserID
	err   string
}

type holds struct {
	holds bool
	err   string
}

type plannedBy struct {
	plan    Plan
	refused string
}

type accountIn struct {
	id  app.AccountID
	err string
}

func knowing() *known {
	return &known{map[string]namedBy{}, map[string]holds{}, map[policy.ID]plannedBy{}, map[app.ID]accountIn{}, map[string]Plan{}}
}

func together(expressions []string) string { return strings.Join(expressions, "\x00") }

// attempts is how many answers one use case may want for one task.
const attempts = 32

// write runs a transaction about one task, finding the answers that it wants and running it again.
func (s *Service) write(ctx context.Context, fn func(tx *db.Tx, k *known) error) error {
	k := knowing()
	return s.answering(ctx, attempts, func(ID) *known { return k }, func(tx *db.Tx) error { return fn(tx, k) })
}

// writeMany is write about several tasks. Answers are found for each, since they depend on what it is about.
func (s *Service) writeMany(ctx context.Context, tasks int, fn func(tx *db.Tx, of func(ID) *known) error) error {
	answers := map[ID]*known{}
	of := func(t ID) *known {
		if answers[t] == nil {
			answers[t] = knowing()
		}
		return answers[t]
	}
	return s.answering(ctx, attempts*tasks, of, func(tx *db.Tx) error { return fn(tx, of) })
}

func (s *Service) answering(ctx context.Context, most int, of func(ID) *known, fn func(tx *db.Tx) error) error {
	for range most {
		err := s.DB.Write(ctx, fn)
		n, wants := errors.AsType[*need](err)
		if !wants {
			return err
		}
		if err := s.find(ctx, n, of(n.task.ID)); err != nil {
			return err
		}
	}
	return fault.New(fault.Precondition, "the policy asks for more than %d answers at once", most)
}

// find finds the answer that n wants. What cannot be worked out is an answer, too.
func (s *Service) find(ctx context.Context, n *need, k *known) error {
	if n.account != "" {
		a, err := s.Grants.AccountFor(ctx, n.account, n.task.Subject)
		text, err := words(err)
		k.accounts[n.account] = accountIn{a, text}
		return err
	}
	if n.again {
		return s.findAgain(ctx, n, k)
	}
	var g ground
	var err error
	q := s.DB.Q(ctx)
	if n.task.Entitlement != "" {
		if g.of, err = app.GetEntitlement(q, n.task.App, n.task.Entitlement); err != nil {
			return err
		}
	}
	if err := g.people(q, n.task); err != nil {
		return err
	}
	facts := s.policyFacts(g, n.task)
	switch {
	case n.approvers != nil:
		users, err := s.Policies.Approvers(ctx, n.approvers, facts)
		text, err := words(err)
		k.approvers[together(n.approvers)] = namedBy{users, text}
		return err
	case n.condition != "":
		yes, err := s.Policies.Holds(ctx, n.condition, facts)
		text, err := words(err)
		k.holds[n.condition] = holds{yes, text}
		return err
	default:
		p, err := s.resolve(ctx, n.plan, facts, n.task.Kind)
		text, err := words(err)
		k.plans[n.plan] = plannedBy{p, text}
		return err
	}
}

// words are what an answer says that is an error of the domain; any other error is one.
func words(err error) (string, error) {
	f, ok := errors.AsType[*fault.Fault](err)
	if err == nil {
		return "", nil
	}
	if !ok || slices.Contains([]fault.Code{fault.Internal, fault.Timeout, fault.Unavailable}, f.Code) {
		return "", err
	}
	return f.Message, nil
}

// resolve takes the steps of a policy, provision steps written out.
func (s *Service) resolve(ctx context.Context, id policy.ID, f policy.Facts, kind Kind) (Plan, error) {
	p, err := s.Policies.Resolve(ctx, id, f)
	if err != nil {
		return Plan{}, err
	}
	own := f.Entitlement.Provision
	if kind == Revoke {
		own = f.Entitlement.Deprovision
	}
	return Plan{Policy: p.Policy.ID, Generation: p.Generation, Key: p.Key, Steps: Flatten(p.Steps, own), Trace: p.Trace}, nil
}

// PolicyKind is the kind of policy that decides on t.
func (t Task) PolicyKind() policy.Kind { return policyKind(t.Kind) }

// policyKind is the kind of policy that decides on tasks of that kind.
func policyKind(k Kind) policy.Kind {
	switch k {
	case Revoke:
		return policy.Revoke
	case Certify:
		return policy.Certify
	case Grant, Offboarding:
		return policy.Grant
	default:
		return policy.Grant
	}
}

// findAgain asks the policy that decides on the task as it is to be.
func (s *Service) findAgain(ctx context.Context, n *need, k *known) error {
	q := s.DB.Q(ctx)
	g, err := s.ground(q, app.EntitlementRef{AppID: n.task.App, ID: n.task.Entitlement}, n.task.Kind)
	if err == nil {
		err = g.people(q, n.task)
	}
	if err == nil {
		err = s.configure(q, &g, n.task)
	}
	if err != nil {
		return err
	}
	ask := s.plan
	if n.task.Auto {
		ask = s.endingPlan
	}
	k.again[n.task.asked()], err = ask(ctx, g, n.task)
	return err
}

// asked is what of a task its policy is chosen by, and may go by, that people change. A plan holds for that alone: somebody else may have
// changed the task since.
func (t Task) asked() string {
	return fmt.Sprintf("%s %t %s %s", t.Duration, t.Emergency, t.Account, t.Data)
}

// plan is what the policy that decides on t says, t being the turn's task as it is to be.
func (v *turn) plan(t Task) (Plan, error) {
	p, ok := v.known.again[t.asked()]
	if !ok {
		return Plan{}, &need{task: t, again: true}
	}
	return p, nil
}
