package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What one evaluation may look up.
const (
	MaxLookups = 32   // calls of functions on data
	MaxList    = 500  // rows that one of them answers
	MaxRows    = 2000 // rows that all of them answer
	lookupCost = 100  // of a call, in the budget of expressions
)

// looker reads for one evaluation, within its limits. What a member could not be read for, a failure of the database or a limit, is
// kept in broken: the evaluation is then worth nothing, whatever it answered.
type looker struct {
	service *Service
	q       db.Q
	at      time.Time
	facts   Facts
	calls   int
	rows    int
	broken  error
}

func (s *Service) looker(ctx context.Context, facts Facts) *looker {
	if facts.At.IsZero() {
		facts.At = s.Clock.Now()
	}
	return &looker{service: s, q: s.DB.Q(ctx), at: facts.At, facts: facts}
}

// call counts one look-up.
func (l *looker) call() error {
	if l.calls++; l.calls > MaxLookups {
		return fault.New(fault.Invalid, "an expression may look up %d times", MaxLookups)
	}
	return nil
}

// spend counts the rows that a look-up answered.
func (l *looker) spend(rows int) error {
	l.rows += rows
	switch {
	case rows > MaxList:
		return fault.New(fault.Invalid, "a look-up answers more than %d rows", MaxList)
	case l.rows > MaxRows:
		return fault.New(fault.Invalid, "an expression may look up %d rows", MaxRows)
	}
	return nil
}

func (l *looker) user(u directory.User) any { return userShape.Of(&someone{User: u, look: l}) }

func (l *looker) shown(found []directory.User, err error) (any, error) {
	if err == nil {
		err = l.spend(len(found))
	}
	if err == nil {
		err = directory.Managers(l.q, found)
	}
	if err != nil {
		return nil, err
	}
	out := make([]any, len(found))
	for i, u := range found {
		out[i] = l.user(u)
	}
	return out, nil
}

// find reads users; sql goes on behind "from users u", with the moment as $1 where it wants it.
func (l *looker) find(sql string, args ...any) ([]directory.User, error) {
	sql = fmt.Sprintf(`select `+directory.Columns("u.")+` from users u %s order by u.id limit %d`, sql, MaxList+1)
	return db.Collect(l.q, directory.Scan, sql, args...)
}

const (
	byEmail = `where u.email_folded = $1 and u.email_folded <> '' and u.status <> 'DELETED'`
	byName  = `where u.display_name = $1 and u.status <> 'DELETED'`
	byID    = `where u.id = $1 and u.status <> 'DELETED'`
)

func (l *looker) one(what, sql, arg string) (any, error) {
	if sql == byEmail {
		arg = db.Fold(arg)
	}
	found, err := l.find(sql, arg)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fault.New(fault.NotFound, "there is no user with this %s", what)
	case len(found) > 1:
		return nil, fault.New(fault.Invalid, "there are several users with this %s", what)
	}
	all, err := l.shown(found, nil)
	if err != nil {
		return nil, err
	}
	return all.([]any)[0], nil
}

// users reads those of the ids who are not deleted.
func (l *looker) users(ids []directory.UserID) (any, error) {
	ids = unique(ids)
	if len(ids) == 0 {
		return []any{}, nil
	}
	if err := l.spend(len(ids)); err != nil {
		return nil, err
	}
	return l.shown(l.find(`where u.id in `+db.In(len(ids), 1)+` and u.status <> 'DELETED'`, anys(ids)...))
}

func (l *looker) reports(of []directory.UserID) (any, error) {
	of = unique(of)
	if len(of) == 0 {
		return []any{}, nil
	}
	if err := l.spend(len(of)); err != nil {
		return nil, err
	}
	return l.shown(l.find(`where u.id in (select m.user_id from user_manager m where m.manager_id in `+db.In(len(of), 1)+
		`) and u.status <> 'DELETED'`, anys(of)...))
}

// managerEmail is the address of the first manager, as upstream's subject.manager is one.
func (l *looker) managerEmail(u directory.User) string {
	if len(u.ManagerIDs) == 0 {
		return ""
	}
	err := l.call()
	var found []directory.User
	if err == nil {
		found, err = directory.Many(l.q, u.ManagerIDs[:1])
	}
	if err != nil && l.broken == nil {
		l.broken = err
	}
	if len(found) == 0 {
		return ""
	}
	return found[0].Email
}

