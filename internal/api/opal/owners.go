package opal

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ownerBody is an owner: people in an order, or the members of a group.
type ownerBody struct {
	ID          UUID   `json:"owner_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Period      int    `json:"access_request_escalation_period,omitempty" doc:"Minutes until the next is told too; none: all at once."`
	Channel     *UUID  `json:"reviewer_message_channel_id"`
	SourceGroup *UUID  `json:"source_group_id"`
}

type getOwners struct {
	Paging
	Name string `query:"name" maxLength:"256" doc:"The whole name."`
}

type createOwner struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"256"`
		Description string `json:"description,omitempty" maxLength:"2048"`
		Period      int    `json:"access_request_escalation_period,omitempty" minimum:"0" maximum:"525960"`
		Users       []UUID `json:"user_ids" nullable:"true" maxItems:"100"`
		Channel     noUUID `json:"reviewer_message_channel_id,omitempty"`
		SourceGroup noUUID `json:"source_group_id,omitempty" doc:"Whose members it has; then user_ids is empty."`
	}
}

// updateOwner is a change of an owner, asked for and answered. What is not there stays as it is, or is none; an empty id clears.
type updateOwner struct {
	ID          UUID    `json:"owner_id"`
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Description *string `json:"description,omitempty" maxLength:"2048"`
	Period      *int    `json:"access_request_escalation_period,omitempty" minimum:"0" maximum:"525960"`
	Channel     *noUUID `json:"reviewer_message_channel_id,omitempty"`
	SourceGroup *noUUID `json:"source_group_id,omitempty"`
}

type updateOwners struct {
	Body ownersBody
}

type ownersBody struct {
	Owners []updateOwner `json:"owners" minItems:"1" maxItems:"100"`
}

// OwnerPath is part of the parameters of what is about one owner.
type OwnerPath struct {
	ID UUID `path:"owner_id"`
}

type ownerName struct {
	Name string `path:"owner_name" maxLength:"1024"`
}

type updateOwnerUsers struct {
	OwnerPath
	Body struct {
		Users []UUID `json:"user_ids" nullable:"true" maxItems:"100"`
	}
}

type ownerUsersBody struct {
	Users []userBody `json:"users"`
}

// maxOwnerUsers is how many members of an owner an answer holds: this API does not page them (ours).
const maxOwnerUsers = 1000

// ownerNames are the names of fields in faults of the rules, as this API spells them.
var ownerNames = map[string]string{
	"members": "user_ids", "escalation": "access_request_escalation_period", "channelId": "reviewer_message_channel_id",
}

func (d *Door) owners() {
	serve(d, "Owners.GetOwners", about{Summary: "List owners; people see those they belong to"}, d.getOwners)
	serve(d, "Owners.CreateOwner", about{Summary: "Make an owner; administrators may"}, d.createOwner)
	serve(d, "Owners.UpdateOwners", about{Summary: "Change owners, all or none; administrators may"}, d.updateOwners)
	serve(d, "Owners.GetOwnerID", about{Summary: "Read an owner"}, d.getOwner)
	serve(d, "Owners.GetOwnerFromName", about{Summary: "Find an owner by name"}, d.getOwnerFromName)
	serveEmpty(d, "Owners.DeleteOwner", about{Summary: "Delete an owner that owns nothing; administrators may"}, d.deleteOwner)
	serve(d, "Owners.GetOwnerUsers", about{Summary: "Read who belongs to an owner, in order"}, d.getOwnerUsers)
	serve(d, "Owners.UpdateOwnerUsers", about{Summary: "Set who belongs to an owner, in order; administrators may"}, d.updateOwnerUsers)
}

