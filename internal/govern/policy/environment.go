package policy

import (
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// someone is a user as expressions see one; what is not in the row is looked up by the evaluation it belongs to.
type someone struct {
	directory.User

	look *looker
}

// The kinds of objects in expressions. Times that are not set are the beginning of 1970, as an unset one is in the API's own terms.
var (
	userShape = expr.NewShape("c1.api.user.v1.User",
		expr.FieldOf("id", expr.String, func(u *someone) any { return id.KSUID(string(u.ID)) }),
		expr.FieldOf("display_name", expr.String, func(u *someone) any { return u.DisplayName }),
		expr.FieldOf("email", expr.String, func(u *someone) any { return u.Email }),
		expr.FieldOf("emails", expr.ListOf(expr.String), func(u *someone) any { return list(u.Profile.Emails) }),
		expr.FieldOf("username", expr.String, func(u *someone) any { return u.Username }),
		expr.FieldOf("usernames", expr.ListOf(expr.String), func(u *someone) any { return list(u.Profile.Usernames) }),
		expr.FieldOf("employee_ids", expr.ListOf(expr.String), func(u *someone) any { return list(u.Profile.EmployeeIDs) }),
		expr.FieldOf("job_title", expr.String, func(u *someone) any { return u.JobTitle }),
		expr.FieldOf("department", expr.String, func(u *someone) any { return u.Department }),
		expr.FieldOf("employment_status", expr.String, func(u *someone) any { return u.EmploymentStatus }),
		expr.FieldOf("employment_type", expr.String, func(u *someone) any { return u.EmploymentType }),
		expr.FieldOf("status", expr.Int, func(u *someone) any { return app.UserStatuses.Number(string(u.Status)) }),
		expr.FieldOf("type", expr.Int, func(u *someone) any { return app.UserKinds.Number(string(u.Kind)) }),
		expr.FieldOf("manager", expr.String, func(u *someone) any { return u.look.managerEmail(u.User) }),
		expr.FieldOf("manager_id", expr.String, func(u *someone) any { return first(shownIDs(u.ManagerIDs)) }),
		expr.FieldOf("manager_ids", expr.ListOf(expr.String), func(u *someone) any { return shownIDs(u.ManagerIDs) }),
		expr.FieldOf("profile", expr.MapOf(expr.String), func(u *someone) any { return attributes(u.Profile.Attributes) }),
		expr.FieldOf("attributes", expr.MapOf(expr.String), func(u *someone) any { return attributes(u.Profile.Attributes) }),
		expr.FieldOf("created_at", expr.Timestamp, func(u *someone) any { return moment(u.CreatedAt) }),
	)
	accountShape = expr.NewShape("c1.api.app.v1.AppUser",
		expr.FieldOf("id", expr.String, func(a app.Account) any { return id.KSUID(string(a.ID)) }),
		expr.FieldOf("app_id", expr.String, func(a app.Account) any { return id.KSUID(string(a.AppID)) }),
		expr.FieldOf("identity_user_id", expr.String, func(a app.Account) any { return id.KSUID(string(a.UserID)) }),
		expr.FieldOf("display_name", expr.String, func(a app.Account) any { return a.DisplayName }),
		expr.FieldOf("email", expr.String, func(a app.Account) any { return a.Email }),
		expr.FieldOf("emails", expr.ListOf(expr.String), func(a app.Account) any { return list(a.Emails) }),
		expr.FieldOf("username", expr.String, func(a app.Account) any { return a.Username }),
		expr.FieldOf("app_user_type", expr.Int, func(a app.Account) any { return app.AccountKinds.Number(string(a.Kind)) }),
		expr.FieldOf("status", expr.Int, func(a app.Account) any { return app.AccountStatuses.Number(string(a.Status)) }),
		expr.FieldOf("created_at", expr.Timestamp, func(a app.Account) any { return moment(a.CreatedAt) }),
	)
	entitlementShape = expr.NewShape("c1.api.app.v1.AppEntitlement",
		expr.FieldOf("id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.ID)) }),
		expr.FieldOf("app_id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.AppID)) }),
		expr.FieldOf("app_resource_type_id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.TypeID)) }),
		expr.FieldOf("app_resource_id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.ResourceID)) }),
		expr.FieldOf("display_name", expr.String, func(e app.Entitlement) any { return e.DisplayName }),
		expr.FieldOf("description", expr.String, func(e app.Entitlement) any { return e.Description }),
		expr.FieldOf("alias", expr.String, func(e app.Entitlement) any { return e.Alias }),
		expr.FieldOf("slug", expr.String, func(e app.Entitlement) any { return e.Slug }),
		expr.FieldOf("system_builtin", expr.Bool, func(e app.Entitlement) any { return e.Builtin }),
		expr.FieldOf("is_manually_managed", expr.Bool, func(e app.Entitlement) any { return e.ConnectorID == "" }),
		expr.FieldOf("annotations", expr.MapOf(expr.String), func(e app.Entitlement) any { return attributes(e.Annotations) }),
		expr.FieldOf("created_at", expr.Timestamp, func(e app.Entitlement) any { return moment(e.CreatedAt) }),
	)
	analysisShape = expr.NewShape("c1.api.policy.v1.TaskAnalysis",
		expr.FieldOf("has_conflict_violations", expr.Bool, func(f Facts) any { return len(f.Task.Conflicts) > 0 }),
		expr.FieldOf("conflict_violations", expr.ListOf(expr.String), func(f Facts) any { return list(f.Task.Conflicts) }),
	)
	taskShape = expr.NewShape("c1.api.policy.v1.Task",
		expr.FieldOf("id", expr.String, func(f Facts) any { return id.KSUID(f.Task.ID) }),
		expr.FieldOf("numeric_id", expr.Int, func(f Facts) any { return f.Task.Number }),
		expr.FieldOf("display_name", expr.String, func(f Facts) any { return f.Task.DisplayName }),
		expr.FieldOf("origin", expr.Int, func(f Facts) any { return taskOrigins.Number(f.Task.Origin) }),
		expr.FieldOf("is_grant_permanent", expr.Bool, func(f Facts) any { return f.Task.GrantDuration == 0 }),
		expr.FieldOf("grant_duration", expr.Duration, func(f Facts) any { return f.Task.GrantDuration }),
		expr.FieldThat("subject_user_id", expr.String, func(f Facts) (any, error) { return id.KSUID(string(f.Subject.ID)), f.nobody() }),
		expr.FieldOf("requestor_user_id", expr.String, func(f Facts) any { return id.KSUID(string(f.Task.Opener)) }),
		expr.FieldOf("created_at", expr.Timestamp, func(f Facts) any { return moment(f.Task.CreatedAt) }),
		expr.FieldOf("analysis", analysisShape.Type, func(f Facts) any { return analysisShape.Of(f) }),
	)
	groupShape = expr.NewShape("c1.api.directory.v1.Group",
		expr.FieldOf("id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.ID)) }),
		expr.FieldOf("app_id", expr.String, func(e app.Entitlement) any { return id.KSUID(string(e.AppID)) }),
		expr.FieldOf("display_name", expr.String, func(e app.Entitlement) any { return e.DisplayName }),
	)
)

var taskOrigins = expr.Enumerate("TaskOrigin",
	"PROFILE_MEMBERSHIP_AUTOMATION", "SLACK", "API", "JIRA", "COPILOT", "WEBAPP", "TIME_REVOKE", "NON_USAGE_REVOKE",
	"PROFILE_MEMBERSHIP_MANUAL", "PROFILE_MEMBERSHIP", "AUTOMATION", "ACCESS_REVIEW", "CASCADE_DELETE",
)

// What each sort of expression sees.
var (
	conditionVars = []expr.Variable{
		{Name: "subject", Type: userShape.Type}, {Name: "account", Type: accountShape.Type},
		{Name: "entitlement", Type: entitlementShape.Type}, {Name: "task", Type: taskShape.Type},
	}
	approverVars = []expr.Variable{
		{Name: "subject", Type: userShape.Type}, {Name: "appOwners", Type: expr.ListOf(userShape.Type)},
		{Name: "app_owners", Type: expr.ListOf(userShape.Type)}, {Name: "entitlement", Type: entitlementShape.Type},
		{Name: "task", Type: taskShape.Type},
	}
	accountVars = []expr.Variable{{Name: "subject", Type: userShape.Type}}
)

func speaksOfOwners(text string) bool {
	return strings.Contains(text, "appOwners") || strings.Contains(text, "app_owners")
}

func environment(vars []expr.Variable, answers ...expr.Type) (*expr.Env, error) {
	return expr.New(expr.Declaration{
		Shapes:    []*expr.Shape{userShape, accountShape, entitlementShape, analysisShape, taskShape, groupShape},
		Constants: expr.Constants(app.UserStatuses, app.UserKinds, app.AccountStatuses, app.AccountKinds, taskOrigins),
		Variables: vars, Functions: lookups(), Answers: answers,
	})
}

// input is what an evaluation gets; the owners are asked for only if it needs them.
func (l *looker) input() expr.Input {
	f := l.facts
	owners := expr.Lazy(func() (any, error) { return l.ownersOf(owner.OfApp(f.Entitlement.AppID)) })
	subject, account := l.user(f.Subject), accountShape.Of(f.Account)
	if err := f.nobody(); err != nil {
		none := expr.Lazy(func() (any, error) { return nil, err })
		subject, account = none, none
	}
	return expr.Input{Now: l.at, State: l, Vars: map[string]any{
		"subject": subject, "account": account, "entitlement": entitlementShape.Of(f.Entitlement),
		"task": taskShape.Of(f), "appOwners": owners, "app_owners": owners,
	}}
}

// nobody refuses to say whose access it is where that is no one person's. The threat: a condition that was written about people, such as
// that the subject is no contractor, and holds for what is nobody.
func (f Facts) nobody() error {
	if f.ForGroup {
		return fault.New(fault.Invalid, "it is the access of a group, which has no subject and no account")
	}
	return nil
}

func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func attributes(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func first(l []string) string {
	if len(l) == 0 {
		return ""
	}
	return l[0]
}

func shownIDs(ids []directory.UserID) []string {
	out := make([]string, len(ids))
	for i, u := range ids {
		out[i] = id.KSUID(string(u))
	}
	return out
}

func moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}
