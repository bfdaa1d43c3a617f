package grant

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Question asks whether somebody has access now: a user through any of their accounts, or one account.
type Question struct {
	App         app.ID
	Entitlement app.EntitlementID
	User        directory.UserID // this
	Account     app.AccountID    // or this
}

// The two forms of the question are one statement each, prepared once: the row of the entitlement, and beside it each account in
// question with its grant. The last column tells a grant that ended from one that never was, and is worked out only where there is
// no live one.
const (
	askColumns = `select p.deleted_at is not null, e.deleted_at is not null, who.id, a.id, a.status, u.status, g.state, g.direct, g.derived,
		g.derived_until, g.deprovision_at, g.force_end, g.active_at, g.ending_at,
		case when g.id is null and a.id is not null then exists (select 1 from grants o
			where o.account_id = a.id and o.entitlement_id = e.id and o.app_id = e.app_id) else false end
		from entitlement e join app p on p.id = e.app_id `
	askGrant = ` left join grants g on g.app_id = e.app_id and g.entitlement_id = e.id and g.account_id = a.id and g.ended_at is null
		where e.app_id = $1 and e.id = $2`
	askUser = askColumns + `left join users who on who.id = $3
		left join account a on a.user_id = who.id and a.app_id = e.app_id
		left join users u on u.id = a.user_id` + askGrant
	askAccount = askColumns + `left join account who on who.app_id = e.app_id and who.id = $3
		left join account a on a.app_id = who.app_id and a.id = who.id
		left join users u on u.id = a.user_id` + askGrant
)

// Check answers whether somebody has access now. A user has what any of their accounts has, for as long as the longest of them.
// NotFound for an entitlement, user or account that never was; what is deleted or disabled has no access.
func (s *Service) Check(ctx context.Context, question Question) (Answer, error) {
	now := s.Clock.Now()
	sql, who, kind := askUser, string(question.User), "user"
	if question.Account != "" {
		sql, who, kind = askAccount, string(question.Account), "account"
	}
	facts, err := db.Collect(s.DB.Q(ctx), scanFacts, sql, question.App, question.Entitlement, who)
	switch {
	case err != nil:
		return Answer{}, err
	case len(facts) == 0:
		return Answer{}, fault.Missing("entitlement", string(question.Entitlement))
	case !facts[0].known:
		return Answer{}, fault.Missing(kind, who)
	}
	best := facts[0].answer(now)
	for _, f := range facts[1:] {
		if a := f.answer(now); better(a, best) {
			best = a
		}
	}
	return best, nil
}

// row is what Check reads of one account.
type row struct {
	Facts

	known, account bool
}

func (r row) answer(now time.Time) Answer {
	if !r.account && !r.AppDeleted && !r.EntitlementDeleted {
		return Answer{Reason: "no account in the app"}
	}
	return r.Access(now)
}

// better reports whether a says more than b: a yes before a no, the longer yes before the shorter, a no about a grant before others.
func better(a, b Answer) bool {
	switch {
	case a.Allowed != b.Allowed:
		return a.Allowed
	case a.Allowed:
		return !b.Until.IsZero() && (a.Until.IsZero() || a.Until.After(b.Until))
	default:
		return weight[a.State] > weight[b.State]
	}
}

// weight orders refusals by how near to access they are.
var weight = map[State]int{Pending: 4, Active: 3, Ending: 2, Ended: 1}

func scanFacts(r *db.Rows) (f row, err error) {
	var who, account, status, user, state, direct *string
	var derived, until, deprovision, active, ending *int64
	var force *bool
	err = r.Scan(&f.AppDeleted, &f.EntitlementDeleted, &who, &account, &status, &user, &state, &direct, &derived, &until, &deprovision, &force,
		&active, &ending, &f.Before)
	f.known, f.account = who != nil, account != nil
	if status != nil {
		f.Account = app.AccountStatus(*status)
	}
	if user != nil {
		f.User = directory.Status(*user)
	}
	if state != nil {
		f.Grant = &Grant{
			State: State(*state), Direct: Origin(*direct), Derived: int(*derived), DerivedUntil: clock.FromNull(until),
			DeprovisionAt: clock.FromNull(deprovision), ForceEnd: *force,
			ActiveAt: clock.FromNull(active), EndingAt: clock.FromNull(ending),
		}
	}
	return f, err
}
