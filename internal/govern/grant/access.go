package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
)

// Facts are everything that the question "has this account access now" depends on.
type Facts struct {
	Grant   *Grant // the one of the key that is not ended; nil: none
	Before  bool   // there was one that has ended
	Account app.AccountStatus
	User    directory.Status // empty: the account is nobody's

	AppDeleted, EntitlementDeleted bool
}

// Answer is the answer to that question. The zero Answer is a no.
type Answer struct {
	Allowed bool
	Until   time.Time // when access ends as things are; zero: no end is set, or Allowed is false
	Reason  string    // in words for people
	State   State     // of the grant that decided; empty: there is none
}

// Access is the rule, for one moment:
//
//	access ⇔ active ∧ active_at ≤ now < end ∧ account enabled ∧ user enabled ∧ app and entitlement not deleted
//
// The end is that of the last source. [AccessSQL] says the same in SQL, for lists.
func (f Facts) Access(now time.Time) Answer {
	no := func(reason string) Answer {
		a := Answer{Reason: reason}
		if f.Grant != nil {
			a.State = f.Grant.State
		}
		return a
	}
	switch {
	case f.AppDeleted:
		return no("app deleted")
	case f.EntitlementDeleted:
		return no("entitlement deleted")
	case f.User == directory.Deleted:
		return no("user deleted")
	case f.User == directory.Disabled:
		return no("user disabled")
	case f.Account == app.Deleted:
		return no("account deleted")
	case f.Account == app.Disabled:
		return no("account disabled")
	case f.Grant == nil && f.Before:
		return Answer{Reason: "ended", State: Ended}
	case f.Grant == nil:
		return no("not granted")
	case f.Grant.Over(now):
		a := no("ended")
		if a.State == Pending || a.State == Active { // nobody has noticed yet, and no caller shall see the difference
			a.State = Ending
		}
		return a
	case f.Grant.State == Pending:
		return no("not provisioned yet")
	case !f.Grant.Live(now) || f.Account != app.Enabled || f.User != "" && f.User != directory.Enabled:
		return no("not in force")
	default:
		return Answer{Allowed: true, Until: f.Grant.Until(), Reason: "granted", State: Active}
	}
}

// LiveSQL is [Grant.Live] as a condition on the columns of grants; alias is the table's alias with its dot, now the placeholder of
// the moment in microseconds. The sum with nothing keeps SQLite from reading an index by the beginning, which tells next to nothing.
func LiveSQL(alias, now string) string {
	g := alias
	return `(` + g + `ended_at is null and ` + g + `state = 'active' and ` + g + `active_at + 0 <= ` + now + ` and ` + sourcedSQL(g, now) + `)`
}

// sourcedSQL is that a grant which is neither ending nor ended has a source that is not past its end, see [Grant.Over].
func sourcedSQL(g, now string) string {
	return `((` + g + `deprovision_at is null or ` + g + `deprovision_at > ` + now + `) and (` + g + `derived_until is null or ` + g +
		`direct <> '' or ` + g + `force_end) or ` + g + `derived > 0 and not ` + g + `force_end and (` + g + `derived_until is null or ` + g +
		`derived_until > ` + now + `))`
}

// UntilSQL is [Grant.Until] of a grant that is neither ending nor ended, null for no end; alias is that of [LiveSQL].
func UntilSQL(alias string) string {
	g := alias
	return `case when ` + g + `derived = 0 or ` + g + `force_end then ` + g + `deprovision_at
		when ` + g + `direct = '' then ` + g + `derived_until
		when ` + g + `derived_until > ` + g + `deprovision_at then ` + g + `derived_until
		when ` + g + `derived_until is not null then ` + g + `deprovision_at end`
}

// OverSQL is that a grant which is neither ending nor ended is past its end; the parameters are those of [LiveSQL].
func OverSQL(alias, now string) string { return `not ` + sourcedSQL(alias, now) }

// AccessSQL is [Facts.Access] as a condition; every question of who has access now is asked with it. The aliases are g for grants,
// a for its account, u for that account's user (left joined), e for its entitlement and p for its app; now is as for [LiveSQL].
func AccessSQL(now string) string {
	return `(` + LiveSQL("g.", now) + reachable + `)`
}

// GivenSQL is [AccessSQL] but for what the target does not hold yet, which is access to come.
func GivenSQL(now string) string { return `(` + NotOverSQL("g.", now) + reachable + `)` }

// NotOverSQL is a grant that is live or will be once the target holds it; the parameters are those of [LiveSQL].
func NotOverSQL(alias, now string) string {
	g := alias
	return `(` + g + `ended_at is null and ` + g + `ending_at is null and ` + sourcedSQL(g, now) + `)`
}

// reachable is the half of the rule that is not about the grant.
const reachable = ` and a.status = 'ENABLED' and (a.user_id is null or u.status = 'ENABLED')
	and e.deleted_at is null and p.deleted_at is null`
