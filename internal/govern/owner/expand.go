package owner

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// batch is how many objects one statement asks about.
const batch = 100

// through is where it says which entitlement's holders own something: in a row about the object, or in the set that owns it.
type through struct {
	fromObject, fromUser string // tables, in the order in which they are read
	via, joined          string
}

var (
	byRow = through{"owner_entitlement o", "owner_entitlement o", "o", ""}
	bySet = through{
		"owner_from_set o cross join owner_set w", "owner_set w cross join owner_from_set o", "w", " and w.id = o.set_id",
	}
)

// Where a question about holders begins: at what is owned, at a person, or at both. SQLite takes the tables of a cross join in the
// order in which they are named; left to itself it would read every row of owner_entitlement, or everybody's grants. Two conditions
// that always hold are there for it too: that an account has an identity makes it read the live grants and not the history, and what
// is added to an app's identity keeps it from reading all grants of the app.
const withRest = ` cross join users u cross join entitlement e cross join app p`

func fromObject(t through) string {
	return ` from ` + t.fromObject + ` cross join grants g cross join account a` + withRest + `
		where g.app_id = ` + t.via + `.via_app_id and g.entitlement_id = ` + t.via + `.via_entitlement_id and g.account_id > ''
		and a.app_id = ` + t.via + `.via_app_id and a.id = g.account_id`
}

func fromUser(t through) string {
	return ` from account a cross join grants g cross join ` + t.fromUser + withRest + `
		where g.account_id = a.id and g.app_id || '' = a.app_id
		and ` + t.via + `.via_app_id = a.app_id and ` + t.via + `.via_entitlement_id = g.entitlement_id`
}

func fromBoth(t through) string {
	return ` from ` + t.fromObject + ` cross join account a cross join grants g` + withRest + `
		where a.app_id = ` + t.via + `.via_app_id and g.app_id = ` + t.via + `.via_app_id
		and g.entitlement_id = ` + t.via + `.via_entitlement_id and g.account_id = a.id`
}

// holders joins what says that an entitlement's holders own the object of the row o with the people u who hold it; now is the
// placeholder of the moment.
func holders(from func(through) string, t through, now string) string {
	return from(t) + t.joined + ` and u.id = a.user_id and e.app_id = ` + t.via + `.via_app_id and e.id = ` + t.via + `.via_entitlement_id
		and p.id = ` + t.via + `.via_app_id and ` + grant.AccessSQL(now)
}

// The people u who are named, in a row o about the object, or as members m of the set that owns it, from the object and from the
// person.
const (
	named       = ` from owner_user o join users u on u.id = o.user_id where u.status = 'ENABLED'`
	members     = ` from owner_from_set o cross join owner_set_member m cross join users u` + ofSet
	memberships = ` from owner_set_member m cross join owner_from_set o cross join users u` + ofSet
	ofSet       = ` where m.set_id = o.set_id and u.id = m.user_id and u.status = 'ENABLED'`
)

// untilSQL is [grant.Grant.Until] of the grant g, null for no end.
var untilSQL = grant.UntilSQL("g.")

// Users answers who owns each of the objects under the role at that moment, as approvals see it: named users and holders of
// entitlements, enabled ones only; a user once for each reason, the named first. An object that nobody owns, or that is deleted, is
// left out. One statement or two for each hundred objects.
func (*Service) Users(q db.Q, objects []Object, role string, at time.Time) (map[Object][]Owned, error) {
	out := make(map[Object][]Owned, len(objects))
	for _, chunk := range db.Chunks(once(objects), batch) {
		if err := expand(q, chunk, role, at, out); err != nil {
			return nil, err
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b Owned) int {
			return cmp.Or(cmp.Compare(a.Via.AppID, b.Via.AppID), cmp.Compare(a.Via.ID, b.Via.ID), cmp.Compare(a.User, b.User))
		})
	}
	return out, nil
}