func (d *Door) getOwners(ctx context.Context, in *getOwners) (out Results[ownerBody], err error) {
	f := owner.SetFilter{Name: in.Name}
	if f.Member, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	objects, every, err := iam.Named(ctx, iam.SortOwnerSet)
	if err != nil {
		return out, err
	}
	if f.Named = each(objects, func(s string) owner.SetID { return owner.SetID(s) }); every {
		f.Member = ""
	}
	p, err := d.page("Owners", in.Paging, f)
	if err != nil {
		return out, err
	}
	found, err := d.Owners.ListSets(ctx, f, p.Request)
	if err != nil {
		return out, err
	}
	list, err := d.encodeOwners(ctx, found.Items...)
	return Results[ownerBody]{Results: list, Next: p.next(found.Next), Previous: p.previous()}, err
}

func (d *Door) createOwner(ctx context.Context, in *createOwner) (ownerBody, error) {
	if err := iam.RequireEvery(ctx, iam.SortOwnerSet); err != nil {
		return ownerBody{}, err
	}
	b := in.Body
	if err := d.notThemself(ctx, ids[directory.UserID](b.Users)...); err != nil {
		return ownerBody{}, err
	}
	if err := maySource(ctx, b.SourceGroup != ""); err != nil {
		return ownerBody{}, err
	}
	if b.SourceGroup != "" && len(b.Users) > 0 {
		return ownerBody{}, fault.InvalidField("user_ids", "must be empty beside source_group_id")
	}
	source, err := d.sourceOf(ctx, UUID(b.SourceGroup))
	if err != nil {
		return ownerBody{}, err
	}
	made, err := d.Owners.CreateSet(ctx, owner.Set{
		Name: b.Name, Description: b.Description, Escalation: minutes(b.Period), Members: ids[directory.UserID](b.Users), Source: source,
		ChannelID: string(b.Channel),
	})
	if err != nil {
		return ownerBody{}, respelled(err, ownerNames)
	}
	return d.encodeOwner(ctx, made)
}

// sourceOf is the entitlement that the members of a group hold; zero for no group.
func (d *Door) sourceOf(ctx context.Context, group UUID) (app.EntitlementRef, error) {
	if group == "" {
		return app.EntitlementRef{}, nil
	}
	refs, err := d.membersOf(d.DB.Q(ctx), "source_group_id", []UUID{group})
	if err != nil {
		return app.EntitlementRef{}, err
	}
	return refs[0], nil
}

func (d *Door) updateOwners(ctx context.Context, in *updateOwners) (ownersBody, error) {
	for _, u := range in.Body.Owners {
		if err := d.ownerToChange(ctx, u.ID); err != nil {
			return ownersBody{}, err
		}
	}
	changes := make([]owner.SetChange, len(in.Body.Owners))
	for n, u := range in.Body.Owners {
		var source app.EntitlementRef
		if u.SourceGroup != nil {
			var err error
			if source, err = d.sourceOf(ctx, UUID(*u.SourceGroup)); err != nil {
				return ownersBody{}, err
			}
		}
		changes[n] = owner.SetChange{ID: owner.SetID(u.ID), Become: func(v *owner.Set) error {
			set(&v.Name, u.Name)
			set(&v.Description, u.Description)
			setMinutes(&v.Escalation, u.Period)
			if u.Channel != nil {
				v.ChannelID = string(*u.Channel)
			}
			if u.SourceGroup == nil {
				return nil
			}
			changed := v.Source != source
			v.Source = source
			return maySource(ctx, changed)
		}}
	}
	after, err := d.Owners.UpdateSets(ctx, changes)
	if err != nil {
		return ownersBody{}, respelled(err, ownerNames)
	}
	list, err := d.encodeOwners(ctx, after...)
	return ownersBody{each(list, func(b ownerBody) updateOwner {
		return updateOwner{
			ID: b.ID, Name: &b.Name, Description: &b.Description, Period: &b.Period, Channel: (*noUUID)(b.Channel),
			SourceGroup: (*noUUID)(b.SourceGroup),
		}
	})}, err
}

