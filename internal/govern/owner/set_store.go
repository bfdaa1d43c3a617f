package owner

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// setDoc is what no statement asks for.
type setDoc struct {
	Description string             `json:"description,omitempty"`
	Escalation  time.Duration      `json:"escalation,omitempty"`
	ChannelID   string             `json:"channelId,omitempty"`
	Members     []directory.UserID `json:"members,omitempty"`
}

const setColumns = `select s.id, s.name, s.doc, coalesce(s.via_app_id, ''), coalesce(s.via_entitlement_id, ''), s.created_at, s.updated_at,
	s.version from owner_set s`

func scanSet(r *db.Rows) (v Set, err error) {
	var (
		doc              string
		created, updated int64
		d                setDoc
	)
	if err := r.Scan(&v.ID, &v.Name, &doc, &v.Source.AppID, &v.Source.ID, &created, &updated, &v.Version); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		return v, fmt.Errorf("owner set %s: %w", v.ID, err)
	}
	v.Description, v.Escalation, v.ChannelID, v.Members = d.Description, d.Escalation, d.ChannelID, d.Members
	v.CreatedAt, v.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	return v, nil
}

// GetSet reads a set that is not deleted. NotFound.
func GetSet(q db.Q, setID SetID) (Set, error) {
	v, err := db.One(q, scanSet, setColumns+` where s.id = $1 and s.deleted_at is null`, string(setID))
	return v, absent(err, string(setID))
}

// FindSet reads the set of that name, whatever its case, that is not deleted. NotFound.
func FindSet(q db.Q, name string) (Set, error) {
	v, err := db.One(q, scanSet, setColumns+` where s.name_folded = $1 and s.deleted_at is null`, db.Fold(name))
	return v, absent(err, name)
}

// ManySets reads the sets with these identities; those that are unknown or deleted are left out.
func ManySets(q db.Q, ids []SetID) (map[SetID]Set, error) {
	out := make(map[SetID]Set, len(ids))
	for _, chunk := range db.Chunks(ids) {
		w := &db.Where{}
		w.In("s.id", chunk)
		w.And("s.deleted_at is null")
		where, args := w.SQL()
		list, err := db.Collect(q, scanSet, setColumns+where, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			out[v.ID] = v
		}
	}
	return out, nil
}

func setsPage(f SetFilter, at time.Time, r page.Request) (string, []any) {
	w := &db.Where{}
	w.And("s.deleted_at is null")
	if f.Name != "" {
		w.And("s.name_folded = ?", db.Fold(f.Name))
	}
	if f.Member != "" {
		owned := OwnedSQL("("+w.Bind(string(f.Member))+")", w.Bind(Primary), w.Bind(clock.Micros(at)))
		mine := "s.id in (select o.object_id from (" + owned + ") o where o.kind = " + w.Bind(string(Shared)) + ")"
		w.And(db.Or(w, mine, "s.id", f.Named))
	}
	w.After([]string{"s.id"}, r.After...)
	where, args := w.SQL()
	return setColumns + where + ` order by s.id limit ` + strconv.Itoa(r.Size+1), args
}

// nameFree answers Exists if another set has the name of v.
func nameFree(q db.Q, v Set) error {
	other, err := FindSet(q, v.Name)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err == nil && other.ID != v.ID:
		return fault.New(fault.Exists, "there is an owner of the name %s already", v.Name)
	default:
		return err
	}
}

// encode is the document of v, and its source as the columns have it.
func (s Set) encode() (doc string, in, via *string, err error) {
	raw, err := json.Marshal(setDoc{s.Description, s.Escalation, s.ChannelID, s.Members})
	if s.Source != (app.EntitlementRef{}) {
		in, via = new(string(s.Source.AppID)), new(string(s.Source.ID))
	}
	return string(raw), in, via, err
}

func insertSet(tx *db.Tx, v Set) error {
	doc, in, via, err := v.encode()
	if err != nil {
		return err
	}
	at := clock.Micros(v.CreatedAt)
	tx.Queue(`insert into owner_set (id, name, name_folded, doc, via_app_id, via_entitlement_id, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,null,$9)`, string(v.ID), v.Name, db.Fold(v.Name), doc, in, via, at, at, v.Version)
	tx.Queue(`insert into owner_from_set (kind, app_id, object_id, role, set_id, created_at) values ($1,'',$2,$3,$4,$5)`,
		string(Shared), string(v.ID), Primary, string(v.ID), at)
	return nil
}

// updateSet writes v over that version. Conflict if somebody else was faster.
func updateSet(tx *db.Tx, v Set, version int64) error {
	doc, in, via, err := v.encode()
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update owner_set set name = $1, name_folded = $2, doc = $3, via_app_id = $4, via_entitlement_id = $5, updated_at = $6,
		version = $7 where id = $8 and version = $9 and deleted_at is null`,
		v.Name, db.Fold(v.Name), doc, in, via, clock.Micros(v.UpdatedAt), v.Version, string(v.ID), version)
	return unlessLost(n, err)
}

func unlessLost(n int64, err error) error {
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the owner was changed by someone else; read it again")
	}
	return err
}

// removeSet deletes v. Its members and what it owned that is deleted have no rows from then on.
func removeSet(tx *db.Tx, v Set, at time.Time) error {
	n, err := tx.Exec(`update owner_set set deleted_at = $1, updated_at = $2, version = version + 1
		where id = $3 and version = $4 and deleted_at is null`, clock.Micros(at), clock.Micros(at), string(v.ID), v.Version)
	if err := unlessLost(n, err); err != nil {
		return err
	}
	deleteMembers(tx, v.ID)
	tx.Queue(`delete from owner_from_set where set_id = $1`, string(v.ID))
	return nil
}

func deleteMembers(tx *db.Tx, setID SetID) {
	tx.Queue(`delete from owner_set_member where set_id = $1`, string(setID))
}

// placeMembers writes the rows of the members that v names; with a source it names none.
func placeMembers(tx *db.Tx, v Set) {
	if v.Source != (app.EntitlementRef{}) {
		return
	}
	for i, u := range v.Members {
		tx.Queue(`insert into owner_set_member (set_id, user_id, place) values ($1,$2,$3)`, string(v.ID), string(u), i+1)
	}
}

// inUse reports whether the set owns something that is not deleted.
func inUse(q db.Q, setID SetID) (bool, error) {
	found, err := db.Collect(q, func(r *db.Rows) (n int, err error) { return n, r.Scan(&n) },
		`select 1 from owner_from_set o where o.set_id = $1 and o.kind <> '`+string(Shared)+`' and `+liveSQL+` limit 1`, string(setID))
	return len(found) > 0, err
}

// setOf is the set that owns an object under a role; empty: none does.
func setOf(q db.Q, o Object, role string) (SetID, error) {
	v, err := db.One(q, func(r *db.Rows) (v SetID, err error) { return v, r.Scan(&v) },
		`select set_id from owner_from_set where kind = $1 and app_id = $2 and object_id = $3 and role = $4`,
		string(o.Kind), string(o.App), o.ID, role)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return v, err
}