func expand(q db.Q, objects []Object, role string, at time.Time, out map[Object][]Owned) error {
	type reason struct {
		Object
		Owned
	}
	scan := func(r *db.Rows) (v reason, err error) {
		var until *int64
		err = r.Scan(&v.Kind, &v.App, &v.ID, &v.Via.AppID, &v.Via.ID, &v.User, &until)
		v.Until = clock.FromNull(until)
		return v, err
	}
	sql, args := namedSQL(objects, role)
	reasons, err := db.Collect(q, scan, sql, args...)
	if err != nil {
		return err
	}
	named := slices.DeleteFunc(reasons, func(v reason) bool { return v.User == "" })
	if len(named) < len(reasons) {
		sql, args = holdersSQL(objects, role, at)
		holding, err := db.Collect(q, scan, sql, args...)
		if err != nil {
			return err
		}
		reasons = slices.Concat(named, holding)
	}
	type key struct {
		Object
		user directory.UserID
		via  app.EntitlementRef
	}
	latest := map[key]time.Time{}
	for _, v := range reasons { // through several accounts: until the last of them ends
		k := key{v.Object, v.User, v.Via}
		if t, ok := latest[k]; !ok || !t.IsZero() && (v.Until.IsZero() || v.Until.After(t)) {
			latest[k] = v.Until
		}
	}
	for k, until := range latest {
		out[k.Object] = append(out[k.Object], Owned{User: k.user, Via: k.via, Until: until})
	}
	return nil
}

// What is read about an owned object o, before whom and why.
const (
	objectColumns = `select o.kind, o.app_id, o.object_id, `
	forNamed      = `'', '', `
	forEver       = `, cast(null as bigint)`
)

// namedSQL reads who is named as an owner of the objects, and a row without a user where holders of an entitlement own one: most
// objects have none of those, and need not be asked about them.
func namedSQL(objects []Object, role string) (string, []any) {
	which, args := among(objects, 2)
	which = ` and o.role = $1 and ` + which + ` and ` + liveSQL
	return objectColumns + forNamed + `o.user_id` + forEver + named + which +
		` union all ` + objectColumns + forNamed + `m.user_id` + forEver + members + which +
		` union all ` + objectColumns + forNamed + `''` + forEver + ` from owner_entitlement o where 0 = 0` + which +
		` union all ` + objectColumns + forNamed + `''` + forEver + ` from owner_from_set o join owner_set w on w.id = o.set_id
			where w.via_entitlement_id is not null` + which, append([]any{role}, args...)
}

// holdersSQL reads who owns the objects as a holder, of what, and until when.
func holdersSQL(objects []Object, role string, at time.Time) (string, []any) {
	which, args := among(objects, 3)
	which = ` and o.role = $1 and ` + which + ` and ` + liveSQL
	var parts []string
	for _, t := range []through{byRow, bySet} {
		parts = append(parts, objectColumns+t.via+`.via_app_id, `+t.via+`.via_entitlement_id, a.user_id, `+untilSQL+
			holders(fromObject, t, "$2")+which)
	}
	return strings.Join(parts, ` union all `), append([]any{role, clock.Micros(at)}, args...)
}

// OwnedSQL is a select of (kind, app_id, object_id) of what one of the users owns under a role at a moment, each once, deleted
// objects left out; its arguments are the placeholders of the users in brackets, the role, and the moment in microseconds.
func OwnedSQL(users, role, now string) string {
	const object = `select o.kind, o.app_id, o.object_id`
	rest := ` and o.role = ` + role + ` and ` + liveSQL
	return object + named + ` and o.user_id in ` + users + rest + `
		union ` + object + memberships + ` and m.user_id in ` + users + rest + `
		union ` + object + holders(fromUser, byRow, now) + ` and a.user_id in ` + users + rest + `
		union ` + object + holders(fromUser, bySet, now) + ` and a.user_id in ` + users + rest
}

// HasOwnerSQL is the condition that somebody owns the row of the table of that kind, one in an app, under a role at a moment; alias
// is the table's alias with its dot, and must not be one of o, g, a, u, e, p, m, w; role and now are placeholders as for [OwnedSQL].
func HasOwnerSQL(kind Kind, alias, role, now string) string {
	which := ` and o.kind = '` + string(kind) + `' and o.app_id = ` + alias + `app_id and o.object_id = ` + alias + `id
		and o.role = ` + role
	return `(exists (select 1` + named + which + `) or exists (select 1` + members + which +
		`) or exists (select 1` + holders(fromObject, byRow, now) + which +
		`) or exists (select 1` + holders(fromObject, bySet, now) + which + `))`
}

