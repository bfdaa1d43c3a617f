package c1

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Task reads a task that the request reaches, by its id or its number. One that it does not reach is not found: whether there is such
// a task is no business of who may not see it.
func (d *Deps) Task(ctx context.Context, field, ref string) (task.Task, error) {
	key, err := taskRef(field, ref)
	if err != nil {
		return task.Task{}, err
	}
	t, err := d.Tasks.Get(ctx, key)
	if err != nil {
		return t, err
	}
	switch err := iam.Require(ctx, iam.Object{Type: task.ObjectType, AppID: string(t.App), ID: string(t.ID)}); {
	case fault.Is(err, fault.Denied) && (wasAsked(ctx, t) || reaches(ctx, "c1.api.task.v1.TaskService.Get") == iam.All):
		return t, nil // what they may do with it, the task says
	case fault.Is(err, fault.Denied):
		return task.Task{}, fault.Missing("task", ref)
	default:
		return t, err
	}
}

// wasAsked reports whether the caller could have decided one of the steps that are over, or has somebody answer for them.
func wasAsked(ctx context.Context, t task.Task) bool {
	p, err := iam.PrincipalFrom(ctx)
	return err == nil && (t.WasAsked(p.UserID) || t.StoodFor(p.UserID))
}

// taskRef decodes what names a task in a path: its id, or its number.
func taskRef(field, s string) (string, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 && len(s) < ksuidLength {
		return strconv.FormatInt(n, 10), nil
	}
	v, err := ID[task.ID](field, "task", s)
	return string(v), err
}

// ksuidLength is how many characters an id has on this door.
const ksuidLength = 27

// stepRef decodes the id of a step that somebody saw; one that no step of ours can have is not the one that is open.
func stepRef(s string) (task.StepID, error) { return FilterID[task.StepID]("policyStepId", s) }

// Prose refuses a text over most characters, and one with characters that no text of several lines has.
func Prose(field, s string, most int) error {
	return firstError(CheckText(field, s, most), text.Block(field, s))
}

// Span decodes for how long something is to last; zero where it is null.
func Span(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil {
		return 0, fault.InvalidField(field, "is not a duration")
	}
	if v := d.AsDuration(); v <= task.MaxDuration { // a longer one would be cut to what fits
		return v, nil
	}
	return 0, fault.InvalidField(field, "must be more than zero and at most %d days", task.MaxDuration/(24*time.Hour))
}

// requestData decodes what was filled into the form of a request; nil where it is null.
func requestData(field string, s *structpb.Struct) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	if err := plain(field, structpb.NewStructValue(s)); err != nil {
		return nil, err
	}
	b, err := json.Marshal(s.AsMap())
	if err != nil {
		return nil, fault.InvalidField(field, "is not a JSON object")
	}
	if len(b) > task.MaxData {
		return nil, fault.InvalidField(field, "has %d bytes; at most %d are allowed", len(b), task.MaxData)
	}
	return b, nil
}

// plain refuses characters by which what somebody filled in would look like something else to whoever decides, where there is no form
// to say so.
func plain(field string, v *structpb.Value) error {
	switch v := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return text.Block(field, v.StringValue)
	case *structpb.Value_ListValue:
		for _, one := range v.ListValue.GetValues() {
			if err := plain(field, one); err != nil {
				return err
			}
		}
	case *structpb.Value_StructValue:
		for name, one := range v.StructValue.GetFields() {
			if err := firstError(text.Line(field, name), plain(field, one)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Spell spells the identities in a refusal as this door does, where it is shown as part of an answer.
func Spell(err error) error { return spell(err) }

// ofAccess names whose access to what a request is about.
type ofAccess interface {
	GetAppId() string
	GetAppEntitlementId() string
	GetAppUserId() string
	GetIdentityUserId() string
}

// Asked decodes whose access to what is asked about. Where only the account is named, it says whose it is.
func (d *Deps) Asked(ctx context.Context, r ofAccess) (task.Ask, error) {
	ref, err := EntitlementName(r.GetAppId(), r.GetAppEntitlementId())
	if err != nil {
		return task.Ask{}, err
	}
	a := task.Ask{App: ref.AppID, Entitlement: ref.ID}
	if a.Subject, err = OptionalID[directory.UserID]("identityUserId", "user", r.GetIdentityUserId()); err != nil {
		return a, err
	}
	if a.Account, err = OptionalID[app.AccountID]("appUserId", "account", r.GetAppUserId()); err != nil {
		return a, err
	}
	switch {
	case a.Subject == "" && a.Account == "":
		return a, fault.New(fault.Invalid, "user_id is required") // upstream's words
	case a.Subject == "":
		of, err := app.GetAccount(d.DB.Q(ctx), a.App, a.Account)
		if err != nil {
			return a, err
		}
		a.Subject = of.UserID
	}
	return a, nil
}

// accessOf is what is asked about as an object: it is about the subject, and the owners of the entitlement, of its resource and of its
// app own it.
func accessOf(a task.Ask) iam.Object {
	return iam.Object{Type: string(owner.Entitlement), AppID: string(a.App), ID: string(a.Entitlement), UserID: string(a.Subject)}
}

// mayRequest lets people ask for themselves, and those who own the app, the entitlement or its resource, and administrators ask for
// everybody, and those who have a power over somebody ask for them what they find themselves.
func mayRequest(ctx context.Context, a task.Ask) error {
	err := iam.Require(ctx, accessOf(a))
	if !fault.Is(err, fault.Denied) {
		return err
	}
	named, err := iam.Empowered(ctx, iam.Object{Type: string(owner.User), ID: string(a.Subject)})
	if err == nil && !named {
		err = task.NotRequestable()
	}
	return err
}

// mayRevoke lets those ask who may ask for the access, and the managers of whose it is.
func (d *Deps) mayRevoke(ctx context.Context, a task.Ask) error {
	err := iam.Require(ctx, accessOf(a))
	if !fault.Is(err, fault.Denied) || a.Subject == "" {
		return err
	}
	p, notKnown := iam.PrincipalFrom(ctx)
	u, missing := d.Directory.Get(ctx, a.Subject)
	if notKnown == nil && missing == nil && slices.Contains(u.ManagerIDs, p.UserID) {
		return nil
	}
	return err
}

// keptToCatalogs reports whether the caller may ask only for what the subject finds in a catalog: whoever could give the access, by a
// role or as an owner, may ask for anything.
func keptToCatalogs(ctx context.Context, a task.Ask) bool {
	if reaches(ctx, "interim.v1.Grants.Create") == iam.All {
		return false
	}
	of := accessOf(a)
	of.UserID = "" // that it is about the caller themself is what does not count here
	return iam.Require(ctx, of) != nil
}
