package group

import (
	"errors"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const linkColumns = `id, source_id, created_by, created_at, version`

func scanLink(r *db.Rows) (l Link, err error) {
	var created int64
	err = r.Scan(&l.ID, &l.Source, &l.CreatedBy, &created, &l.Version)
	l.CreatedAt = clock.FromMicros(created)
	return l, err
}

func getLink(q db.Q, link LinkID) (Link, error) {
	l, err := db.One(q, scanLink, `select `+linkColumns+` from group_link where id = $1`, string(link))
	if errors.Is(err, db.ErrNoRows) {
		return l, fault.Missing("group binding", string(link))
	}
	if err != nil {
		return l, err
	}
	list, err := withGroups(q, []Link{l})
	if err != nil {
		return l, err
	}
	return list[0], nil
}

const linksSQL = `select ` + linkColumns + ` from group_link where id > $1 order by id limit $2`

// listLinks reads one link more than the page, without their groups.
func listLinks(q db.Q, r page.Request) ([]Link, error) {
	after := ""
	if len(r.After) > 0 {
		after = r.After[0]
	}
	return db.Collect(q, scanLink, linksSQL, after, r.Size+1)
}

type linked struct {
	group item.ID
	link  LinkID
}

func scanLinked(r *db.Rows) (m linked, err error) { return m, r.Scan(&m.group, &m.link) }

// withGroups adds their groups to links; one statement for each 500.
func withGroups(q db.Q, list []Link) ([]Link, error) {
	at := make(map[LinkID]int, len(list))
	for n, l := range list {
		at[l.ID] = n
	}
	for _, chunk := range db.Chunks(list) {
		args := make([]any, len(chunk))
		for n, l := range chunk {
			args[n] = string(l.ID)
		}
		found, err := db.Collect(q, scanLinked, `select group_id, link_id from group_link_member where link_id in `+db.In(len(chunk), 1)+
			` order by link_id, group_id`, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			l := &list[at[m.link]]
			l.Groups = append(l.Groups, m.group)
		}
	}
	return list, nil
}

// LinksOf are the links that groups are in; those that are in none are left out.
func (*Service) LinksOf(q db.Q, groups []item.ID) (map[item.ID]LinkID, error) {
	out := map[item.ID]LinkID{}
	for _, chunk := range db.Chunks(groups) {
		args := make([]any, len(chunk))
		for n, g := range chunk {
			args[n] = string(g)
		}
		found, err := db.Collect(q, scanLinked, `select group_id, link_id from group_link_member
			where group_id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			out[m.group] = m.link
		}
	}
	return out, nil
}

const insteadSQL = `select s.app_id, s.entitlement_id from group_link_member m join group_link l on l.id = m.link_id
	join group_link_member s on s.group_id = l.source_id where m.app_id = $1 and m.entitlement_id = $2`

func scanRef(r *db.Rows) (e app.EntitlementRef, err error) { return e, r.Scan(&e.AppID, &e.ID) }

// changed turns a write that found another version into a conflict.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the group binding was changed by someone else; read it again")
	}
	return err
}