func scanObject(r *db.Rows) (o Object, err error) { return o, r.Scan(&o.Kind, &o.App, &o.ID) }

// Owns answers every object that the user owns under the role at that moment, through entitlements too, by kind, app and identity.
func (*Service) Owns(q db.Q, user directory.UserID, role string, at time.Time) ([]Object, error) {
	return db.Collect(q, scanObject, OwnedSQL("($1)", "$2", "$3")+` order by 1, 2, 3`, string(user), role, clock.Micros(at))
}

// Owned lists what the user owns as primary owner now, in the order of Owns; kinds narrows it.
func (s *Service) Owned(ctx context.Context, user directory.UserID, kinds []Kind, r page.Request) (page.Page[Object], error) {
	sql, args := ownedPage(user, kinds, s.clock.Now(), r)
	list, err := db.Collect(s.db.Q(ctx), scanObject, sql, args...)
	return page.Cut(list, r.Size, func(o Object) page.Key { return page.Key{string(o.Kind), string(o.App), o.ID} }), err
}

func ownedPage(user directory.UserID, kinds []Kind, at time.Time, r page.Request) (string, []any) {
	args := []any{string(user), Primary, clock.Micros(at)}
	sql := `select o.kind, o.app_id, o.object_id from (` + OwnedSQL("($1)", "$2", "$3") + `) o where 0 = 0`
	if len(kinds) > 0 {
		sql += ` and o.kind in ` + db.In(len(kinds), len(args)+1)
		for _, k := range kinds {
			args = append(args, string(k))
		}
	}
	if len(r.After) == 3 {
		sql += ` and (o.kind, o.app_id, o.object_id) > ` + db.In(3, len(args)+1)
		args = append(args, r.After[0], r.After[1], r.After[2])
	}
	return sql + ` order by 1, 2, 3 limit ` + strconv.Itoa(r.Size+1), args
}

// People lists who owns the object as primary owner now, as approvals see it, each user once and in the order of their identities.
// An object that is not there is owned by nobody.
func (s *Service) People(ctx context.Context, o Object, r page.Request) (page.Page[directory.UserID], error) {
	sql, args := peoplePage(o, s.clock.Now(), r)
	list, err := db.Collect(s.db.Q(ctx), func(r *db.Rows) (u directory.UserID, err error) { return u, r.Scan(&u) }, sql, args...)
	return page.Cut(list, r.Size, func(u directory.UserID) page.Key { return page.Key{string(u)} }), err
}

func peoplePage(o Object, at time.Time, r page.Request) (string, []any) {
	const object = ` and o.kind = $3 and o.app_id = $4 and o.object_id = $5 and o.role = $2 and ` + liveSQL
	args := []any{clock.Micros(at), Primary, string(o.Kind), string(o.App), o.ID}
	sql := `select v.user_id from (select o.user_id` + named + object + `
		union select m.user_id` + members + object + `
		union select a.user_id` + holders(fromObject, byRow, "$1") + object + `
		union select a.user_id` + holders(fromObject, bySet, "$1") + object + `) v where 0 = 0`
	if len(r.After) == 1 {
		sql, args = sql+` and v.user_id > $6`, append(args, r.After[0])
	}
	return sql + ` order by 1 limit ` + strconv.Itoa(r.Size+1), args
}

// Everybody is People at once, at most so many, those who are named first and in the order in which they were: who keeps a list
// elsewhere, as Terraform does, compares it with this one.
func (s *Service) Everybody(ctx context.Context, o Object, most int) ([]directory.UserID, error) {
	found, err := s.People(ctx, o, page.Request{Size: most})
	if err != nil {
		return nil, err
	}
	first, _, err := rows(s.db.Q(ctx), o, Primary)
	if err != nil {
		return nil, err
	}
	place := make(map[directory.UserID]int, len(first))
	for i, v := range first {
		place[v.User] = i - len(first)
	}
	slices.SortStableFunc(found.Items, func(a, b directory.UserID) int { return cmp.Compare(place[a], place[b]) })
	return found.Items, nil
}
