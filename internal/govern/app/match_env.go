package app

import (
	"sync"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/id"
)

// What the expressions of a [Matching] see: an account as the connector reads it, before it is anybody's, under the names app_user,
// appUser and account; a user under user and subject. They look nothing up.
var (
	seenAccountShape = expr.NewShape("c1.api.app.v1.AppUser",
		expr.FieldOf("app_id", expr.String, func(a *Account) any { return id.KSUID(string(a.AppID)) }),
		expr.FieldOf("external_id", expr.String, func(a *Account) any { return a.ExternalID }),
		expr.FieldOf("display_name", expr.String, func(a *Account) any { return a.DisplayName }),
		expr.FieldOf("email", expr.String, func(a *Account) any { return a.Email }),
		expr.FieldOf("emails", expr.ListOf(expr.String), func(a *Account) any { return orEmpty(a.Emails) }),
		expr.FieldOf("username", expr.String, func(a *Account) any { return a.Username }),
		expr.FieldOf("usernames", expr.ListOf(expr.String), func(a *Account) any { return orEmpty(a.Usernames) }),
		expr.FieldOf("employee_ids", expr.ListOf(expr.String), func(a *Account) any { return orEmpty(a.EmployeeIDs) }),
		expr.FieldOf("app_user_type", expr.Int, func(a *Account) any { return AccountKinds.Number(string(a.Kind)) }),
		expr.FieldOf("status", expr.Int, func(a *Account) any { return AccountStatuses.Number(string(a.Status)) }),
		expr.FieldOf("status_details", expr.String, func(a *Account) any { return a.StatusDetails }),
		expr.FieldOf("profile", expr.MapOf(expr.String), func(a *Account) any { return textsOf(a.Profile) }),
	)
	matchedUserShape = expr.NewShape("c1.api.user.v1.User",
		expr.FieldOf("id", expr.String, func(u directory.User) any { return id.KSUID(string(u.ID)) }),
		expr.FieldOf("display_name", expr.String, func(u directory.User) any { return u.DisplayName }),
		expr.FieldOf("email", expr.String, func(u directory.User) any { return u.Email }),
		expr.FieldOf("emails", expr.ListOf(expr.String), func(u directory.User) any { return orEmpty(u.Profile.Emails) }),
		expr.FieldOf("username", expr.String, func(u directory.User) any { return u.Username }),
		expr.FieldOf("usernames", expr.ListOf(expr.String), func(u directory.User) any { return orEmpty(u.Profile.Usernames) }),
		expr.FieldOf("employee_ids", expr.ListOf(expr.String), func(u directory.User) any { return orEmpty(u.Profile.EmployeeIDs) }),
		expr.FieldOf("job_title", expr.String, func(u directory.User) any { return u.JobTitle }),
		expr.FieldOf("department", expr.String, func(u directory.User) any { return u.Department }),
		expr.FieldOf("employment_status", expr.String, func(u directory.User) any { return u.EmploymentStatus }),
		expr.FieldOf("employment_type", expr.String, func(u directory.User) any { return u.EmploymentType }),
		expr.FieldOf("status", expr.Int, func(u directory.User) any { return UserStatuses.Number(string(u.Status)) }),
		expr.FieldOf("type", expr.Int, func(u directory.User) any { return UserKinds.Number(string(u.Kind)) }),
		expr.FieldOf("profile", expr.MapOf(expr.String), func(u directory.User) any { return profileOf(u) }),
		expr.FieldOf("attributes", expr.MapOf(expr.String), func(u directory.User) any { return profileOf(u) }),
	)
)

// The enumerations that expressions name.
var (
	UserStatuses    = expr.Enumerate("UserStatus", directory.Enabled, directory.Disabled, directory.Deleted)
	UserKinds       = expr.Enumerate("UserType", directory.KindSystem, directory.KindHuman, directory.KindService, directory.KindAgent)
	AccountStatuses = expr.Enumerate("AppUserStatus", Enabled, Disabled, Deleted)
	AccountKinds    = expr.Enumerate("AppUserType", KindUser, KindService, KindSystem)
)

// sight is what each sort of expression sees.
type sight struct{ filter, account, user *expr.Env }

var sights = sync.OnceValues(func() (s sight, err error) {
	enums := expr.Constants(UserStatuses, UserKinds, AccountStatuses, AccountKinds)
	see := func(shape *expr.Shape, answer expr.Type, names ...string) *expr.Env {
		d := expr.Declaration{Shapes: []*expr.Shape{shape}, Constants: enums, Answers: []expr.Type{answer}}
		for _, n := range names {
			d.Variables = append(d.Variables, expr.Variable{Name: n, Type: shape.Type})
		}
		env, failed := expr.New(d)
		if err == nil {
			err = failed
		}
		return env
	}
	s.filter = see(seenAccountShape, expr.Bool, accountNames...)
	s.account = see(seenAccountShape, expr.String, accountNames...)
	s.user = see(matchedUserShape, expr.String, userNames...)
	return s, err
})

var accountNames, userNames = []string{"app_user", "appUser", "account"}, []string{"user", "subject"}

// accountVars shows an account by its address: one that has no id yet is the same as itself, and accounts as such cannot be compared.
func accountVars(a Account) map[string]any { return named(accountNames, seenAccountShape.Of(&a)) }

func userVars(u directory.User) map[string]any { return named(userNames, matchedUserShape.Of(u)) }

func named(names []string, v any) map[string]any {
	vars := make(map[string]any, len(names))
	for _, n := range names {
		vars[n] = v
	}
	return vars
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// textsOf are the members of what a connector says of an account that are texts.
func textsOf(profile map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range profile {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

func profileOf(u directory.User) map[string]string {
	if u.Profile.Attributes == nil {
		return map[string]string{}
	}
	return u.Profile.Attributes
}
