package c1

import (
	"context"

	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/read"
)

// knowledge is what a caller may know of people, by whatever operation they ask. The threat: an answer that shows a person beside
// what was asked for, or expands one, tells callers what the operations on people would not.
type knowledge struct {
	me                              directory.UserID
	everybody, everyAccount, ofRole bool
	policies, webhooks              bool
}

func knowing(ctx context.Context) knowledge {
	k := knowledge{
		everybody:    reachesAll(ctx, "c1.api.user.v1.UserService.Get", "c1.api.user.v1.UserService.List", "c1.api.user.v1.UserSearch.Search"),
		everyAccount: reachesAll(ctx, "c1.api.app.v1.AppUserService.Search", "c1.api.app.v1.AppUserService.List"),
		ofRole:       reachesAll(ctx, "c1.api.iam.v1.Roles.Get", "c1.api.iam.v1.Roles.List"),
		policies: reachesAll(ctx, "c1.api.policy.v1.Policies.Get", "c1.api.policy.v1.Policies.List",
			"c1.api.policy.v1.PolicySearch.Search"),
		webhooks: reachesAll(ctx, "c1.api.webhooks.v1.WebhooksService.Get", "c1.api.webhooks.v1.WebhooksService.List"),
	}
	if p, err := iam.PrincipalFrom(ctx); err == nil {
		k.me = p.UserID
	}
	return k
}

// reachesAll reports whether the caller reaches every object by one of the operations.
func reachesAll(ctx context.Context, operations ...string) bool {
	for _, o := range operations {
		if reaches(ctx, o) == iam.All {
			return true
		}
	}
	return false
}

// knows reports whether all of a user may be shown; of others, what a colleague may know.
func (k knowledge) knows(u directory.UserID) bool { return k.everybody || u == k.me }

// roles reports whether the roles of a user may be shown, beyond which they are.
func (k knowledge) roles(u directory.UserID) bool { return k.ofRole || u == k.me }

// account reports whether an account may be shown beside what was asked for.
func (k knowledge) account(a app.Account) bool {
	return k.everyAccount || a.UserID != "" && a.UserID == k.me
}

// user shows a user as far as the caller may know them.
func (k knowledge) user(u read.UserRow) *userv1.User {
	shown := EncodeUser(u)
	if !k.knows(u.ID) {
		return colleague(shown)
	}
	return shown
}

// policy shows of the policy that a task runs under what the caller may know: whoever reads no policies sees the steps that the task
// goes through. The threat: rules tell how to ask so that nobody is asked.
func (k knowledge) policy(p *policy.Policy, key string) *policy.Policy {
	if p == nil || k.policies {
		return p
	}
	cut := *p
	cut.Rules, cut.BaselineID, cut.Annotations, cut.Steps = nil, "", nil, nil
	if steps, ok := p.Steps[key]; ok {
		cut.Steps = map[string][]policy.Step{key: steps}
	}
	return &cut
}
