package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/fault"
)

// tagBody is a key with a value that is put on users, groups and resources.
type tagBody struct {
	ID        UUID      `json:"tag_id"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"As created_at: a tag does not change."`
	CreatedBy UUID      `json:"user_creator_id,omitempty"`
	Key       string    `json:"key"`
	Value     string    `json:"value"`
}

type tagsBody struct {
	Tags []tagBody `json:"tags"`
}

type createTag struct {
	Key        string `query:"tag_key" maxLength:"128" deprecated:"true"`
	Value      string `query:"tag_value" maxLength:"256" deprecated:"true"`
	AdminOwner string `query:"admin_owner_id" maxLength:"64" deprecated:"true" doc:"Not kept: tags have no owner."`
	Body       struct {
		Key   string `json:"tag_key,omitempty" maxLength:"128"`
		Value string `json:"tag_value,omitempty" maxLength:"256"`
	}
}

type findTag struct {
	Key   string `query:"tag_key" required:"true" maxLength:"128"`
	Value string `query:"tag_value" maxLength:"256" doc:"None is the empty value."`
}

// TagPath is part of the parameters of what is about one tag.
type TagPath struct {
	Tag UUID `path:"tag_id"`
}

type tagOnUser struct {
	TagPath
	UserPath
}

type tagOnGroup struct {
	TagPath
	GroupPath
}

type tagOnResource struct {
	TagPath
	ResourcePath
}

func (d *Door) tags() {
	serve(d, "Tags.GetTags", about{Summary: "List tags"}, d.getTags)
	serve(d, "Tags.GetTag", about{Summary: "Find a tag by its key and value"}, d.findTag)
	serve(d, "Tags.GetTagByID", about{Summary: "Read a tag"}, d.getTag)
	serve(d, "Tags.CreateTag", about{Summary: "Make a tag; administrators may"}, d.createTag)
	serveEmpty(d, "Tags.DeleteTagByID", about{Summary: "Delete a tag and take it off everything; administrators may"}, d.deleteTag)

	serve(d, "Users.GetUserTags", about{Summary: "List the tags of a user; people see their own"}, d.getUserTags)
	serve(d, "Groups.GetGroupTags", about{
		Summary: "List the tags of a group",
	}, func(ctx context.Context, in *GroupPath) (tagsBody, error) {
		return d.tagsOfItem(ctx, aGroup, in.ID)
	})
	serve(d, "Resources.GetResourceTags", about{
		Summary: "List the tags of a resource",
	}, func(ctx context.Context, in *ResourcePath) (tagsBody, error) {
		return d.tagsOfItem(ctx, aResource, in.ID)
	})

	serveEmpty(d, "Tags.CreateUserTag", about{
		Summary: "Put a tag on a user; administrators may",
	}, func(ctx context.Context, in *tagOnUser) error {
		return d.onUser(ctx, in, d.Tags.Put)
	})
	serveEmpty(d, "Tags.DeleteUserTag", about{
		Summary: "Take a tag off a user; administrators may",
	}, func(ctx context.Context, in *tagOnUser) error {
		return d.onUser(ctx, in, d.Tags.TakeOff)
	})
	serveEmpty(d, "Tags.CreateGroupTag", about{
		Summary: "Put a tag on a group; administrators may",
	}, func(ctx context.Context, in *tagOnGroup) error {
		return d.onItem(ctx, in.Tag, aGroup, in.ID, d.Tags.Put)
	})
	serveEmpty(d, "Tags.DeleteGroupTag", about{
		Summary: "Take a tag off a group; administrators may",
	}, func(ctx context.Context, in *tagOnGroup) error {
		return d.onItem(ctx, in.Tag, aGroup, in.ID, d.Tags.TakeOff)
	})
	serveEmpty(d, "Tags.CreateResourceTag", about{
		Summary: "Put a tag on a resource; administrators may",
	}, func(ctx context.Context, in *tagOnResource) error {
		return d.onItem(ctx, in.Tag, aResource, in.ID, d.Tags.Put)
	})
	serveEmpty(d, "Tags.DeleteResourceTag", about{
		Summary: "Take a tag off a resource; administrators may",
	}, func(ctx context.Context, in *tagOnResource) error {
		return d.onItem(ctx, in.Tag, aResource, in.ID, d.Tags.TakeOff)
	})
}

