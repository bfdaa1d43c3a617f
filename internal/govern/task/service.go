package task

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Policies say who decides; package policy does. Expressions run and read before a transaction that writes, never in it.
type Policies interface {
	// Resolve takes a live policy's steps for the facts. NotFound.
	Resolve(ctx context.Context, id policy.ID, facts policy.Facts) (policy.Plan, error)
	// Approvers are the users that the expressions of an approval answer; none is a valid answer. Invalid where one cannot be worked out.
	Approvers(ctx context.Context, expressions []string, facts policy.Facts) ([]directory.UserID, error)
	// Holds answers the condition of a wait. Invalid where it cannot be worked out.
	Holds(ctx context.Context, condition string, facts policy.Facts) (bool, error)
	// For is the policy that decides on an entitlement of an app. Precondition where it is asked for an emergency and the entitlement
	// allows none.
	For(e app.Entitlement, in app.App, kind policy.Kind, emergency bool) (policy.ID, error)
	// Many reads policies as they are now, deleted ones too; unknown ones are left out.
	Many(q db.Q, ids []policy.ID) ([]policy.Policy, error)
}

// Configurations say how items may be asked for; package item does.
type Configurations interface {
	// Terms answers what holds for a request for an entitlement; false where its item is not configured.
	Terms(q db.Q, e app.Entitlement, whose item.Whose, at time.Time) (item.Terms, bool, error)
}

// Webhooks call others; package webhook does.
type Webhooks interface {
	Deliver(tx *db.Tx, id webhook.ID, event webhook.Event, ref string, payload json.RawMessage) (webhook.DeliveryID, error)
	Cancel(tx *db.Tx, ref string) error
}

// Notices tell people; package notify does.
type Notices interface {
	Tell(tx *db.Tx, notices ...notify.Notice) error
	Cancel(tx *db.Tx, taskID string, kind notify.Kind)
	Spare(tx *db.Tx, taskID string, kind notify.Kind, people []directory.UserID) error
}

// Deps is what the service stands on. Webhooks and Notices may be nil: then nobody is called, or told.
type Deps struct {
	DB          *db.DB
	Clock       clock.Clock
	Log         *slog.Logger // nil: slog.Default
	Audit       *audit.Log
	Grants      *grant.Service
	Owners      Owners
	Delegations Delegations
	Policies    Policies
	Items       Configurations // nil: nothing is configured
	Offers      Offers         // nil: everything can be asked for, as its entitlement alone says
	Redirects   Redirects      // nil: what is asked for is what was named
	Bindings    Bindings       // nil: nothing can be asked for a group
	Webhooks    Webhooks
	Notices     Notices
	Registerer  prometheus.Registerer // nil: nobody counts
}

// Service holds the use cases about tasks. Each that changes something is one transaction: the task, its history, the audit event,
// whom the step asks, when it is due, the grant, and whom to tell. Whether the caller may see the task is judged by the doors;
// whether they may do what they want with it is judged here, by [Task.May].
//
// It implements grant.Notice, grant.Holders, delegation.Notice, directory.Notice, directory.Standing, owner.Notice, app.Notice and
// webhook.Notice; the server introduces it to those.
type Service struct {
	Deps

	metrics metrics
}

// New returns the use cases.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Service{d, newMetrics(d.Registerer)}
}

// Get reads a task by its id, or by its number in base 10. NotFound if there is none.
func (s *Service) Get(ctx context.Context, ref string) (Task, error) { return Get(s.DB.Q(ctx), ref) }

// Events lists the histories of tasks, oldest line first unless f.Newest; of no tasks there is none.
func (s *Service) Events(ctx context.Context, f HistoryFilter, r page.Request) (page.Page[Entry], error) {
	if len(f.Tasks) == 0 {
		return page.Page[Entry]{}, nil
	}
	return history(s.DB.Q(ctx), f, r)
}

// Eligible answers who may decide the step of t that is open, at this moment, and why; nobody where none asks people.
func (s *Service) Eligible(ctx context.Context, t Task) (Resolution, error) {
	return s.eligible(s.DB.Q(ctx), t, s.Clock.Now())
}

func (s *Service) eligible(q db.Q, t Task, at time.Time) (Resolution, error) {
	if i := t.Current; !i.approving() && !i.manual() || t.outwaited(at) {
		return Resolution{}, nil
	}
	return s.answer(q, t.Question(t.Current, nil), at)
}

// Actions are those that the caller may take now.
func (s *Service) Actions(ctx context.Context, t Task) ([]Action, error) {
	now := s.Clock.Now()
	w, err := s.who(ctx, s.DB.Q(ctx), t, now, anything)
	if err != nil {
		return nil, err
	}
	return t.Actions(w, now), nil
}

// about is what has to be known of a caller, for what they want to do.
type about int

const (
	presence    about = iota // that they are somebody
	eligibility              // whether they may decide the open step
	anything
)

// who is the caller as they stand to t at that moment.
func (s *Service) who(ctx context.Context, q db.Q, t Task, at time.Time, what about) (Who, error) {
	w := Who{User: directory.UserID(audit.From(ctx).UserID), Super: iam.SuperAdmin(ctx) == nil, Step: t.Step()}
	if w.User == "" || t.State != Open || what == presence {
		return w, nil
	}
	sides, err := s.sides(q, w.User, []Task{t}, at)
	if err != nil {
		return w, err
	}
	w.Sides = sides(t)
	r, err := s.eligible(q, t, at)
	if err != nil {
		return w, err
	}
	w.Reasons = r.Of(w.User)
	if what == eligibility {
		return w, nil
	}
	if t.App != "" {
		if w.Owner, err = s.owns(q, t.App, w.User, at); err != nil {
			return w, err
		}
	}
	if t.Kind == Grant && !t.Emergency && !t.Asked && (t.Party(w.User) || w.supervises()) {
		w.Urgent = s.urgent(q, app.EntitlementRef{AppID: t.App, ID: t.Entitlement})
	}
	return w, nil
}
