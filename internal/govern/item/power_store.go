package item

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// powersHeldSQL reads what the items that a user has access to give. What gives is looked at first, being few; then the user's accounts
// in its app.
func powersHeldSQL(u directory.UserID, at time.Time) (string, []any) {
	return `select w.doc` + givingSQL + givesSQL + `
		and exists (select 1 from account a cross join entitlement e cross join grants g cross join users u cross join app p
			where a.user_id = $1 and a.app_id = w.app_id and e.app_id = w.app_id and e.resource_id = w.resource_id
				and g.app_id = e.app_id and g.entitlement_id = e.id and g.account_id = a.id and u.id = a.user_id and p.id = w.app_id
				and ` + grant.AccessSQL("$2") + `)`, []any{string(u), clock.Micros(at)}
}

// giving is a level of an item that gives powers.
type giving struct {
	item   app.ResourceRef
	level  app.EntitlementRef
	powers []iam.Power
}

// empowered reads what gives powers; an item without levels has an empty one.
func empowered(q db.Q) ([]giving, error) {
	return db.Collect(q, func(r *db.Rows) (g giving, err error) {
		var doc string
		if err = r.Scan(&g.item.AppID, &g.item.ID, &g.level.ID, &doc); err != nil {
			return g, err
		}
		g.level.AppID = g.item.AppID
		return g, json.Unmarshal([]byte(doc), &g.powers)
	}, empoweredSQL)
}

// givingSQL says what is read first: what gives powers, which is little, and not the resources.
const givingSQL = ` from item_power w cross join resource r`

const givesSQL = ` where r.app_id = w.app_id and r.id = w.resource_id and r.deleted_at is null`

const empoweredSQL = `select w.app_id, w.resource_id, coalesce(e.id, ''), w.doc` + givingSQL + `
	left join entitlement e on e.app_id = w.app_id and e.resource_id = w.resource_id and e.deleted_at is null` + givesSQL

const empoweredCountSQL = `select count(*)` + givingSQL + givesSQL

func empowerment(q db.Q, of app.ResourceRef) (Empowerment, error) {
	var doc string
	out := Empowerment{Item: of.ID}
	err := q.Row(`select doc, version from item_power where app_id = $1 and resource_id = $2`, string(of.AppID), string(of.ID)).
		Scan(&doc, &out.Version)
	if errors.Is(err, db.ErrNoRows) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(doc), &out.Powers)
	}
	return out, err
}

// putEmpowerment writes what an item gives over the version before it. Conflict if somebody else was faster.
func putEmpowerment(tx *db.Tx, of app.ResourceRef, v Empowerment) error {
	doc, err := json.Marshal(v.Powers)
	if err != nil {
		return err
	}
	if v.Version == 1 {
		if err := roomForPowers(tx); err != nil {
			return err
		}
		iam.Empowering(tx)
	}
	n, err := tx.Exec(`insert into item_power (app_id, resource_id, doc, version) values ($1, $2, $3, $4)
		on conflict (app_id, resource_id) do update set doc = excluded.doc, version = excluded.version where item_power.version = $5`,
		string(of.AppID), string(of.ID), string(doc), v.Version, v.Version-1)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "what the item lets do was changed by someone else; read it again")
	}
	return err
}

func roomForPowers(tx *db.Tx) error {
	if err := tx.Lock("item:powers"); err != nil {
		return err
	}
	var n int
	err := tx.Row(empoweredCountSQL).Scan(&n)
	if err == nil && n >= MaxEmpowered {
		err = fault.New(fault.Precondition, "there are %d things that let their holders do more, which is as many as there may be", n)
	}
	return err
}

// entitlementsOf are an entitlement itself, or those of a resource.
func entitlementsOf(q db.Q, o iam.Object) ([]app.EntitlementRef, error) {
	if o.Type == "entitlement" {
		return []app.EntitlementRef{{AppID: app.ID(o.AppID), ID: app.EntitlementID(o.ID)}}, nil
	}
	return db.Collect(q, scanRef,
		`select app_id, id from entitlement where app_id = $1 and resource_id = $2 and deleted_at is null`, o.AppID, o.ID)
}

// itemTargets reads which item a resource or an entitlement is, or is of.
func itemTargets(q db.Q, o iam.Object) ([]iam.Target, error) {
	sql := `select r.id, r.is_group from resource r where r.app_id = $1 and r.id = $2`
	if o.Type == "entitlement" {
		sql = `select r.id, r.is_group from entitlement e join resource r on r.app_id = e.app_id and r.id = e.resource_id
			where e.app_id = $1 and e.id = $2`
	}
	return db.Collect(q, func(r *db.Rows) (t iam.Target, err error) {
		var group bool
		err = r.Scan(&t.ID, &group)
		if t.Sort = iam.SortResource; group {
			t.Sort = iam.SortGroup
		}
		return t, err
	}, sql+` and r.deleted_at is null and r.id <> $3`, o.AppID, o.ID, string(app.AccessResource))
}

// leading are the entitlements whose holders come to have what some levels give, those levels included.
func leading(q db.Q, list ...giving) ([]app.EntitlementRef, error) {
	levels := slices.DeleteFunc(each(list, func(g giving) app.EntitlementRef { return g.level }),
		func(e app.EntitlementRef) bool { return e.ID == "" })
	return automation.Inward(q, levels)
}