// accountsOf are the live accounts of a user in an app, enabled ones first.
func (l *looker) accountsOf(u directory.User, in app.ID) ([]app.Account, error) {
	found, err := db.Collect(l.q, app.ScanAccount, fmt.Sprintf(`select `+app.AccountColumns("a.")+` from account a
		where a.user_id = $1 and a.app_id = $2 and a.deleted_at is null
		order by case when a.status = 'ENABLED' then 0 else 1 end, a.id limit %d`, MaxList+1), string(u.ID), string(in))
	if err == nil {
		err = l.spend(len(found))
	}
	return found, err
}

// held is whom access joins to grants.
const held = ` from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
	join users u on u.id = a.user_id
	join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
	where g.app_id = $2 and g.entitlement_id = $3 and `

func (l *looker) holds(u directory.User, e app.EntitlementRef) (any, error) {
	var n int
	err := l.q.Row(`select count(*)`+held+grant.AccessSQL("$1")+` and a.user_id = $4`,
		clock.Micros(l.at), string(e.AppID), string(e.ID), string(u.ID)).Scan(&n)
	return n > 0, err
}

// enrolled reports whether a user has access to e by being enrolled in a catalog: a live source of it is the membership of one, of which
// more can be asked. Of a membership itself its rule is such a source.
func (l *looker) enrolled(u directory.User, e app.EntitlementRef, more string) (any, error) {
	var n int
	err := l.q.Row(enrolledSQL+more+`)`, clock.Micros(l.at), string(e.AppID), string(e.ID), string(u.ID)).Scan(&n)
	return n > 0, err
}

var enrolledSQL = `select count(*)` + held + grant.AccessSQL("$1") + ` and a.user_id = $4 and exists (select 1 from grant_source s
	join entitlement m on m.app_id = s.via_app_id and m.id = s.via_entitlement_id
	join resource_type t on t.app_id = m.app_id and t.id = m.resource_type_id and t.kind = '` + string(app.KindCatalog) + `'
	where s.grant_id = g.id and s.via_app_id = '` + string(app.Own) + `' and s.ended_at is null and (s.until_at is null or s.until_at > $1)`

// byRule is of a membership that the user has by the rule of the catalog.
const byRule = ` and exists (select 1 from account b join grants i on i.account_id = b.id and i.app_id = b.app_id
		join grant_source r on r.grant_id = i.id and r.ended_at is null and (r.until_at is null or r.until_at > $1)
	where b.user_id = a.user_id and i.app_id = m.app_id and i.entitlement_id = m.id and i.ended_at is null
		and r.via_app_id = m.app_id and r.via_entitlement_id = m.id)`

func (l *looker) holders(e app.EntitlementRef) (any, error) {
	return l.shown(l.find(`where u.id in (select a.user_id`+held+grant.AccessSQL("$1")+`)`,
		clock.Micros(l.at), string(e.AppID), string(e.ID)))
}

// group is the entitlement of a resource of kind GROUP: being in the group.
func (l *looker) group(name string) (any, error) {
	found, err := db.Collect(l.q, app.ScanEntitlement, `select `+app.EntitlementColumns("e.")+` from entitlement e
		join resource r on r.app_id = e.app_id and r.id = e.resource_id
		join resource_type t on t.app_id = r.app_id and t.id = r.resource_type_id
		where t.kind = 'GROUP' and e.deleted_at is null and (r.display_name = $1 or e.display_name = $1) order by e.app_id, e.id limit 2`, name)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fault.New(fault.NotFound, "there is no group of this name")
	case len(found) > 1:
		return nil, fault.New(fault.Invalid, "there are several groups of this name")
	}
	return groupShape.Of(found[0]), l.spend(1)
}

// ownersOf are the primary owners of an object, in the order they have.
func (l *looker) ownersOf(o owner.Object) (any, error) {
	owned, err := l.service.Owners.Users(l.q, []owner.Object{o}, owner.Primary, l.at)
	if err != nil {
		return nil, err
	}
	var ids []directory.UserID
	for _, u := range owned[o] {
		ids = append(ids, u.User)
	}
	return l.users(ids)
}
