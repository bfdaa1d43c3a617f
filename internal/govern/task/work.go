package task

import (
	"context"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// WorkSQL is a select of the ids of the tasks that wait for somebody to decide, at a moment: what asks them, what asks those they
// stand in for, what asks the holders of what they hold, and the owners of what they own. user and now are placeholders, the person
// and the moment in microseconds. It says of one person what [Question.Resolve] says of one task.
//
// Of a step that has fallen back to others it finds those whom it named first, too, should they be back.
func WorkSQL(user, now string) string {
	open := strings.ReplaceAll(delegation.OpenSQL("d."), "?", now)
	persons := `(select u.id, 0 as added from users u where u.id = ` + user + ` and u.status = 'ENABLED'
		union select d.delegator, 1 from delegation d join users u on u.id = d.delegator and u.status = 'ENABLED'
			join users me on me.id = d.delegate and me.status = 'ENABLED'
			where d.delegate = ` + user + ` and d.mode = 'ADD' and ` + open + `
		union select st.for_id, 2 from task_stand st join users u on u.id = st.for_id and u.status = 'ENABLED'
			join users me on me.id = st.user_id and me.status = 'ENABLED'
			join delegation d on d.id = st.delegation_id where st.user_id = ` + user + ` and ` + open + `)`
	people := `(select id from ` + persons + ` who)`
	held := `select a.user_id, g.app_id, g.entitlement_id from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
		join users u on u.id = a.user_id join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
		where a.user_id in ` + people + ` and ` + grant.AccessSQL(now)
	asked := `select s.task_id, s.kind, s.user_id as person from task_slot s where s.kind = 'user' and s.user_id in ` + people + `
		union select s.task_id, s.kind, m.manager_id from user_manager m join task_slot s on s.kind = 'managers' and s.user_id = m.user_id
			where m.manager_id in ` + people + `
		union select s.task_id, s.kind, h.user_id from (` + held + `) h join task_slot s on s.kind = 'holders' and s.of_kind = ''
			and s.app_id = h.app_id and s.object_id = h.entitlement_id
		union select s.task_id, s.kind, o.user_id from (` + ownedSQL(people, now) + `) o join task_slot s on s.kind = 'owners'
			and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id
		union select s.task_id, s.kind, r.user_id from user_role r join task_slot s on s.kind = 'admins' and s.user_id = ''
			where r.role_id = '` + string(iam.BuiltinID(iam.SuperAdministrator)) + `' and r.user_id = ` + user
	party := func(who string) string { return `(t.subject_id = ` + who + ` or t.opener_id = ` + who + `)` }
	return `select t.id from (` + asked + `) x join task t on t.id = x.task_id join ` + persons + ` w on w.id = x.person
		where t.state = 'OPEN' and t.deleted_at is null
			and (t.self and x.kind <> 'admins' and w.added = 0 or not ` + party(user) + ` and not ` + party("x.person") + `)
			and not (t.distinct_people and exists (select 1 from task_act c where c.task_id = t.id and c.user_id = ` + user + `
				and c.kind = 'approvalInstanceChange'))
			and (w.added = 0 and not exists (select 1 from task_stand st join delegation d on d.id = st.delegation_id
					join users me on me.id = st.user_id and me.status = 'ENABLED'
					where st.task_id = t.id and st.for_id = x.person and ` + open + `)
				or w.added = 1 and t.delegates and x.kind <> 'admins'
				or w.added = 2 and exists (select 1 from task_stand st where st.task_id = t.id and st.for_id = x.person
					and st.user_id = ` + user + `))`
}

// ownedSQL is who of the people owns what, as primary owner.
func ownedSQL(people, now string) string {
	return `select o.user_id, o.kind, o.app_id, o.object_id from owner_user o join users u on u.id = o.user_id
			where u.status = 'ENABLED' and o.role = '` + owner.Primary + `' and o.user_id in ` + people + `
		union select a.user_id, o.kind, o.app_id, o.object_id from owner_entitlement o
			join grants g on g.app_id = o.via_app_id and g.entitlement_id = o.via_entitlement_id
			join account a on a.app_id = g.app_id and a.id = g.account_id
			join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
			join app p on p.id = g.app_id
			where o.role = '` + owner.Primary + `' and a.user_id in ` + people + ` and ` + grant.AccessSQL(now)
}

// Work lists the tasks that wait for somebody to decide, at this moment, newest first.
func (s *Service) Work(ctx context.Context, of directory.UserID, r page.Request) (page.Page[Task], error) {
	args := []any{string(of), clock.Micros(s.Clock.Now())}
	sql := `select ` + Columns("t.") + ` from task t where t.id in (` + WorkSQL("$1", "$2") + `)`
	if len(r.After) == 1 {
		n, err := strconv.ParseInt(r.After[0], 10, 64) // the token was signed by us for this list
		if err != nil {
			return page.Page[Task]{}, err
		}
		sql, args = sql+` and t.number < $3`, append(args, n)
	}
	list, err := db.Collect(s.DB.Q(ctx), scan, sql+` order by t.number desc limit `+strconv.Itoa(r.Size+1), args...)
	return page.Cut(list, r.Size, func(t Task) page.Key { return page.Key{strconv.FormatInt(t.Number, 10)} }), err
}