// ownerOf reads an owner that the caller may see.
func (d *Door) ownerOf(ctx context.Context, what string, find func() (owner.Set, error)) (owner.Set, error) {
	own, byPowers := iam.OwnFilter(ctx)
	if byPowers != nil && !fault.Is(byPowers, fault.Denied) {
		return owner.Set{}, byPowers
	}
	v, err := find()
	if err != nil || own == "" {
		return v, err
	}
	if named, err := iam.Empowered(ctx, ownerObject(UUID(v.ID))); err != nil || named {
		return v, err
	}
	if byPowers != nil {
		return v, byPowers
	}
	belongs, err := d.belongs(ctx, v, own)
	if err == nil && !belongs {
		err = fault.Missing("owner", what)
	}
	return v, err
}

// belongs reports whether a user is among an owner's people now.
func (d *Door) belongs(ctx context.Context, v owner.Set, user directory.UserID) (bool, error) {
	o := v.Object()
	people, err := d.Owners.Users(d.DB.Q(ctx), []owner.Object{o}, owner.Primary, d.Clock.Now())
	return slices.ContainsFunc(people[o], func(p owner.Owned) bool { return p.User == user }), err
}

func ownerObject(id UUID) iam.Object {
	return iam.Object{Type: string(iam.SortOwnerSet), ID: string(id)}
}

// ownerToChange lets whoever the operation reaches the owner with, by roles or powers. Who does not belong to it knows of none.
func (d *Door) ownerToChange(ctx context.Context, id UUID) error {
	_, err := iam.Acts(ctx, ownerObject(id))
	if !fault.Is(err, fault.Denied) {
		return err
	}
	me, failed := iam.OnlyOwning(ctx)
	if failed != nil {
		return failed
	}
	v, unknown := owner.AnySet(d.DB.Q(ctx), owner.SetID(id))
	if unknown != nil {
		return unknown
	}
	belongs, failed := d.belongs(ctx, v, me)
	if failed == nil && !belongs {
		failed = fault.Missing("owner", string(id))
	}
	if failed != nil {
		return failed
	}
	return err
}

// maySource refuses to whoever reaches an owner by powers alone to have a group be it: they may be in it.
func maySource(ctx context.Context, changed bool) error {
	me, err := iam.OnlyOwning(ctx)
	if err == nil && me != "" && changed {
		err = fault.New(fault.Denied, "Permission denied, which group is an owner is said by an administrator")
	}
	return err
}

func (d *Door) ownerByID(ctx context.Context, id UUID) (owner.Set, error) {
	return d.ownerOf(ctx, string(id), func() (owner.Set, error) { return owner.AnySet(d.DB.Q(ctx), owner.SetID(id)) })
}

func (d *Door) getOwner(ctx context.Context, in *OwnerPath) (ownerBody, error) {
	v, err := d.ownerByID(ctx, in.ID)
	if err != nil {
		return ownerBody{}, err
	}
	return d.encodeOwner(ctx, v)
}

func (d *Door) getOwnerFromName(ctx context.Context, in *ownerName) (ownerBody, error) {
	v, err := d.ownerOf(ctx, in.Name, func() (owner.Set, error) {
		q := d.DB.Q(ctx)
		v, err := owner.FindSet(q, in.Name)
		// A path with a slash in a name comes here as it was sent.
		if plain, bad := url.PathUnescape(in.Name); bad == nil && plain != in.Name && fault.Is(err, fault.NotFound) {
			return owner.FindSet(q, plain)
		}
		return v, err
	})
	if err != nil {
		return ownerBody{}, err
	}
	return d.encodeOwner(ctx, v)
}

func (d *Door) deleteOwner(ctx context.Context, in *OwnerPath) error {
	if err := d.ownerToChange(ctx, in.ID); err != nil {
		return err
	}
	return d.Owners.DeleteSet(ctx, owner.SetID(in.ID))
}

