package task

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// The relations of people to tasks, besides [iam.RelOwner], which is all of them, and owning the app.
const (
	RelSubject  = "subject"
	RelOpener   = "opener"
	RelApprover = "approver" // may decide the open step, or has taken part in the task
)

// ObjectType is the type of a task as an [iam.Object]; its ID is the task's.
const ObjectType = "task"

// Relate returns relations that answer about tasks, and leave everything else to next.
func (s *Service) Relate(next iam.Relations) iam.Relations { return relations{s, next} }

type relations struct {
	*Service

	next iam.Relations
}

// Is implements [iam.Relations].
func (r relations) Is(ctx context.Context, q db.Q, u directory.UserID, rel string, o iam.Object, at time.Time) (bool, error) {
	if o.Type != ObjectType {
		return r.next.Is(ctx, q, u, rel, o, at)
	}
	t, err := Get(q, o.ID)
	if err != nil || u == "" {
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return false, err
	}
	switch rel {
	case RelSubject:
		return t.Subject == u, nil
	case RelOpener:
		return t.Opener == u, nil
	case RelApprover:
		return r.takesPart(q, t, u, at)
	case iam.RelOwner:
	default:
		return false, nil
	}
	if t.Party(u) {
		return true, nil
	}
	part, err := r.takesPart(q, t, u, at)
	if err != nil || part || t.App == "" {
		return part, err
	}
	return r.owns(q, t.App, u, at)
}

// takesPart reports whether u may decide the open step of t, or has decided, commented or changed something.
func (s *Service) takesPart(q db.Q, t Task, u directory.UserID, at time.Time) (bool, error) {
	var n int
	err := q.Row(`select count(*) from task_act where task_id = $1 and user_id = $2`, string(t.ID), string(u)).Scan(&n)
	if err != nil || n > 0 {
		return n > 0, err
	}
	r, err := s.eligible(q, t, at)
	return len(r.Of(u)) > 0, err
}

// owns reports whether u is a primary owner of an app.
func (s *Service) owns(q db.Q, in app.ID, u directory.UserID, at time.Time) (bool, error) {
	o := owner.OfApp(in)
	owned, err := s.Owners.Users(q, []owner.Object{o}, owner.Primary, at)
	for _, one := range owned[o] {
		if one.User == u {
			return true, err
		}
	}
	return false, err
}