// listed reports whether a catalog lists one of the entitlements.
func listed(q db.Q, catalog string, some []app.EntitlementRef) (bool, error) {
	for _, chunk := range db.Chunks(some) {
		in, args := pairs(chunk, catalog)
		var n int
		err := q.Row(`select count(*) from catalog_entry where catalog_id = $1 and (app_id, entitlement_id) in (values `+in+`)`, args...).Scan(&n)
		if err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}

// pairs are the rows of a list of entitlements, bound after what comes first.
func pairs(list []app.EntitlementRef, before ...any) (string, []any) {
	rows := make([]string, len(list))
	for n, e := range list {
		rows[n] = db.In(2, len(before)+1) //nolint:mnd // app and entitlement
		before = append(before, string(e.AppID), string(e.ID))
	}
	return strings.Join(rows, ","), before
}

// heldThrough are the entitlements that an account holds.
func heldThrough(q db.Q, account iam.Object) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, heldThroughSQL, account.AppID, account.ID)
}

const heldThroughSQL = `select app_id, entitlement_id from grants where account_id = $2 and app_id || '' = $1 and ended_at is null`

// following are the items that follow a template and whose holders come to have powers.
func following(q db.Q, of TemplateID) ([]ID, error) {
	all, err := empowered(q)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	leads, err := leading(q, all...)
	if err != nil {
		return nil, err
	}
	out := each(all, func(g giving) ID { return g.item.ID })
	var follow []ID
	resources, err := resourcesOf(q, leads)
	if err != nil {
		return nil, err
	}
	items, err := Many(q, append(out, each(resources, func(r app.ResourceRef) ID { return r.ID })...))
	for _, i := range items {
		if i.TemplateID == string(of) {
			follow = append(follow, i.ID)
		}
	}
	return follow, err
}

// resourcesOf are the resources that entitlements are of.
func resourcesOf(q db.Q, list []app.EntitlementRef) ([]app.ResourceRef, error) {
	var out []app.ResourceRef
	for _, chunk := range db.Chunks(list) {
		in, args := pairs(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (v app.ResourceRef, err error) { return v, r.Scan(&v.AppID, &v.ID) },
			`select app_id, resource_id from entitlement where (app_id, id) in (values `+in+`) and deleted_at is null`, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// ruledBy are the entitlements whose rules go by a tag.
func ruledBy(q db.Q, tag string) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, ruledBySQL, tag)
}

const ruledBySQL = `select a.app_id, a.entitlement_id from tag t join automation_tag a on a.key = t.key and a.value = t.value
	where t.id = $1`

func scanRef(r *db.Rows) (e app.EntitlementRef, err error) { return e, r.Scan(&e.AppID, &e.ID) }

// deciders are who decides about what gives powers: sets of owners, and the holders of entitlements.
type deciders struct {
	sets    []owner.SetID
	holders []app.EntitlementRef
}

// deciding reads who owns what gives powers or leads to it, a level of it or its app, and whom its requests ask.
func deciding(q db.Q, list ...giving) (out deciders, err error) {
	leads, err := leading(q, list...)
	if err != nil {
		return out, err
	}
	resources, err := resourcesOf(q, leads)
	if err != nil {
		return out, err
	}
	resources = append(resources, each(list, func(g giving) app.ResourceRef { return g.item })...)
	objects := each(leads, owner.OfEntitlement)
	for _, r := range resources {
		objects = append(objects, owner.OfResource(r), owner.OfApp(r.AppID))
	}
	if out.sets, out.holders, err = owner.Deciders(q, objects); err != nil {
		return out, err
	}
	items, err := Many(q, each(resources, func(r app.ResourceRef) ID { return r.ID }))
	if err != nil {
		return out, err
	}
	var asked []owner.SetID
	for _, i := range items {
		for _, c := range i.Configurations {
			for _, s := range c.Stages {
				asked = append(asked, each(s.Owners, func(set string) owner.SetID { return owner.SetID(set) })...)
			}
		}
	}
	sets, err := owner.ManySets(q, asked)
	for _, v := range sets {
		if out.sets = append(out.sets, v.ID); v.Source.ID != "" {
			out.holders = append(out.holders, v.Source)
		}
	}
	return out, err
}

// existingSQL are the objects of each sort that are there, of those with some identities.
var existingSQL = map[iam.Sort]string{
	iam.SortResource: `select id from resource where not is_group and deleted_at is null
		and id <> '` + string(app.AccessResource) + `' and id in `,
	iam.SortGroup:    `select id from resource where is_group and deleted_at is null and id in `,
	iam.SortApp:      `select id from app where deleted_at is null and id in `,
	iam.SortCatalog:  `select id from catalog where deleted_at is null and id in `,
	iam.SortUser:     `select id from users where status <> 'DELETED' and id in `,
	iam.SortOwnerSet: `select id from owner_set where deleted_at is null and id in `,
}

// existing are the objects that powers name and that are there: a statement for each sort.
func existing(q db.Q, list []iam.Power) (map[iam.Target]bool, error) {
	out := map[iam.Target]bool{}
	for on, sql := range existingSQL {
		var ids []any
		for _, p := range list {
			if p.On == on {
				ids = append(ids, anys(p.Objects)...)
			}
		}
		for _, chunk := range db.Chunks(ids) {
			found, err := db.Collect(q, func(r *db.Rows) (id string, err error) { return id, r.Scan(&id) }, sql+db.In(len(chunk), 1), chunk...)
			if err != nil {
				return nil, fmt.Errorf("objects of powers: %w", err)
			}
			for _, id := range found {
				out[iam.Target{Sort: on, ID: id}] = true
			}
		}
	}
	return out, nil
}

func anys(list []string) []any { return each(list, func(s string) any { return s }) }