func (d *Door) getOwnerUsers(ctx context.Context, in *OwnerPath) (ownerUsersBody, error) {
	v, err := d.ownerByID(ctx, in.ID)
	if err != nil {
		return ownerUsersBody{}, err
	}
	return d.usersOf(ctx, v)
}

func (d *Door) updateOwnerUsers(ctx context.Context, in *updateOwnerUsers) (ownerUsersBody, error) {
	if err := d.ownerToChange(ctx, in.ID); err != nil {
		return ownerUsersBody{}, err
	}
	v, err := owner.AnySet(d.DB.Q(ctx), owner.SetID(in.ID))
	if err != nil {
		return ownerUsersBody{}, err
	}
	said := ids[directory.UserID](in.Body.Users)
	if v.Source != (app.EntitlementRef{}) {
		people, err := d.Owners.MembersOf(ctx, v, maxOwnerUsers)
		if err != nil {
			return ownerUsersBody{}, err
		}
		if !slices.Equal(slices.Sorted(slices.Values(people)), slices.Sorted(slices.Values(said))) {
			return ownerUsersBody{}, fault.InvalidField("user_ids", "can only put the members of the source group in another order")
		}
	}
	fresh := without(said, v.Members)
	if v.Source == (app.EntitlementRef{}) {
		if err := d.notThemself(ctx, fresh...); err != nil {
			return ownerUsersBody{}, err
		}
	}
	asked := v.Source
	after, err := d.Owners.UpdateSets(ctx, []owner.SetChange{{ID: v.ID, Become: func(v *owner.Set) error {
		if v.Source != asked || len(without(without(said, v.Members), fresh)) > 0 { // who was taken out meanwhile stays out
			return fault.New(fault.Conflict, "who belongs to the owner was changed by someone else; read it again")
		}
		v.Members = said
		return nil
	}}})
	if err != nil {
		return ownerUsersBody{}, respelled(err, ownerNames)
	}
	return d.usersOf(ctx, after[0])
}

// without are those of list that are not in other.
func without(list, other []directory.UserID) []directory.UserID {
	return slices.DeleteFunc(slices.Clone(list), func(u directory.UserID) bool { return slices.Contains(other, u) })
}

func (d *Door) usersOf(ctx context.Context, v owner.Set) (ownerUsersBody, error) {
	own, err := iam.OnlyOwning(ctx)
	if err != nil {
		return ownerUsersBody{}, err
	}
	people, err := d.Owners.MembersOf(ctx, v, maxOwnerUsers)
	if err != nil {
		return ownerUsersBody{}, err
	}
	found, err := directory.Many(d.DB.Q(ctx), people)
	if err != nil {
		return ownerUsersBody{}, err
	}
	byID := make(map[directory.UserID]directory.User, len(found))
	for _, u := range found {
		byID[u.ID] = u
	}
	return ownerUsersBody{each(people, func(u directory.UserID) userBody { return encodeUser(byID[u], own) })}, nil
}

func (d *Door) encodeOwner(ctx context.Context, v owner.Set) (ownerBody, error) {
	list, err := d.encodeOwners(ctx, v)
	if err != nil {
		return ownerBody{}, err
	}
	return list[0], nil
}

func (d *Door) encodeOwners(ctx context.Context, sets ...owner.Set) ([]ownerBody, error) {
	var refs []app.EntitlementRef
	for _, v := range sets {
		if v.Source != (app.EntitlementRef{}) {
			refs = append(refs, v.Source)
		}
	}
	groups, err := groupsOf(d.DB.Q(ctx), refs)
	return each(sets, func(v owner.Set) ownerBody {
		return ownerBody{
			ID: UUID(v.ID), Name: v.Name, Description: v.Description, Period: int(v.Escalation / time.Minute),
			Channel: unlessEmpty(UUID(v.ChannelID)), SourceGroup: unlessEmpty(groups[v.Source]),
		}
	}), err
}
