package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// GiveTo is what giving access takes: a duration and a level, in the body or in the query. 0 minutes, or none said, is without end.
type GiveTo struct {
	Minutes int    `query:"duration_minutes" minimum:"0" maximum:"525960"`
	Level   string `query:"access_level_remote_id" maxLength:"256"`
	Body    struct {
		Minutes *int    `json:"duration_minutes,omitempty" nullable:"true" minimum:"0" maximum:"525960"`
		Level   *string `json:"access_level_remote_id,omitempty" nullable:"true" maxLength:"256"`
	}
}

// said is the duration and the level; the body comes before the query.
func (g *GiveTo) said() (minutes int, level string) {
	minutes, level = g.Minutes, g.Level
	set(&minutes, g.Body.Minutes)
	set(&level, g.Body.Level)
	return minutes, level
}

// MoveEnd is what changing access takes.
type MoveEnd struct {
	Body struct {
		Minutes int    `json:"duration_minutes" maximum:"525960" doc:"From now on; 0: without end, less: the access ends now."`
		Level   string `json:"access_level_remote_id,omitempty" maxLength:"256"`
	}
}

// TakeFrom is what taking access takes.
type TakeFrom struct {
	Level string `query:"access_level_remote_id" maxLength:"256"`
}

type createGroupUser struct {
	GroupPath
	UserPath
	GiveTo
}

type createResourceUser struct {
	ResourcePath
	UserPath
	GiveTo
}

type updateGroupUser struct {
	GroupPath
	UserPath
	MoveEnd
}

type updateResourceUser struct {
	ResourcePath
	UserPath
	MoveEnd
}

type deleteGroupUser struct {
	GroupPath
	UserPath
	TakeFrom
}

type deleteResourceUser struct {
	ResourcePath
	UserPath
	TakeFrom
}

func (d *Door) accessChanges() {
	serve(d, "Groups.CreateGroupUser", about{
		Summary: "Put somebody into a group, for a time or without end; owners and administrators may",
	}, func(ctx context.Context, in *createGroupUser) (groupUserBody, error) {
		minutes, level := in.said()
		return shownAs(encodeGroupUser)(d.give(ctx, held{aGroup, in.ID, in.User, level}, minutes))
	})
	serve(d, "Groups.UpdateGroupUser", about{
		Summary: "Set for how long somebody is in a group from now on; owners and administrators may",
	}, func(ctx context.Context, in *updateGroupUser) (groupUserBody, error) {
		return shownAs(encodeGroupUser)(d.moveEnd(ctx, held{aGroup, in.ID, in.User, in.Body.Level}, in.Body.Minutes))
	})
	serveEmpty(d, "Groups.DeleteGroupUser", about{
		Summary: "Take somebody out of a group now; owners and administrators may",
	}, func(ctx context.Context, in *deleteGroupUser) error {
		return d.take(ctx, held{aGroup, in.ID, in.User, in.Level})
	})
	serve(d, "Resources.AddResourceUser", about{
		Summary: "Give somebody access to a resource, for a time or without end; owners and administrators may",
	}, func(ctx context.Context, in *createResourceUser) (ResourceUserBody, error) {
		minutes, level := in.said()
		return shownAs(encodeResourceUser)(d.give(ctx, held{aResource, in.ID, in.User, level}, minutes))
	})
	serve(d, "Resources.UpdateResourceUser", about{
		Summary: "Set for how long somebody has access to a resource from now on; owners and administrators may",
	}, func(ctx context.Context, in *updateResourceUser) (ResourceUserBody, error) {
		return shownAs(encodeResourceUser)(d.moveEnd(ctx, held{aResource, in.ID, in.User, in.Body.Level}, in.Body.Minutes))
	})
	serveEmpty(d, "Resources.DeleteResourceUser", about{
		Summary: "Take somebody's access to a resource now; owners and administrators may",
	}, func(ctx context.Context, in *deleteResourceUser) error {
		return d.take(ctx, held{aResource, in.ID, in.User, in.Level})
	})
}

// shownAs encodes what was done, if it was.
func shownAs[T any](encode func(accessRow) T) func(accessRow, error) (T, error) {
	return func(r accessRow, err error) (T, error) {
		if err != nil {
			var none T
			return none, respelled(err, durationNames)
		}
		return encode(r), nil
	}
}

// durationNames are the names of fields in faults of the rules, as this API spells them.
var durationNames = map[string]string{"deprovisionAt": "duration_minutes", "newDeprovisionAt": "duration_minutes"}

// held names direct access: of a user to a level of an item.
type held struct {
	sort  itemSort
	item  UUID
	user  UUID
	level string
}

// managed reads the level of an item for a caller who may give and take it: administrators, and owners of it, of its item or app.
func (d *Door) managed(ctx context.Context, h held) (item.Item, item.Level, error) {
	i, err := item.Get(d.DB.Q(ctx), item.ID(h.item))
	if err != nil || !h.sort.has(i) {
		return i, item.Level{}, notFound(err, string(h.sort), h.item)
	}
	l, unknown := d.Items.LevelOf(d.DB.Q(ctx), i, h.level)
	object := itemObject(i)
	if unknown == nil {
		object = levelObject(l.Entitlement)
	}
	err = iam.Require(ctx, object)
	if fault.Is(err, fault.Denied) {
		if _, unseen := d.itemOf(ctx, h.sort, h.item); unseen != nil {
			return i, l, unseen
		}
	}
	if err == nil {
		err = unknown
	}
	return i, l, err
}

