package main

import (
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
)

// The statements of the measured paths, as their packages write them; statements_test.go sees to it that they stay the same.
const (
	// checkSQL is what an access check reads (package grant).
	checkSQL = `select p.deleted_at is not null, e.deleted_at is not null, who.id, a.id, a.status, u.status, g.state, g.direct, g.derived,
		g.derived_until, g.deprovision_at, g.force_end, g.active_at, g.ending_at,
		case when g.id is null and a.id is not null then exists (select 1 from grants o
			where o.account_id = a.id and o.entitlement_id = e.id and o.app_id = e.app_id) else false end
		from entitlement e join app p on p.id = e.app_id left join users who on who.id = $3
		left join account a on a.user_id = who.id and a.app_id = e.app_id
		left join users u on u.id = a.user_id
		left join grants g on g.app_id = e.app_id and g.entitlement_id = e.id and g.account_id = a.id and g.ended_at is null
		where e.app_id = $1 and e.id = $2`

	// identitySQL finds the accounts of a person beside an entitlement (package read).
	identitySQL = `select p.deleted_at is null and e.deleted_at is null, u.id is not null, a.id
		from entitlement e join app p on p.id = e.app_id
		left join users u on u.id = $3 and u.status <> 'DELETED'
		left join account a on a.user_id = u.id and a.app_id = e.app_id and a.deleted_at is null
		where e.app_id = $1 and e.id = $2 order by a.id limit 500`

	// moveSQL moves the end of a grant (package grant).
	moveSQL = `update grants set deprovision_at = $3, updated_at = $4, version = version + 1 where id = $1 and version = $2`

	// eventSQL records an event (package audit).
	eventSQL = `insert into event (id, at, kind, activity, failed, actor_kind, actor_id, actor_name, actor_email, client_key, on_behalf_of,
		source_ip, request_id, object_type, object_id, app_id, user_id, message, data)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)`

	// spendSQL notes that an assertion was used (package iam).
	spendSQL = `insert into assertion (client_id, digest, expires_at) values ($1, $2, $3) on conflict do nothing`
)

// liveSQL reads a grant that is to be changed (package grant).
var liveSQL = `select ` + grant.Columns("g.") + `, e.max_grant_micros, a.user_id from grants g
	left join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
	left join account a on a.app_id = g.app_id and a.id = g.account_id
	where g.app_id = $1 and g.entitlement_id = $2 and g.account_id = $3 and g.ended_at is null`

// heldSQL reads the grants in force that n accounts hold of an entitlement (package read).
func heldSQL(n int) string {
	now := db.In(1, n+3)
	return `select ` + grant.Columns("g.") + ` from grants g where g.app_id = $1 and g.entitlement_id = $2
		and g.account_id in ` + db.In(n, 3) + ` and ` + grant.LiveSQL("g.", now[1:len(now)-1])
}
