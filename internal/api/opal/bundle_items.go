package opal

import (
	"context"
	"net/http"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/page"
)

// What is in a bundle: levels of resources and of groups.

// BundleLevel is the level of something in a bundle.
type BundleLevel struct {
	Name string `json:"access_level_name" required:"false" maxLength:"256"`
	ID   string `json:"access_level_remote_id" required:"false" maxLength:"256" doc:"Empty: the default level."`
}

type bundleResource struct {
	Bundle   UUID `json:"bundle_id,omitempty"`
	Resource UUID `json:"resource_id,omitempty"`
	BundleLevel
}

type bundleGroup struct {
	Bundle UUID `json:"bundle_id,omitempty"`
	Group  UUID `json:"group_id,omitempty"`
	BundleLevel
}

type bundleResources struct {
	Resources []bundleResource `json:"bundle_resources"`
	Next      *string          `json:"next"`
	Previous  *string          `json:"previous"`
	Total     int              `json:"total_count"`
}

type bundleGroups struct {
	Groups   []bundleGroup `json:"bundle_groups"`
	Next     *string       `json:"next"`
	Previous *string       `json:"previous"`
	Total    int           `json:"total_count"`
}

type getInBundle struct {
	BundlePath
	Paging
}

type addBundleResource struct {
	BundlePath
	Body struct {
		Resource UUID `json:"resource_id"`
		BundleLevel
	}
}

type addBundleGroup struct {
	BundlePath
	Body struct {
		Group UUID `json:"group_id"`
		BundleLevel
	}
}

type removeBundleResource struct {
	BundlePath
	ResourcePath
	Level string `query:"access_level_remote_id" maxLength:"256"`
}

type removeBundleGroup struct {
	BundlePath
	GroupPath
	Level string `query:"access_level_remote_id" maxLength:"256"`
}

func (d *Door) bundleItems() {
	serve(d, "Bundles.GetBundleResources", about{Summary: "List the resources in a bundle that the caller may see"}, d.getBundleResources)
	serve(d, "Bundles.GetBundleGroups", about{Summary: "List the groups in a bundle that the caller may see"}, d.getBundleGroups)
	serve(d, "Bundles.AddBundleResource", about{
		Summary: "Put a resource at a level into a bundle; administrators may", Status: http.StatusCreated,
	}, func(ctx context.Context, in *addBundleResource) (bundleResource, error) {
		l, err := d.putInBundle(ctx, in.Bundle, aResource, in.Body.Resource, in.Body.BundleLevel)
		return bundleResource{in.Bundle, in.Body.Resource, l}, err
	})
	serve(d, "Bundles.AddBundleGroup", about{
		Summary: "Put a group at a level into a bundle; administrators may", Status: http.StatusCreated,
	}, func(ctx context.Context, in *addBundleGroup) (bundleGroup, error) {
		l, err := d.putInBundle(ctx, in.Bundle, aGroup, in.Body.Group, in.Body.BundleLevel)
		return bundleGroup{in.Bundle, in.Body.Group, l}, err
	})
	serveEmpty(d, "Bundles.RemoveBundleResource", about{
		Summary: "Take a resource at a level out of a bundle; administrators may",
	}, func(ctx context.Context, in *removeBundleResource) error {
		return d.takeOutOfBundle(ctx, in.Bundle, aResource, in.ID, in.Level)
	})
	serveEmpty(d, "Bundles.RemoveBundleGroup", about{
		Summary: "Take a group at a level out of a bundle; administrators may",
	}, func(ctx context.Context, in *removeBundleGroup) error {
		return d.takeOutOfBundle(ctx, in.Bundle, aGroup, in.ID, in.Level)
	})
}

func (d *Door) getBundleResources(ctx context.Context, in *getInBundle) (bundleResources, error) {
	found, p, total, err := d.inBundle(ctx, in, aResource)
	return bundleResources{
		each(found.Items, func(e item.Entry) bundleResource {
			return bundleResource{in.Bundle, UUID(e.Item), encodeBundleLevel(e.Level)}
		}),
		p.next(found.Next), p.previous(), total,
	}, err
}

func (d *Door) getBundleGroups(ctx context.Context, in *getInBundle) (bundleGroups, error) {
	found, p, total, err := d.inBundle(ctx, in, aGroup)
	return bundleGroups{
		each(found.Items, func(e item.Entry) bundleGroup {
			return bundleGroup{in.Bundle, UUID(e.Item), encodeBundleLevel(e.Level)}
		}),
		p.next(found.Next), p.previous(), total,
	}, err
}

func encodeBundleLevel(l item.Level) BundleLevel { return BundleLevel{Name: l.Name, ID: l.Slug} }

// inBundle lists what of one sort the caller sees in a bundle that they see.
func (d *Door) inBundle(ctx context.Context, in *getInBundle, s itemSort) (found page.Page[item.Entry], p pager, total int, err error) {
	c, err := d.bundleOf(ctx, in.Bundle)
	if err != nil {
		return found, p, 0, err
	}
	shelf := item.Shelf{Catalog: c.ID, Groups: s == aGroup}
	if shelf.Seer, err = iam.OnlyOwning(ctx); err != nil {
		return found, p, 0, err
	}
	if p, err = d.page("BundleItems", in.Paging, shelf); err != nil {
		return found, p, 0, err
	}
	at := d.Clock.Now()
	if found, err = d.Items.InCatalog(ctx, shelf, at, p.Request); err != nil {
		return found, p, 0, err
	}
	sizes, err := d.Items.SizesOf(ctx, []catalog.ID{c.ID}, shelf.Seer, at)
	if s == aGroup {
		return found, p, sizes[c.ID].Groups, err
	}
	return found, p, sizes[c.ID].Others, err
}

// putInBundle puts a level into a bundle; one that is in it stays.
func (d *Door) putInBundle(ctx context.Context, bundle UUID, s itemSort, id UUID, said BundleLevel) (BundleLevel, error) {
	c, err := d.bundleToChange(ctx, bundle)
	if err != nil {
		return said, err
	}
	i, err := d.seenItem(ctx, s, id)
	if err != nil {
		return said, err
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), []item.Item{i})
	if err != nil {
		return said, err
	}
	l, err := levelOf(levels[i.ID], wanted{Level: said.ID, Name: said.Name})
	if err != nil {
		return said, err
	}
	if err := iam.ByRoles(ctx, d.DB.Q(ctx), levelObject(l.Entitlement)); err != nil {
		return said, err
	}
	return encodeBundleLevel(l), d.Catalogs.Add(ctx, c.ID, []app.EntitlementRef{l.Entitlement})
}

// takeOutOfBundle takes a level out of a bundle. NotFound for one that is not in it.
func (d *Door) takeOutOfBundle(ctx context.Context, bundle UUID, s itemSort, id UUID, level string) error {
	c, err := d.bundleToChange(ctx, bundle)
	if err != nil {
		return err
	}
	i, err := d.seenItem(ctx, s, id)
	if err != nil {
		return err
	}
	l, err := d.Items.LevelOf(d.DB.Q(ctx), i, level)
	if err != nil {
		return err
	}
	n, err := d.Catalogs.Remove(ctx, c.ID, []app.EntitlementRef{l.Entitlement})
	if err == nil && n == 0 {
		err = missing("item of the bundle", id)
	}
	return err
}
