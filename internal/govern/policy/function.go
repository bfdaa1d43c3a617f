package policy

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/id"
)

// lookups are upstream's functions on data, by the names it documents. What it counts on that does not exist here answers as if
// there were none: accounts have no insights and no risk score. Upstream documents no more than the names of GrantedFromEnrollment and
// AutomaticallyGrantedFromEnrollment; see [looker.enrolled].
func lookups() []expr.Function {
	user, users, account := userShape.Type, expr.ListOf(userShape.Type), accountShape.Type
	return []expr.Function{
		look("c1.user.v1.HasApp", expr.Bool, func(l *looker, a []any) (any, error) {
			found, err := l.accountsOf(whom(a[0]), named[app.ID](a[1]))
			return len(found) > 0 && found[0].Status == app.Enabled, err
		}, user, expr.String),
		look("c1.user.v1.HasEntitlement", expr.Bool, func(l *looker, a []any) (any, error) {
			return l.holds(whom(a[0]), app.EntitlementRef{AppID: named[app.ID](a[1]), ID: named[app.EntitlementID](a[2])})
		}, user, expr.String, expr.String),
		look("c1.user.v1.GrantedFromEnrollment", expr.Bool, func(l *looker, a []any) (any, error) {
			return l.enrolled(whom(a[0]), app.EntitlementRef{AppID: named[app.ID](a[1]), ID: named[app.EntitlementID](a[2])}, "")
		}, user, expr.String, expr.String),
		look("c1.user.v1.AutomaticallyGrantedFromEnrollment", expr.Bool, func(l *looker, a []any) (any, error) {
			return l.enrolled(whom(a[0]), app.EntitlementRef{AppID: named[app.ID](a[1]), ID: named[app.EntitlementID](a[2])}, byRule)
		}, user, expr.String, expr.String),
		look("c1.user.v1.GetAppUserStatus", expr.String, func(l *looker, a []any) (any, error) {
			found, err := l.accountsOf(whom(a[0]), named[app.ID](a[1]))
			if len(found) == 0 {
				return "USER_STATUS_UNSPECIFIED", err
			}
			return "USER_STATUS_" + string(found[0].Status), err
		}, user, expr.String),
		look("c1.user.v1.ListAppUsersForUser", expr.ListOf(account), func(l *looker, a []any) (any, error) {
			found, err := l.accountsOf(whom(a[0]), named[app.ID](a[1]))
			out := make([]any, len(found))
			for i, v := range found {
				out[i] = accountShape.Of(v)
			}
			return out, err
		}, user, expr.String),
		look("c1.directory.users.v1.FindByEmail", user, func(l *looker, a []any) (any, error) {
			return l.one("e-mail address", byEmail, a[0].(string))
		}, expr.String),
		look("c1.directory.users.v1.FindByName", user, func(l *looker, a []any) (any, error) {
			return l.one("name", byName, a[0].(string))
		}, expr.String),
		look("c1.directory.users.v1.GetByID", user, func(l *looker, a []any) (any, error) {
			return l.one("id", byID, string(named[directory.UserID](a[0])))
		}, expr.String),
		look("c1.directory.users.v1.GetManagers", users, func(l *looker, a []any) (any, error) {
			return l.users(whom(a[0]).ManagerIDs)
		}, user),
		{Name: "c1.directory.users.v1.DirectReports", Overloads: []expr.Overload{
			overload(users, func(l *looker, a []any) (any, error) { return l.reports([]directory.UserID{whom(a[0]).ID}) }, user),
			overload(users, func(l *looker, a []any) (any, error) {
				var of []directory.UserID
				for _, v := range a[0].([]any) {
					of = append(of, whom(v).ID)
				}
				return l.reports(of)
			}, users),
		}},
		look("c1.directory.groups.v1.FindByName", groupShape.Type, func(l *looker, a []any) (any, error) {
			return l.group(a[0].(string))
		}, expr.String),
		{Name: "c1.directory.apps.v1.GetEntitlementMembers", Overloads: []expr.Overload{
			overload(users, func(l *looker, a []any) (any, error) {
				return l.holders(app.EntitlementRef{AppID: named[app.ID](a[0]), ID: named[app.EntitlementID](a[1])})
			}, expr.String, expr.String),
			overload(users, func(l *looker, a []any) (any, error) { return l.holders(a[0].(app.Entitlement).Ref()) }, groupShape.Type),
		}},
		look("c1.directory.apps.v1.GetEntitlementOwners", users, func(l *looker, a []any) (any, error) {
			return l.ownersOf(owner.OfEntitlement(app.EntitlementRef{AppID: named[app.ID](a[0]), ID: named[app.EntitlementID](a[1])}))
		}, expr.String, expr.String),
		look("c1.app_user.v1.HasSecurityInsight", expr.Bool, no, account),
		look("c1.app_user.v1.HasSecurityInsightType", expr.Bool, no, account, expr.String),
		look("c1.app_user.v1.HasSecurityInsightSeverity", expr.Bool, no, account, expr.String),
		look("c1.app_user.v1.HasRiskScore", expr.Bool, no, account),
		look("c1.app_user.v1.GetRiskScore", expr.Int, func(*looker, []any) (any, error) { return int64(0), nil }, account),
	}
}

func no(*looker, []any) (any, error) { return false, nil }

func look(name string, result expr.Type, f func(l *looker, a []any) (any, error), args ...expr.Type) expr.Function {
	return expr.Function{Name: name, Overloads: []expr.Overload{overload(result, f, args...)}}
}

func overload(result expr.Type, f func(l *looker, a []any) (any, error), args ...expr.Type) expr.Overload {
	return expr.Overload{Args: args, Result: result, Cost: lookupCost, With: func(in expr.Input, a []any) (any, error) {
		l := in.State.(*looker)
		if err := l.call(); err != nil {
			return nil, err
		}
		return f(l, a)
	}}
}

func whom(v any) directory.User { return v.(*someone).User }

// named is the identity that a text of the API names; a text that names none matches nothing.
func named[T ~string](v any) T {
	s, _ := v.(string)
	u, err := id.FromKSUID(s)
	if err != nil {
		return T("nobody")
	}
	return T(u)
}
