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
func WorkSQL(user, now string) string { return workSQL(user, now, "", "") }

// Part bounds what is looked at row by row. Its texts stand for bound values, as user and now do.
type Part struct {
	From, Below string // their numbers
	Most        string // so many rows of what asks the person, those with the lowest numbers; empty: all
	Down        bool   // those with the highest
}

func (p Part) within() string { return ` and s.number >= ` + p.From + ` and s.number < ` + p.Below }

func (p Part) first() string {
	switch {
	case p.Most == "":
		return ""
	case p.Down:
		return " order by number desc limit " + p.Most
	default:
		return " order by number limit " + p.Most
	}
}

// WorkWithinSQL is WorkSQL of a part of the tasks. The task at which Most cuts may ask the person in other ways than those that were looked
// at, and be missing; none before it is.
func WorkWithinSQL(user, now string, p Part) string { return workSQL(user, now, p.within(), p.first()) }

// AskedWithinSQL counts what asks the person in a part of the tasks, which is what [WorkWithinSQL] looks at. A row costs a tenth of what it
// costs there.
func AskedWithinSQL(user, now string, p Part) string {
	return askedSQL(user, now, p.within(), p.first()) + ` select count(*) as rows_asked from asked`
}

func workSQL(user, now, within, first string) string {
	open := openSQL(now)
	// Of a service that a member of the group owns this finds what it does not decide, too.
	party := func(who string) string {
		return `(t.subject_id = ` + who + ` or t.opener_id = ` + who + ` or t.group_app_id <> '' and exists (select 1 from held h
			where h.user_id = ` + who + ` and h.app_id = t.group_app_id and h.entitlement_id = t.group_entitlement_id)
			or exists (select 1 from users n where n.id = ` + who + ` and n.kind in ('SERVICE', 'AGENT')) and exists (select 1 from (` +
			owner.OwnedSQL(`(t.subject_id, t.opener_id)`, `'`+owner.Primary+`'`, now) + `) z where z.kind = 'user' and z.object_id = ` + who + `))`
	}
	return askedSQL(user, now, within, first) + `
		select t.id from asked x cross join task t cross join who w where t.id = x.task_id and w.id = x.person
			and t.state = 'OPEN' and t.deleted_at is null
			and (t.self and x.kind <> 'admins' and w.added = 0 or not ` + party(user) + ` and not ` + party("x.person") + `)
			and not (t.distinct_people and exists (select 1 from task_act c where c.task_id = t.id and c.kind = 'approvalInstanceChange'
				and (c.user_id in (` + user + `, x.person) or c.for_id in (` + user + `, x.person))))
			and (w.added = 0 and not exists (select 1 from task_stand st join delegation d on d.id = st.delegation_id
					join users me on me.id = st.user_id and me.status = 'ENABLED'
					where st.task_id = t.id and st.for_id = x.person and ` + open + `)
				or w.added = 1 and t.delegates and x.kind <> 'admins'
				or w.added = 2 and exists (select 1 from task_stand st where st.task_id = t.id and st.for_id = x.person
					and st.user_id = ` + user + `))`
}

// askedSQL names what asks a person: who are they and those they stand in for, held is what these hold, owned what they own, asked the rows
// that mean one of them. The cross joins say in which order to read: from the person to what waits for them, never from all that waits. Of
// an account's grants the app is hidden from SQLite's indices, which would read all that is held in it.
func askedSQL(user, now, within, first string) string {
	open := openSQL(now)
	return `with who as materialized (select u.id, 0 as added from users u where u.id = ` + user + ` and u.status = 'ENABLED'
			union select d.delegator, 1 from delegation d join users u on u.id = d.delegator and u.status = 'ENABLED'
				join users me on me.id = d.delegate and me.status = 'ENABLED'
				where d.delegate = ` + user + ` and d.mode = 'ADD' and ` + open + `
			union select st.for_id, 2 from task_stand st join users u on u.id = st.for_id and u.status = 'ENABLED'
				join users me on me.id = st.user_id and me.status = 'ENABLED'
				join delegation d on d.id = st.delegation_id where st.user_id = ` + user + ` and ` + open + `),
		held as materialized (select distinct a.user_id, g.app_id, g.entitlement_id from who
			cross join account a cross join grants g cross join users u cross join entitlement e cross join app p
			where a.user_id = who.id and g.account_id = a.id and coalesce(g.app_id, '') = a.app_id and u.id = a.user_id
				and e.app_id = g.app_id and e.id = g.entitlement_id and p.id = g.app_id and ` + grant.AccessSQL(now) + `),
		owned as materialized (select o.user_id, o.kind, o.app_id, o.object_id from who cross join owner_user o
				where o.user_id = who.id and o.role = '` + owner.Primary + `'
			union select m.user_id, o.kind, o.app_id, o.object_id from who cross join owner_set_member m cross join owner_from_set o
				where m.user_id = who.id and o.set_id = m.set_id and o.role = '` + owner.Primary + `'
			union select h.user_id, o.kind, o.app_id, o.object_id from held h cross join owner_entitlement o
				where o.via_app_id = h.app_id and o.via_entitlement_id = h.entitlement_id and o.role = '` + owner.Primary + `'
			union select h.user_id, o.kind, o.app_id, o.object_id from held h cross join owner_set w cross join owner_from_set o
				where w.via_app_id = h.app_id and w.via_entitlement_id = h.entitlement_id and o.set_id = w.id
					and o.role = '` + owner.Primary + `'),
		asked as (select s.task_id, s.kind, s.number, s.user_id as person from who cross join task_slot s
				where s.kind = 'user' and s.user_id = who.id` + within + `
			union select s.task_id, s.kind, s.number, m.manager_id from who cross join user_manager m cross join task_slot s
				where m.manager_id = who.id and s.kind = 'managers' and s.user_id = m.user_id` + within + `
			union select s.task_id, s.kind, s.number, h.user_id from held h cross join task_slot s
				where s.kind = 'holders' and s.of_kind = '' and s.app_id = h.app_id and s.object_id = h.entitlement_id` + within + `
			union select s.task_id, s.kind, s.number, o.user_id from owned o cross join task_slot s
				where s.kind = 'owners' and s.of_kind = o.kind and s.app_id = o.app_id and s.object_id = o.object_id` + within + `
			union select s.task_id, s.kind, s.number, r.user_id from user_role r cross join task_slot s
				where r.role_id = '` + string(iam.BuiltinID(iam.SuperAdministrator)) + `' and r.user_id = ` + user + `
					and s.kind = 'admins' and s.user_id = ''` + within + first + `)`
}

func openSQL(now string) string { return strings.ReplaceAll(delegation.OpenSQL("d."), "?", now) }

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