func (d *Door) getTags(ctx context.Context, in *struct{ Paging }) (Results[tagBody], error) {
	if err := iam.RequireAll(ctx); err != nil {
		return Results[tagBody]{}, err
	}
	p, err := d.page("Tags", in.Paging)
	if err != nil {
		return Results[tagBody]{}, err
	}
	found, err := d.Tags.List(ctx, p.Request)
	return resultsOf(p, found, encodeTag), err
}

func (d *Door) findTag(ctx context.Context, in *findTag) (tagBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return tagBody{}, err
	}
	t, err := d.Tags.Find(ctx, in.Key, in.Value)
	return encodeTag(t), err
}

func (d *Door) getTag(ctx context.Context, in *TagPath) (tagBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return tagBody{}, err
	}
	t, err := d.Tags.Get(ctx, tag.ID(in.Tag))
	return encodeTag(t), err
}

func (d *Door) createTag(ctx context.Context, in *createTag) (tagBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return tagBody{}, err
	}
	key, value := in.Body.Key, in.Body.Value
	if key == "" { // the older way
		key, value = in.Key, in.Value
	}
	t, err := d.Tags.Create(ctx, key, value)
	return encodeTag(t), respelled(err, map[string]string{"key": "tag_key", "value": "tag_value"})
}

func (d *Door) deleteTag(ctx context.Context, in *TagPath) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	return d.Tags.Delete(ctx, tag.ID(in.Tag))
}

func (d *Door) getUserTags(ctx context.Context, in *UserPath) (tagsBody, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil || own != "" && own != directory.UserID(in.User) {
		named, failed := iam.Empowered(ctx, userObject(in.User))
		switch {
		case failed != nil:
			return tagsBody{}, failed
		case !named && err != nil:
			return tagsBody{}, err
		case !named:
			return tagsBody{}, missing("user", in.User)
		}
	}
	if err := d.someUser(ctx, in.User); err != nil {
		return tagsBody{}, err
	}
	return d.tagsOn(ctx, tag.User(directory.UserID(in.User)))
}

// someUser answers NotFound unless there is such a user who is not deleted.
func (d *Door) someUser(ctx context.Context, userID UUID) error {
	u, err := directory.Get(d.DB.Q(ctx), directory.UserID(userID))
	if err != nil || u.Status == directory.Deleted {
		return notFound(err, "user", userID)
	}
	return nil
}

func (d *Door) tagsOfItem(ctx context.Context, s itemSort, id UUID) (tagsBody, error) {
	i, err := d.itemOf(ctx, s, id)
	if err != nil {
		return tagsBody{}, err
	}
	return d.tagsOn(ctx, tag.Resource(i.ID))
}

func (d *Door) tagsOn(ctx context.Context, o tag.Object) (tagsBody, error) {
	found, err := d.Tags.On(ctx, o)
	return tagsBody{each(found, encodeTag)}, err
}

// tagging puts a tag on an object or takes it off.
type tagging func(ctx context.Context, t tag.ID, o tag.Object) error

func (d *Door) onUser(ctx context.Context, in *tagOnUser, act tagging) error {
	if err := d.someUser(ctx, in.User); err != nil {
		return err
	}
	if _, err := iam.Acts(ctx, userObject(in.User)); err != nil {
		return err
	}
	if err := d.notThemself(ctx, directory.UserID(in.User)); err != nil {
		return err
	}
	rules := iam.Object{Type: "tag", ID: string(in.Tag)}
	if err := iam.ByRoles(ctx, d.DB.Q(ctx), rules); err != nil {
		return err
	}
	return act(ctx, tag.ID(in.Tag), tag.User(directory.UserID(in.User)))
}

func (d *Door) onItem(ctx context.Context, tagID UUID, s itemSort, itemID UUID, act tagging) error {
	if _, err := d.itemToChange(ctx, s, itemID); err != nil {
		return err
	}
	err := act(ctx, tag.ID(tagID), tag.Resource(app.ResourceID(itemID)))
	if f := fault.Of(err); err != nil && f.Code == fault.NotFound {
		return missing("tag", tagID)
	}
	return err
}

func encodeTag(t tag.Tag) tagBody {
	return tagBody{
		ID: UUID(t.ID), CreatedAt: t.CreatedAt, UpdatedAt: t.CreatedAt, CreatedBy: UUID(t.CreatedBy), Key: t.Key, Value: t.Value,
	}
}
