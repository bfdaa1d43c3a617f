package automation

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

const askedColumns = `user_id, taking, task_id, until_at, note, created_at`

const rememberedSQL = `select ` + askedColumns + ` from asked where ` + ofBinding + `
	and user_id > $5 order by user_id limit $6`

// remembered reads about whom a binding has had somebody asked.
func remembered(q db.Q, b Binding) ([]asked, error) {
	var out []asked
	for after := ""; ; {
		page, err := db.Collect(q, scanAsked, rememberedSQL, append(b.args(), after, batch)...)
		if err != nil {
			return nil, err
		}
		if out = append(out, page...); len(page) < batch {
			return out, nil
		}
		after = string(page[len(page)-1].user)
	}
}

func scanAsked(r *db.Rows) (a asked, err error) {
	var until *int64
	var at int64
	err = r.Scan(&a.user, &a.taking, &a.task, &until, &a.note, &at)
	a.until, a.at = clock.FromNull(until), clock.FromMicros(at)
	return a, err
}

// overAsked writes what is remembered of somebody, or all but the end and the time over what was; its values are [asked.args].
const overAsked = `insert into asked (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, ` + askedColumns + `)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	on conflict (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, user_id) do update
	set taking = $6, task_id = $7, note = $9`

func (a asked) args(b Binding) []any {
	return append(b.args(), string(a.user), a.taking, a.task, clock.Null(a.until), a.note, clock.Micros(a.at))
}

// rememberAs writes a over what was remembered of somebody with that task, or where nothing was. [errOvertaken] where it is another. A task
// that was agreed to as it began has written its end already, which stays.
func rememberAs(tx *db.Tx, b Binding, a asked, old string) error {
	n, err := tx.Exec(overAsked+`, until_at = case when asked.task_id = $7 and $7 <> '' then asked.until_at else $8 end, created_at = $10
		where asked.task_id in ($7, $11)`, append(a.args(b), old)...)
	if err == nil && n == 0 {
		err = errOvertaken
	}
	return err
}

const ofUser = ofBinding + ` and user_id = $5`

func forget(tx *db.Tx, b Binding, u directory.UserID) {
	tx.Queue(`delete from asked where `+ofUser, append(b.args(), string(u))...)
}

// forgetAll drops what is remembered of a binding that is gone.
func forgetAll(tx *db.Tx, b Binding) { tx.Queue(`delete from asked where `+ofBinding, b.args()...) }

// blank forgets which task it was, and what it was about.
func blank(tx *db.Tx, b Binding, u directory.UserID) {
	tx.Queue(`update asked set task_id = '', taking = false, note = '' where `+ofUser, append(b.args(), string(u))...)
}

// agreed writes down what a task gave, and until when, but for the end of the source.
func agreed(tx *db.Tx, b Binding, a asked) {
	tx.Queue(overAsked+`, until_at = $8`, a.args(b)...)
}

// askedUntil is the end of what a task gave somebody, but for that of the source; zero: none.
func askedUntil(q db.Q, b Binding, u directory.UserID) (a asked, err error) {
	list, err := db.Collect(q, scanAsked, `select `+askedColumns+` from asked where `+ofUser,
		append(b.args(), string(u))...)
	if len(list) > 0 {
		a = list[0]
	}
	return a, err
}

func heldBySQL(n int) string {
	return `select g.account_id, a.user_id, ` + grant.UntilSQL("g.") + ` from account a
		join grants g on g.app_id = a.app_id and g.entitlement_id = $2 and g.account_id = a.id
		where a.app_id = $1 and g.ended_at is null and g.ending_at is null and not g.force_end
			and a.user_id in ` + db.In(n, 3) //nolint:mnd // as above
}

