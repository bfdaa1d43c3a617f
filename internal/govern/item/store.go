package item

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

var itemColumns = app.ResourceColumns("r.") + `, r.is_group, coalesce(i.label, ''), coalesce(i.offered, false), coalesce(i.limited, false),
	i.doc, coalesce(i.version, 0)`

const itemTables = ` from resource r left join item i on i.app_id = r.app_id and i.resource_id = r.id`

// collect reads the items that a statement selects by [itemColumns]. Whose audience it is of those that are limited is read in a second
// one, for up to a page of them.
func collect(q db.Q, sql string, args ...any) ([]Item, error) {
	var (
		i        Item
		settings struct {
			label            string
			offered, limited bool
			doc              *string
		}
	)
	resource := app.ScanResources(&i.Group, &settings.label, &settings.offered, &settings.limited, &settings.doc, &i.Version)
	items, err := db.Collect(q, func(r *db.Rows) (_ Item, err error) {
		i.Settings = Settings{}
		if i.Resource, err = resource(r); err != nil {
			return i, err
		}
		if settings.doc != nil {
			if err := json.Unmarshal([]byte(*settings.doc), &i.Settings); err != nil { //nolint:musttag // refs are spelled as everywhere
				return i, fmt.Errorf("settings of item %s: %w", i.ID, err)
			}
		}
		i.Label, i.Offered, i.Limited = settings.label, settings.offered, settings.limited
		return i, nil
	}, sql, args...)
	if err != nil {
		return nil, err
	}
	return items, addAudiences(q, items)
}

// Get reads one item. NotFound if there is none.
func Get(q db.Q, itemID ID) (Item, error) {
	found, err := Many(q, []ID{itemID})
	i, ok := found[itemID]
	if err == nil && !ok {
		err = fault.Missing("item", string(itemID))
	}
	return i, err
}

// Many reads the items with these identities; unknown ones, and those of resources that every app has, are left out.
func Many(q db.Q, ids []ID) (map[ID]Item, error) {
	out := make(map[ID]Item, len(ids))
	for _, chunk := range db.Chunks(ids) {
		w := &db.Where{}
		w.In("r.id", chunk)
		w.And("r.deleted_at is null and r.id <> ?", string(app.AccessResource))
		sql, args := w.SQL()
		items, err := collect(q, `select `+itemColumns+itemTables+sql, args...)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			out[i.ID] = i
		}
	}
	return out, nil
}

// Groups answers which of the items are groups, deleted ones too.
func Groups(q db.Q, ids []ID) (map[ID]bool, error) {
	out := map[ID]bool{}
	for _, chunk := range db.Chunks(ids) {
		sql, args := groupsSQL(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (v ID, err error) { return v, r.Scan(&v) }, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			out[id] = true
		}
	}
	return out, nil
}

func groupsSQL(ids []ID) (string, []any) {
	w := &db.Where{}
	w.In("id", ids)
	w.And("is_group")
	where, args := w.SQL()
	return "select id from resource" + where, args
}

// configured reads an item as far as [Service.Terms] goes by it: in one statement, since every request asks. False where no
// configuration is.
func configured(q db.Q, r app.ResourceRef) (i Item, ok bool, err error) {
	var doc string
	i.AppID, i.ID = r.AppID, r.ID
	err = q.Row(`select doc, version from item where app_id = $1 and resource_id = $2`, string(r.AppID), string(r.ID)).Scan(&doc, &i.Version)
	if errors.Is(err, db.ErrNoRows) {
		return i, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(doc), &i.Settings) //nolint:musttag // refs are spelled as everywhere in documents
	}
	return i, len(i.Configurations) > 0, err
}

// addAudiences adds whose eyes limited items are for: one statement for up to a page of them.
func addAudiences(q db.Q, items []Item) error {
	var limited []app.ResourceRef
	for _, i := range items {
		if i.Limited {
			limited = append(limited, i.Ref())
		}
	}
	audiences, err := audiencesOf(q, limited)
	for n := range items {
		if items[n].Limited {
			items[n].Audience = audiences[items[n].Ref()]
		}
	}
	return err
}

