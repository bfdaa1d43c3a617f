package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// lock makes everybody who writes references to policies, or deletes one, take turns: two references that each are sound could
// close a circle together, and a policy could be chosen while it is deleted.
func lock(tx *db.Tx) error { return tx.Lock("policies") }

// refer writes what p refers to, and refuses what is unknown, of another kind, a circle or too long a chain.
func refer(tx *db.Tx, p Policy, c *checker) error {
	for _, list := range [][]reference[ID]{c.policies, c.escalations} {
		for _, r := range list {
			if err := usable(tx, r.field, p.Kind, r.to); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(`delete from policy_use where by_id = $1`, string(p.ID)); err != nil {
		return err
	}
	for kind, list := range map[string][]reference[ID]{"policy": c.policies, "escalation": c.escalations} {
		for _, r := range list {
			if _, err := tx.Exec(`insert into policy_use (policy_id, by_kind, by_id) values ($1,$2,$3) on conflict do nothing`,
				string(r.to), kind, string(p.ID)); err != nil {
				return err
			}
		}
	}
	if err := webhook.Refer(tx, webhook.User{Kind: "policy", ID: string(p.ID)}, c.webhooks); err != nil {
		return err
	}
	if len(c.policies) == 0 {
		return nil
	}
	below, err := levels(tx, p.ID, `select distinct policy_id from policy_use where by_kind = 'policy' and by_id in `)
	if err != nil {
		return err
	}
	for _, level := range below {
		if slices.Contains(level, p.ID) {
			return fault.InvalidField(c.policies[0].field, "leads back to this policy")
		}
	}
	above, err := levels(tx, p.ID, `select distinct by_id from policy_use where by_kind = 'policy' and policy_id in `)
	if err == nil && len(below)+len(above) > MaxDepth {
		err = fault.InvalidField(c.policies[0].field, "makes a chain of more than %d references", MaxDepth)
	}
	return err
}

// levels are the policies 1, 2, … references away from one, in the direction that sql asks for. It ends one level past what is
// allowed.
func levels(q db.Q, from ID, sql string) ([][]ID, error) {
	var out [][]ID
	at := []ID{from}
	for len(out) <= MaxDepth {
		var next []ID
		for _, chunk := range db.Chunks(at) {
			rows, err := db.Collect(q, func(r *db.Rows) (v ID, err error) { return v, r.Scan(&v) }, sql+db.In(len(chunk), 1), anys(chunk)...)
			if err != nil {
				return nil, err
			}
			next = append(next, rows...)
		}
		slices.Sort(next)
		if at = slices.Compact(next); len(at) == 0 {
			break
		}
		out = append(out, at)
	}
	return out, nil
}

// usable answers Invalid about field unless the policy is live and of that kind.
func usable(q db.Q, field string, kind Kind, id ID) error {
	p, err := live(q, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.InvalidField(field, "there is no such policy")
	case err == nil && p.Kind != kind:
		return fault.InvalidField(field, "is a policy of type %s, not %s", p.Kind, kind)
	}
	return err
}

// known answers Invalid for the first user, entitlement or scope that is not there.
func (c *checker) known(q db.Q, p Policy) error {
	ids := make([]directory.UserID, len(c.users))
	for i, u := range c.users {
		ids[i] = u.to
	}
	found, err := directory.Many(q, unique(ids))
	if err != nil {
		return err
	}
	people := map[directory.UserID]bool{}
	for _, u := range found {
		people[u.ID] = u.Status != directory.Deleted
	}
	for _, u := range c.users {
		if !people[u.to] {
			return fault.InvalidField(u.field, "there is no such user")
		}
	}
	refs := make([]app.EntitlementRef, len(c.entitlements))
	for i, e := range c.entitlements {
		refs[i] = e.to
	}
	entitlements, err := app.ManyEntitlements(q, refs)
	if err != nil {
		return err
	}
	there := map[app.EntitlementRef]bool{}
	for _, e := range entitlements {
		there[e.Ref()] = e.DeletedAt.IsZero()
	}
	for _, e := range c.entitlements {
		if !there[e.to] {
			return fault.InvalidField(e.field, "there is no such entitlement")
		}
	}
	return scoped(q, p.Scope)
}

func scoped(q db.Q, s Scope) error {
	var err error
	field := "scope.appId"
	if s.App != "" {
		_, err = app.GetApp(q, s.App)
	}
	if s.Entitlement != "" && err == nil {
		field = "scope.appEntitlementId"
		_, err = app.GetEntitlement(q, s.App, s.Entitlement)
	}
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidField(field, "there is no such object")
	}
	return err
}

func unique[T ~string](list []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// users are those who refer to a policy, a few of them, in words.
func usersOf(q db.Q, id ID) (string, error) {
	const each = 3
	var words []string
	for _, from := range []struct{ kind, sql string }{
		{"policy", `select distinct p.display_name from policy_use u join policy p on p.id = u.by_id
			where u.policy_id = $1 and u.by_id <> $1 and p.deleted_at is null order by 1`},
		{"app", `select display_name from (` + union("app", "grant_policy_id", "revoke_policy_id", "certify_policy_id") + `) x order by 1`},
		{"entitlement", `select display_name from (` + union("entitlement", "grant_policy_id", "revoke_policy_id", "certify_policy_id",
			"emergency_grant_policy_id") + `) x order by 1`},
		{"the request defaults of app", `select p.display_name from policy_use u join app p on p.id = u.by_id
			where u.policy_id = $1 and u.by_kind = 'defaults' and p.deleted_at is null order by 1`},
	} {
		names, err := db.Collect(q, func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
			fmt.Sprintf("%s limit %d", from.sql, each+1), string(id))
		if err != nil {
			return "", err
		}
		for i, n := range names {
			if i == each {
				words = append(words, "and others")
				break
			}
			words = append(words, from.kind+" "+n)
		}
	}
	return strings.Join(words, ", "), nil
}

func union(table string, columns ...string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = `select display_name from ` + table + ` where ` + c + ` = $1 and ` + c + ` <> '' and deleted_at is null`
	}
	return strings.Join(parts, " union ")
}
