package opal

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/read"
)

// Who has access to groups and resources. A grant of the core is shown under its item and level; somebody's accounts in an app are one.

// levelBody is what can be held of an item; the default level is empty in both.
type levelBody struct {
	Name     string `json:"access_level_name"`
	RemoteID string `json:"access_level_remote_id"`
}

// propagationBody says how far access is given in the system that it is in.
type propagationBody struct {
	Status string `json:"status" enum:"SUCCESS,PENDING,ERR_REMOTE_INTERNAL_ERROR"`
}

// AccessBody is what access to groups and to resources shows alike.
type AccessBody struct {
	User        UUID             `json:"user_id"`
	Level       levelBody        `json:"access_level"`
	FullName    string           `json:"full_name"`
	Email       string           `json:"email"`
	Expires     *time.Time       `json:"expiration_date" doc:"When the direct access ends or, where there is none, what is held through groups; null: without end."`
	Propagation *propagationBody `json:"propagation_status,omitempty" doc:"Left out of what was not given here but found."`
}

// groupUserBody is somebody in a group.
type groupUserBody struct {
	Group       UUID   `json:"group_id"`
	Name        string `json:"group_name"`
	Description string `json:"description"`
	AccessBody
}

// ResourceUserBody is somebody's access to a resource.
type ResourceUserBody struct {
	Resource UUID `json:"resource_id"`
	AccessBody
}

// resourceAccessBody is somebody's access to a resource, and whence they have it.
type resourceAccessBody struct {
	ResourceUserBody
	Name        string `json:"resource_name"`
	Description string `json:"description"`
	Direct      bool   `json:"has_direct_access"`
	Paths       int    `json:"num_access_paths" doc:"The direct access is one, each group or rule that passes it on another."`
}

// accessRow is access and what is shown with it.
type accessRow struct {
	read.Access
	item  item.Item
	level item.Level
	user  directory.User
}

// accessRows adds to access what is shown with it, with the same number of statements however many there are.
func (d *Door) accessRows(ctx context.Context, list []read.Access) ([]accessRow, error) {
	q := d.DB.Q(ctx)
	itemIDs, userIDs := map[item.ID]bool{}, map[directory.UserID]bool{}
	for _, a := range list {
		itemIDs[a.Resource], userIDs[a.User] = true, true
	}
	items, err := item.Many(q, keys(itemIDs))
	if err != nil {
		return nil, err
	}
	byItem, err := d.Items.Levels(q, values(items))
	if err != nil {
		return nil, err
	}
	users, err := directory.Many(q, keys(userIDs))
	if err != nil {
		return nil, err
	}
	people := make(map[directory.UserID]directory.User, len(users))
	for _, u := range users {
		people[u.ID] = u
	}
	levels := map[app.EntitlementRef]item.Level{}
	for _, list := range byItem {
		for _, l := range list {
			levels[l.Entitlement] = l
		}
	}
	return each(list, func(a read.Access) accessRow {
		return accessRow{Access: a, item: items[a.Resource], level: levels[a.Entitlement], user: people[a.User]}
	}), nil
}

func (r accessRow) body() AccessBody {
	return AccessBody{
		User: UUID(r.User), Level: encodeLevel(r.level), FullName: r.user.DisplayName, Email: r.user.Email, Expires: r.expires(),
		Propagation: r.propagation(),
	}
}

func encodeLevel(l item.Level) levelBody { return levelBody{Name: l.Name, RemoteID: l.Slug} }

// expires is the end of the direct access or, where there is none, of what is passed on; the latest, where several accounts have one.
func (r accessRow) expires() *time.Time {
	_, direct := r.paths()
	var end *time.Time
	for _, g := range r.Grants {
		at := g.DeprovisionAt
		if !direct {
			at = g.Until()
		}
		switch {
		case direct && g.Direct == grant.None:
		case at.IsZero():
			return nil
		case end == nil || end.Before(at):
			end = &at
		}
	}
	return end
}

// propagation is nil for what nobody gave here; of several accounts the one that is furthest counts.
func (r accessRow) propagation() *propagationBody {
	status := ""
	for _, g := range r.Grants {
		switch {
		case g.Direct == grant.Synced:
		case g.State == grant.Active:
			return &propagationBody{"SUCCESS"}
		case g.LastError != "":
			status = "ERR_REMOTE_INTERNAL_ERROR"
		case status == "":
			status = "PENDING"
		}
	}
	if status == "" {
		return nil
	}
	return &propagationBody{status}
}

// paths counts the ways by which the access is held, and tells whether one of them is direct.
func (r accessRow) paths() (n int, direct bool) {
	for _, g := range r.Grants {
		n += g.Derived
		if g.Direct != grant.None {
			n, direct = n+1, true
		}
	}
	return n, direct
}

func encodeGroupUser(r accessRow) groupUserBody {
	return groupUserBody{Group: UUID(r.item.ID), Name: r.item.DisplayName, Description: r.item.Description, AccessBody: r.body()}
}

func encodeResourceUser(r accessRow) ResourceUserBody {
	return ResourceUserBody{Resource: UUID(r.item.ID), AccessBody: r.body()}
}

func encodeResourceAccess(r accessRow) resourceAccessBody {
	out := resourceAccessBody{ResourceUserBody: encodeResourceUser(r), Name: r.item.DisplayName, Description: r.item.Description}
	out.Paths, out.Direct = r.paths()
	return out
}

// keys are the members of a set, and values those of a map, in no order.
func keys[K comparable](set map[K]bool) []K { return slices.Collect(maps.Keys(set)) }

func values[K comparable, V any](m map[K]V) []V { return slices.Collect(maps.Values(m)) }