func audiencesOf(q db.Q, refs []app.ResourceRef) (map[app.ResourceRef][]app.EntitlementRef, error) {
	type member struct {
		of  app.ResourceRef
		via app.EntitlementRef
	}
	out := map[app.ResourceRef][]app.EntitlementRef{}
	for _, chunk := range db.Chunks(refs) {
		w := &db.Where{}
		w.In("app_id", each(chunk, func(r app.ResourceRef) string { return string(r.AppID) }))
		w.In("resource_id", each(chunk, func(r app.ResourceRef) string { return string(r.ID) }))
		sql, args := w.SQL()
		found, err := db.Collect(q, func(r *db.Rows) (m member, err error) {
			return m, r.Scan(&m.of.AppID, &m.of.ID, &m.via.AppID, &m.via.ID)
		}, `select app_id, resource_id, via_app_id, via_entitlement_id from item_audience`+sql+
			` order by app_id, resource_id, via_app_id, via_entitlement_id`, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			out[m.of] = append(out[m.of], m.via)
		}
	}
	return out, nil
}

// save writes the settings of i over the version they were read at; zero: there were none. Conflict if somebody else was faster.
func save(tx *db.Tx, i Item, version int64) error {
	doc, err := json.Marshal(i.Settings) //nolint:musttag // as it is read
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into item (app_id, resource_id, label, limited, doc, version, offered, template_id, template_version)
			values ($1,$2,$3,$4,$5,$6,$8,$9,$10)
		on conflict (app_id, resource_id) do update set label = excluded.label, limited = excluded.limited, doc = excluded.doc,
			version = excluded.version, offered = excluded.offered, template_id = excluded.template_id,
			template_version = excluded.template_version
		where item.version = $7`,
		string(i.AppID), string(i.ID), i.Label, i.Limited, string(doc), version+1, version, i.Offered,
		i.TemplateID, i.TemplateVersion)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "the item was changed by someone else; read it again")
	}
	if _, err := tx.Exec(`delete from item_audience where app_id = $1 and resource_id = $2`, string(i.AppID), string(i.ID)); err != nil {
		return err
	}
	for _, via := range i.Audience {
		tx.Queue(`insert into item_audience (app_id, resource_id, via_app_id, via_entitlement_id) values ($1,$2,$3,$4)
			on conflict do nothing`, string(i.AppID), string(i.ID), string(via.AppID), string(via.ID))
	}
	return saveCases(tx, i)
}

func forget(tx *db.Tx, r app.ResourceRef) error {
	for _, table := range append(slices.Clone(caseTables), "item_audience", "item_power", "item") {
		if _, err := tx.Exec(`delete from `+table+` where app_id = $1 and resource_id = $2`, string(r.AppID), string(r.ID)); err != nil {
			return err
		}
	}
	return nil
}

// levelsOf reads the levels of items, one statement for each page of them.
func levelsOf(q db.Q, items []Item) (map[ID][]Level, error) {
	byItem := map[ID][]app.Entitlement{}
	for _, chunk := range db.Chunks(items) {
		w := &db.Where{}
		w.In("e.resource_id", each(chunk, func(i Item) string { return string(i.ID) }))
		w.In("e.app_id", each(chunk, func(i Item) string { return string(i.AppID) }))
		w.And("e.deleted_at is null")
		sql, args := w.SQL()
		found, err := db.Collect(q, app.ScanEntitlement, `select `+app.EntitlementColumns("e.")+` from entitlement e`+sql, args...)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			byItem[e.ResourceID] = append(byItem[e.ResourceID], e)
		}
	}
	out := make(map[ID][]Level, len(items))
	for _, i := range items {
		out[i.ID] = Levels(byItem[i.ID])
	}
	return out, nil
}

// differences is what the event of a change says; see [audit.Changes].
func differences(before, after Settings) (map[string]any, error) {
	old, err := shown(before)
	if err != nil {
		return nil, err
	}
	now, err := shown(after)
	if err != nil {
		return nil, err
	}
	return audit.Changes(old, now)
}

func shown(s Settings) (m map[string]any, err error) {
	doc, err := json.Marshal(s) //nolint:musttag // as it is kept
	if err == nil {
		err = json.Unmarshal(doc, &m)
	}
	if err != nil {
		return nil, err
	}
	m["label"], m["offered"], m["limited"] = s.Label, s.Offered, s.Limited
	m["audience"] = each(s.Audience, func(r app.EntitlementRef) string { return string(r.AppID) + "/" + string(r.ID) })
	return m, nil
}

func each[R, T any](list []R, of func(R) T) []T {
	out := make([]T, len(list))
	for n, v := range list {
		out[n] = of(v)
	}
	return out
}
