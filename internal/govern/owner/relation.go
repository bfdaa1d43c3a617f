package owner

import (
	"context"
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Is implements [iam.Relations] for [iam.RelOwner]: whether the user owns the object, or what it is in, as primary owner at that
// moment. See the drawing in the package's comment.
func (s *Service) Is(_ context.Context, q db.Q, u directory.UserID, rel string, o iam.Object, at time.Time) (bool, error) {
	if rel != iam.RelOwner || u == "" {
		return false, nil
	}
	objects, err := above(q, o)
	if err != nil || len(objects) == 0 {
		return false, err
	}
	return ownsAny(q, u, objects, at)
}

// above are the objects whose owners own o: itself, and what it is in.
func above(q db.Q, o iam.Object) ([]Object, error) {
	if o.Type == string(User) {
		return []Object{{Kind: User, ID: o.ID}}, nil
	}
	if o.AppID == "" {
		return nil, nil
	}
	out := []Object{OfApp(app.ID(o.AppID))}
	switch kind := Kind(o.Type); kind {
	case Resource, Connector, Account:
		out = append(out, Object{Kind: kind, App: app.ID(o.AppID), ID: o.ID})
	case Entitlement:
		out = append(out, Object{Kind: kind, App: app.ID(o.AppID), ID: o.ID})
		resources, err := db.Collect(q, func(r *db.Rows) (v string, err error) { return v, r.Scan(&v) },
			`select resource_id from entitlement where app_id = $1 and id = $2`, o.AppID, o.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range resources {
			out = append(out, Object{Kind: Resource, App: app.ID(o.AppID), ID: r})
		}
	case App, User, Catalog, Shared:
	}
	return out, nil
}

// ownsAny reports whether the user owns one of the objects as primary owner.
func ownsAny(q db.Q, u directory.UserID, objects []Object, at time.Time) (bool, error) {
	sql, args := ownsAnySQL(u, objects, at)
	found, err := db.Collect(q, func(r *db.Rows) (n int, err error) { return n, r.Scan(&n) }, sql, args...)
	return len(found) > 0, err
}

func ownsAnySQL(u directory.UserID, objects []Object, at time.Time) (string, []any) {
	which, args := among(objects, 4)
	mine := fmt.Sprintf(` and o.role = $2 and %s and %s`, which, liveSQL)
	return `select 1` + named + ` and o.user_id = $1` + mine + `
		union all select 1` + members + ` and m.user_id = $1` + mine + `
		union all select 1` + holders(fromBoth, byRow, "$3") + ` and a.user_id = $1` + mine + `
		union all select 1` + holders(fromBoth, bySet, "$3") + ` and a.user_id = $1` + mine,
		append([]any{string(u), Primary, clock.Micros(at)}, args...)
}