// heldBy are the accounts by which some users hold an entitlement, or will once its target holds it.
func heldBy(q db.Q, of app.EntitlementRef, users []directory.UserID) (map[directory.UserID][]holder, error) {
	out := map[directory.UserID][]holder{}
	for _, chunk := range db.Chunks(users) {
		found, err := db.Collect(q, scanHold, heldBySQL(len(chunk)), withUsers(chunk, string(of.AppID), string(of.ID))...)
		if err != nil {
			return nil, err
		}
		for _, h := range found {
			out[h.user] = append(out[h.user], h)
		}
	}
	return out, nil
}

func enabledSQL(n int) string {
	return `select id from users where status = 'ENABLED' and id in ` + db.In(n, 1)
}

// enabledOf says which of some users are enabled.
func enabledOf(q db.Q, users []directory.UserID) (map[directory.UserID]bool, error) {
	return among(q, users, enabledSQL)
}

func givenOtherwiseSQL(n int) string {
	return `select k.user_id, k.taking, k.task_id, k.until_at, k.note, k.created_at from asked k
		join account a on a.user_id = k.user_id and a.app_id = k.dst_app_id
		join grants g on g.app_id = k.dst_app_id and g.entitlement_id = k.dst_entitlement_id and g.account_id = a.id and g.ended_at is null
		join grant_source s on s.grant_id = g.id and s.via_app_id = k.src_app_id and s.via_entitlement_id = k.src_entitlement_id
			and s.ended_at is null
		where k.dst_app_id = $3 and k.dst_entitlement_id = $4 and not (k.src_app_id = $1 and k.src_entitlement_id = $2)
			and not k.taking and k.task_id <> '' and g.ending_at is null and k.user_id in ` + db.In(n, 5) + `
		order by case when k.until_at is null then 1 else 0 end, k.until_at` //nolint:mnd // as above
}

// givenOtherwise is what some users hold by other bindings of the same destination about which somebody was asked: of several the one that
// lasts longest.
func givenOtherwise(q db.Q, b Binding, users []directory.UserID) (map[directory.UserID]asked, error) {
	out := map[directory.UserID]asked{}
	for _, chunk := range db.Chunks(users) {
		found, err := db.Collect(q, scanAsked, givenOtherwiseSQL(len(chunk)), withUsers(chunk, b.args()...)...)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			out[a.user] = a
		}
	}
	return out, nil
}

func yieldedBySQL(n int) string {
	return `select a.user_id from account a join grants g on g.app_id = a.app_id and g.entitlement_id = $2 and g.account_id = a.id
		where a.app_id = $1 and g.end_reason = $3 and g.put_back >= $4 and g.ended_at >= $5 and a.user_id in ` + db.In(n, 6)
}

// yieldedBy says from whom of some users the target took it until Interim gave way, since the binding was last changed.
func yieldedBy(q db.Q, p pass, users []directory.UserID) (map[directory.UserID]bool, error) {
	return among(q, users, yieldedBySQL, string(p.of.AppID), string(p.of.ID), string(grant.RemovedInTarget), grant.MaxPutBacks,
		clock.Micros(p.since))
}

// among asks which of some users a statement names, whose values end with theirs.
func among(q db.Q, users []directory.UserID, sql func(n int) string, first ...any) (map[directory.UserID]bool, error) {
	out := map[directory.UserID]bool{}
	for _, chunk := range db.Chunks(users) {
		found, err := db.Collect(q, func(r *db.Rows) (u directory.UserID, err error) { return u, r.Scan(&u) },
			sql(len(chunk)), withUsers(chunk, first...)...)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			out[u] = true
		}
	}
	return out, nil
}

func withUsers(users []directory.UserID, first ...any) []any {
	for _, u := range users {
		first = append(first, string(u))
	}
	return first
}

// getAnyProxy reads a proxy, also one that is deleted or past its end.
func getAnyProxy(tx *db.Tx, b Binding) (Proxy, error) {
	p, err := db.One(tx, scanProxy, `select `+proxyColumns+` from proxy where `+ofBinding+shared(tx), b.args()...)
	return p, missing(err, "binding of the entitlements")
}
