package item

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const templateColumns = `id, name, doc, version, follow_at`

func scanTemplate(r *db.Rows) (t Template, err error) {
	var doc string
	var follow *int64
	if err = r.Scan(&t.ID, &t.Name, &doc, &t.Version, &follow); err != nil {
		return t, err
	}
	t.FollowAt = clock.FromNull(follow)
	return t, json.Unmarshal([]byte(doc), &t) //nolint:musttag // refs are spelled as everywhere in documents
}

// GetTemplate reads a template. NotFound.
func GetTemplate(q db.Q, id TemplateID) (Template, error) {
	t, err := db.One(q, scanTemplate, `select `+templateColumns+` from item_template where id = $1`, string(id))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("configuration template", string(id))
	}
	return t, err
}

// Templates reads all templates, in the order they were made.
func (s *Service) Templates(q db.Q) ([]Template, error) {
	return db.Collect(q, scanTemplate, `select `+templateColumns+` from item_template order by id limit `+strconv.Itoa(MaxTemplates))
}

// room refuses one template more than there may be, and a name that another has.
func (t Template) room(tx *db.Tx) error {
	var all, alike int
	err := tx.Row(`select count(*), coalesce(sum(case when name = $1 and id <> $2 then 1 else 0 end), 0) from item_template`,
		t.Name, string(t.ID)).Scan(&all, &alike)
	switch {
	case err != nil:
		return err
	case alike > 0:
		return fault.New(fault.Exists, "name: another configuration template has this name")
	case t.Version == 0 && all >= MaxTemplates:
		return fault.New(fault.Precondition, "there are %d configuration templates, which is as many as there may be", all)
	}
	return nil
}

// put writes t over the version that was read; zero: it is new. Conflict if somebody else was faster.
func (t Template) put(tx *db.Tx) error {
	doc, err := json.Marshal(t) //nolint:musttag // references to entitlements are written as policies write them
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into item_template (id, name, doc, version, follow_at) values ($1,$2,$3,$4,$5)
		on conflict (id) do update set name = excluded.name, doc = excluded.doc, version = excluded.version, follow_at = excluded.follow_at
		where item_template.version = $6`,
		string(t.ID), t.Name, string(doc), t.Version+1, clock.Null(t.FollowAt), t.Version)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the configuration template was changed by someone else; read it again")
	}
	return err
}

const (
	followersSQL = `select resource_id from item where template_id = $1 and template_id <> '' and template_version < $2
		order by template_version, resource_id limit $3`
	dueSQL = `select ` + templateColumns + ` from item_template
		where follow_at is not null and follow_at <= $1 order by follow_at, id limit 20`
)

// followers are the first items that have not taken the state of t.
func followers(q db.Q, t Template, most int) ([]ID, error) {
	return db.Collect(q, func(r *db.Rows) (v ID, err error) { return v, r.Scan(&v) }, followersSQL, string(t.ID), t.Version, most)
}

// followed reports whether an item follows a template.
func followed(q db.Q, id TemplateID) (bool, error) {
	var n int
	err := q.Row(`select count(*) from (select 1 from item i join resource r on r.app_id = i.app_id and r.id = i.resource_id
		where i.template_id = $1 and i.template_id <> '' and r.deleted_at is null limit 1) x`, string(id)).Scan(&n)
	return n > 0, err
}

func putOff(tx *db.Tx, t Template, until time.Time) error {
	_, err := tx.Exec(`update item_template set follow_at = $2 where id = $1`, string(t.ID), clock.Null(until))
	return err
}

func templateKey(id TemplateID) string { return "item-template:" + string(id) }
