package item

import (
	"errors"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const mappingsSQL = `select m.group_id, m.alias, m.hidden from item_mapping m
	where m.resource_id = $1 and exists (select 1 from resource r where r.app_id = m.group_app_id and r.id = m.group_id
		and r.deleted_at is null)`

// unhidden is the condition that no mapping hides an item; id is the column with its identity.
func unhidden(id string) string {
	return `not exists (select 1 from item_mapping m where m.group_id = ` + id + ` and m.hidden)`
}

func scanMapping(r *db.Rows) (m Mapping, err error) { return m, r.Scan(&m.Group, &m.Alias, &m.Hidden) }

func mappings(q db.Q, of ID) ([]Mapping, error) {
	return db.Collect(q, scanMapping, mappingsSQL+` order by m.place, m.group_id`, string(of))
}

func mapping(q db.Q, of, group ID) (Mapping, error) {
	m, err := db.One(q, scanMapping, mappingsSQL+` and m.group_id = $2`, string(of), string(group))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("mapping of the group", string(group))
	}
	return m, err
}

// putMapping writes a mapping; one that is new comes last.
func putMapping(tx *db.Tx, of Item, m Mapping) error {
	group, err := Get(tx, m.Group)
	if err != nil {
		return err
	}
	last := -1
	if err := tx.Row(`select coalesce(max(place), -1) from item_mapping where resource_id = $1`, string(of.ID)).Scan(&last); err != nil {
		return err
	}
	queueMapping(tx, of, group, m, last+1)
	return nil
}

// queueMapping writes a mapping. One that is there stays in its place.
func queueMapping(tx *db.Tx, of, group Item, m Mapping, place int) {
	tx.Queue(`insert into item_mapping (resource_id, group_id, app_id, group_app_id, alias, hidden, place) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (resource_id, group_id) do update set alias = excluded.alias, hidden = excluded.hidden`,
		string(of.ID), string(group.ID), string(of.AppID), string(group.AppID), m.Alias, m.Hidden, place)
}

func setMappings(tx *db.Tx, of Item, list []Mapping, groups map[ID]Item) error {
	if _, err := tx.Exec(`delete from item_mapping where resource_id = $1`, string(of.ID)); err != nil {
		return err
	}
	for n, m := range list {
		queueMapping(tx, of, groups[m.Group], m, n)
	}
	return nil
}

func dropMapping(tx *db.Tx, of, group ID) error {
	_, err := tx.Exec(`delete from item_mapping where resource_id = $1 and group_id = $2`, string(of), string(group))
	return err
}

// forgetMappings takes away the mappings of what is deleted in an app.
func forgetMappings(tx *db.Tx, appID app.ID) error {
	for _, sql := range forgetMappingsSQL {
		if _, err := tx.Exec(sql, string(appID)); err != nil {
			return err
		}
	}
	return nil
}

var forgetMappingsSQL = []string{
	`delete from item_mapping where app_id = $1 and exists (select 1 from resource r where r.app_id = item_mapping.app_id
		and r.id = item_mapping.resource_id and r.deleted_at is not null)`,
	`delete from item_mapping where group_app_id = $1 and exists (select 1 from resource r where r.app_id = item_mapping.group_app_id
		and r.id = item_mapping.group_id and r.deleted_at is not null)`,
}