// give gives access, or more of it to who has it: the later end wins.
func (d *Door) give(ctx context.Context, h held, minutes int) (accessRow, error) {
	i, l, err := d.managed(ctx, h)
	if err != nil {
		return accessRow{}, err
	}
	who := directory.UserID(h.user)
	if err := d.mayGive(ctx, who); err != nil {
		return accessRow{}, err
	}
	of := iam.Object{Type: "entitlement", AppID: string(i.AppID), ID: string(l.Entitlement.ID)}
	if err := iam.MayPass(ctx, d.DB.Q(ctx), of); err != nil { // before there is an account
		return accessRow{}, err
	}
	account, err := d.Grants.AccountFor(ctx, i.AppID, who)
	if err != nil {
		return accessRow{}, err
	}
	k := grant.Key{App: i.AppID, Entitlement: l.Entitlement.ID, Account: account}
	if _, err := d.Grants.Create(ctx, k, d.endOf(minutes)); err != nil {
		return accessRow{}, err
	}
	return d.accessTo(ctx, i, l, who)
}

// mayGive keeps owners from giving access to themself, and to services and agents that they own.
func (d *Door) mayGive(ctx context.Context, to directory.UserID) error {
	if err := grant.MayGive(ctx, to); err != nil {
		return err
	}
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return err
	}
	own, err := d.Owners.Runs(d.DB.Q(ctx), me, to, d.Clock.Now())
	if own && err == nil {
		err = fault.New(fault.Denied, "Permission denied, an owner does not give access to what acts for them")
	}
	return err
}

// endOf is the end of access that begins now; zero for none.
func (d *Door) endOf(minutes int) time.Time {
	if minutes == 0 {
		return time.Time{}
	}
	return d.Clock.Now().Add(time.Duration(minutes) * time.Minute)
}

// moveEnd sets the end of direct access exactly, clears it, or ends the access now.
func (d *Door) moveEnd(ctx context.Context, h held, minutes int) (accessRow, error) {
	i, l, err := d.managed(ctx, h)
	if err != nil {
		return accessRow{}, err
	}
	who, change := directory.UserID(h.user), d.Grants.ClearEnd
	switch {
	case minutes < 0:
		change = func(ctx context.Context, k grant.Key) (grant.Grant, error) { return d.Grants.Revoke(ctx, k, "") }
	case minutes > 0:
		end := d.endOf(minutes)
		change = func(ctx context.Context, k grant.Key) (grant.Grant, error) { return d.Grants.SetEnd(ctx, k, end) }
	}
	if minutes >= 0 {
		if err := d.mayGive(ctx, who); err != nil {
			return accessRow{}, err
		}
	}
	last, err := d.changeDirect(ctx, l.Entitlement, h, change)
	if err != nil {
		return accessRow{}, err
	}
	row, err := d.accessTo(ctx, i, l, who)
	if err == nil && len(row.Grants) == 0 { // nothing is left: what there was, and when it ended
		last.DeprovisionAt = last.Until()
		row.Grants = []read.Given{{Grant: last}}
	}
	return row, err
}

// take ends direct access now.
func (d *Door) take(ctx context.Context, h held) error {
	_, l, err := d.managed(ctx, h)
	if err != nil {
		return err
	}
	_, err = d.changeDirect(ctx, l.Entitlement, h, func(ctx context.Context, k grant.Key) (grant.Grant, error) {
		return d.Grants.Revoke(ctx, k, "")
	})
	return err
}

// changeDirect changes the direct access of a user, account by account; they seldom have several. What was changed before one of them
// failed stays, and the same call again changes the rest. It answers the last. NotFound where there is none.
func (d *Door) changeDirect(
	ctx context.Context, of app.EntitlementRef, h held, change func(context.Context, grant.Key) (grant.Grant, error),
) (last grant.Grant, err error) {
	direct, err := d.Grants.Direct(ctx, of, directory.UserID(h.user))
	if err == nil && len(direct) == 0 {
		err = missing("direct access of user", h.user)
	}
	for _, g := range direct {
		if err == nil {
			last, err = change(ctx, g.Key)
		}
	}
	return last, err
}

// accessTo is what a user has of a level now; without grants if that is nothing.
func (d *Door) accessTo(ctx context.Context, i item.Item, l item.Level, who directory.UserID) (accessRow, error) {
	f := read.AccessFilter{User: who, Refs: []app.EntitlementRef{l.Entitlement}}
	found, err := d.Read.Access(ctx, f, page.Request{Size: 1})
	if err != nil {
		return accessRow{}, err
	}
	row := accessRow{Access: read.Access{User: who, Entitlement: l.Entitlement}, item: i, level: l}
	if len(found.Items) > 0 {
		row.Access = found.Items[0]
	}
	row.user, err = directory.Get(d.DB.Q(ctx), who)
	return row, err
}
