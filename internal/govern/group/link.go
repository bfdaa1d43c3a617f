package group

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// LinkID is the identity of a link: a UUIDv7.
type LinkID string

// MaxLinked is how many groups stand for one another; there are at least two.
const MaxLinked = 20

// Link is groups that stand for one another, in several systems say: the source is asked for in place of the others, and who leaves one
// of them leaves all. Nobody becomes a member of one by becoming a member of another.
type Link struct {
	ID        LinkID
	Source    item.ID
	Groups    []item.ID // the source among them, by identity
	CreatedBy directory.UserID
	CreatedAt time.Time
	Version   int64
}

// GetLink reads a link. NotFound.
func (s *Service) GetLink(ctx context.Context, link LinkID) (Link, error) {
	return getLink(s.DB.Q(ctx), link)
}

// Links lists the links in the order they were made.
func (s *Service) Links(ctx context.Context, r page.Request) (page.Page[Link], error) {
	q := s.DB.Q(ctx)
	rows, err := listLinks(q, r)
	if err != nil {
		return page.Page[Link]{}, err
	}
	cut := page.Cut(rows, r.Size, func(l Link) page.Key { return page.Key{string(l.ID)} })
	cut.Items, err = withGroups(q, cut.Items)
	return cut, err
}

// Link makes groups stand for one another; the source counts among them, named or not. NotFound for what is no group; Exists for a group
// that is in a link already; Invalid for fewer than two and more than [MaxLinked].
func (s *Service) Link(ctx context.Context, source item.ID, groups []item.ID) (Link, error) {
	now := s.Clock.Now()
	l := Link{
		ID: LinkID(id.New(now)), Source: source, Groups: together(source, groups), CreatedBy: directory.UserID(audit.From(ctx).UserID),
		CreatedAt: now, Version: 1,
	}
	return l, s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(`insert into group_link (id, source_id, created_by, created_at, version) values ($1, $2, $3, $4, 1)`,
			string(l.ID), string(l.Source), string(l.CreatedBy), l.CreatedAt.UnixMicro())
		return s.setGroups(tx, audit.From(ctx), l, "group.linked", audit.Create, "linked groups")
	})
}

// Relinking is what a link becomes.
type Relinking struct {
	ID     LinkID
	Source item.ID
	Groups []item.ID
}

// Relink changes links, all or none. Faults as for [Service.Link]; NotFound for a link, Conflict for one that somebody else changed
// meanwhile. Whoever has left a group that stays is still taken out of the others that do.
func (s *Service) Relink(ctx context.Context, list []Relinking) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		links := make([]Link, len(list))
		for n, c := range list { // a group may go from one link to another in one change
			l, err := getLink(tx, c.ID)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(links[:n], func(o Link) bool { return o.ID == l.ID }) {
				return fault.InvalidField("group_bindings", "names %s twice", l.ID)
			}
			l.Source, l.Groups = c.Source, together(c.Source, c.Groups)
			links[n] = l
			if err := changed(tx.Exec(`update group_link set source_id = $3, version = version + 1 where id = $1 and version = $2`,
				string(l.ID), l.Version, string(l.Source))); err != nil {
				return err
			}
			tx.Queue(`delete from group_link_member where link_id = $1`, string(l.ID))
		}
		for _, l := range links {
			if err := s.setGroups(tx, audit.From(ctx), l, "group.relinked", audit.Update, "changed which groups are linked"); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unlink has groups no longer stand for one another; their members stay. NotFound.
func (s *Service) Unlink(ctx context.Context, link LinkID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		l, err := getLink(tx, link)
		if err != nil {
			return err
		}
		if err := changed(tx.Exec(`delete from group_link where id = $1 and version = $2`, string(l.ID), l.Version)); err != nil {
			return err
		}
		tx.Queue(`delete from group_link_member where link_id = $1`, string(l.ID))
		tx.Notify(topic, "links")
		return s.Audit.Record(tx, audit.From(ctx), l.event("group.unlinked", audit.Delete, "unlinked groups"))
	})
}

// together is a source and groups, each once, by identity.
func together(source item.ID, groups []item.ID) []item.ID {
	all := append(slices.Clone(groups), source)
	slices.Sort(all)
	return slices.Compact(all)
}

// setGroups writes the groups of a link that has none.
func (s *Service) setGroups(tx *db.Tx, actor audit.Actor, l Link, kind string, a audit.Activity, message string) error {
	if n := len(l.Groups); n < 2 || n > MaxLinked {
		return fault.InvalidField("groups", "2 to %d groups are linked, the source among them", MaxLinked)
	}
	found, err := item.Many(tx, l.Groups)
	if err != nil {
		return err
	}
	for _, g := range l.Groups {
		if !found[g].Group {
			return fault.Missing("group", string(g))
		}
		members, err := s.members(tx, found[g])
		if err != nil {
			return err
		}
		n, err := tx.Exec(`insert into group_link_member (group_id, link_id, app_id, entitlement_id) values ($1, $2, $3, $4)
			on conflict do nothing`, string(g), string(l.ID), string(members.AppID), string(members.ID))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Exists, "a group is in another binding already: %s", g)
		}
	}
	tx.Notify(topic, "links")
	return s.Audit.Record(tx, actor, l.event(kind, a, message))
}

func (l Link) event(kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "group_link", ObjectID: string(l.ID), Message: message,
		Data: map[string]any{"source": l.Source, "groups": l.Groups},
	}
}

// Instead is what is to be asked for in place of an entitlement: of a linked group the source's members' one, of everything else itself.
func (*Service) Instead(q db.Q, of app.EntitlementRef) (app.EntitlementRef, error) {
	found, err := db.Collect(q, scanRef, insteadSQL, string(of.AppID), string(of.ID))
	if err != nil || len(found) == 0 {
		return of, err
	}
	return found[0], nil
}

// ResourcesEnded implements [app.ResourceEnded]: a group that is deleted is in no link any more, and a link of which the source is gone, or
// one group is left, is none. The members of the others stay.
func (s *Service) ResourcesEnded(tx *db.Tx, appID app.ID) error {
	left, err := db.Collect(tx, scanLinked, `delete from group_link_member where app_id = $1 and exists (select 1 from resource r
		where r.app_id = group_link_member.app_id and r.id = group_link_member.group_id and r.deleted_at is not null)
		returning group_id, link_id`, string(appID))
	if err != nil || len(left) == 0 {
		return err
	}
	for _, chunk := range db.Chunks(left) { // not all links there are: each is asked about
		args := make([]any, len(chunk))
		for n, m := range chunk {
			args[n] = string(m.link)
		}
		lone := ` (select l.id from group_link l where l.id in ` + db.In(len(chunk), 1) + ` and (not exists (select 1 from group_link_member m
			where m.link_id = l.id and m.group_id = l.source_id) or (select count(*) from group_link_member m where m.link_id = l.id) < 2))`
		tx.Queue(`delete from group_link_member where link_id in`+lone, args...)
		tx.Queue(`delete from group_link where id in`+lone, args...)
	}
	tx.Notify(topic, "links")
	return nil
}
