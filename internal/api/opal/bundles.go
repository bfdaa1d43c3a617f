package opal

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// bundleBody is what can be asked for together: a catalog. What the caller may not see of it is not counted.
type bundleBody struct {
	ID          UUID       `json:"bundle_id,omitempty"`
	Name        *string    `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Description *string    `json:"description,omitempty" maxLength:"2048"`
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	UpdatedAt   *time.Time `json:"updated_at,omitempty"`
	AdminOwner  UUID       `json:"admin_owner_id,omitempty" doc:"Absent where nobody named one."`
	Items       int        `json:"total_num_items" required:"false"`
	Resources   int        `json:"total_num_resources" required:"false"`
	Groups      int        `json:"total_num_groups" required:"false"`
}

type bundlesBody struct {
	Bundles  []bundleBody `json:"bundles"`
	Next     *string      `json:"next"`
	Previous *string      `json:"previous"`
	Total    int          `json:"total_count"`
}

type getBundles struct {
	Paging
	Contains string `query:"contains" maxLength:"256" doc:"Part of the name, whatever its case."`
}

type createBundle struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"256"`
		Description string `json:"description,omitempty" maxLength:"2048"`
		AdminOwner  UUID   `json:"admin_owner_id"`
	}
}

// BundlePath is part of the parameters of what is about one bundle.
type BundlePath struct {
	Bundle UUID `path:"bundle_id"`
}

type updateBundle struct {
	BundlePath
	Body bundleChange
}

// bundleChange is a bundle as clients send it back: what nobody can change is not looked at.
type bundleChange struct {
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Description *string `json:"description,omitempty" maxLength:"2048"`
	AdminOwner  UUID    `json:"admin_owner_id,omitempty"`
	ID          any     `json:"bundle_id,omitempty" readOnly:"true"`
	CreatedAt   any     `json:"created_at,omitempty" readOnly:"true"`
	UpdatedAt   any     `json:"updated_at,omitempty" readOnly:"true"`
	Items       any     `json:"total_num_items,omitempty" readOnly:"true"`
	Resources   any     `json:"total_num_resources,omitempty" readOnly:"true"`
	Groups      any     `json:"total_num_groups,omitempty" readOnly:"true"`
}

type bundleVisibility struct {
	BundlePath
	Body visibilityBody
}

func (d *Door) bundles() {
	serve(d, "Bundles.GetBundles", about{Summary: "List bundles that the caller may see, by name"}, d.getBundles)
	serve(d, "Bundles.GetBundle", about{Summary: "Read a bundle"}, d.getBundle)
	serve(d, "Bundles.CreateBundle", about{
		Summary: "Make a bundle, which everybody sees at first; administrators may", Status: http.StatusCreated,
	}, d.createBundle)
	serve(d, "Bundles.UpdateBundle", about{Summary: "Change a bundle; administrators may"}, d.updateBundle)
	serveEmpty(d, "Bundles.DeleteBundle", about{
		Summary: "Delete a bundle, which takes no access from anybody; administrators may",
	}, d.deleteBundle)
	serve(d, "Bundles.GetBundleVisibility", about{Summary: "Read who sees a bundle"}, d.getBundleVisibility)
	serveEmpty(d, "Bundles.SetBundleVisibility", about{Summary: "Set who sees a bundle; administrators may"}, d.setBundleVisibility)
	d.bundleItems()
}

func (d *Door) getBundles(ctx context.Context, in *getBundles) (out bundlesBody, err error) {
	f := catalog.Filter{Contains: in.Contains}
	if f.Seer, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	if err = named(ctx, &f); err != nil {
		return out, err
	}
	p, err := d.page("Bundles", in.Paging, f)
	if err != nil {
		return out, err
	}
	found, err := d.Catalogs.List(ctx, f, p.Request)
	if err != nil {
		return out, err
	}
	out.Next, out.Previous = p.next(found.Next), p.previous()
	if out.Total, err = d.Catalogs.Count(ctx, f); err != nil {
		return out, err
	}
	out.Bundles, err = d.encodeBundles(ctx, found.Items)
	return out, err
}

// bundleOf reads a bundle that the caller may see. What they may not see is not there.
func (d *Door) bundleOf(ctx context.Context, id UUID) (catalog.Catalog, error) {
	seer, err := iam.OwnFilter(ctx)
	if fault.Is(err, fault.Denied) {
		_, err = iam.Acts(ctx, bundleObject(id))
	}
	if err != nil {
		return catalog.Catalog{}, err
	}
	return d.seenBundle(ctx, id, seer)
}

// seenBundle reads a bundle that seer sees, or the caller has a power over.
func (d *Door) seenBundle(ctx context.Context, id UUID, seer directory.UserID) (catalog.Catalog, error) {
	f := catalog.Filter{IDs: []catalog.ID{catalog.ID(id)}, Seer: seer}
	if err := named(ctx, &f); err != nil {
		return catalog.Catalog{}, err
	}
	found, err := d.Catalogs.List(ctx, f, single)
	if err == nil && len(found.Items) == 0 {
		err = missing("bundle", id)
	}
	return first(found.Items, err)
}

// named adds to f what the caller has a power over.
func named(ctx context.Context, f *catalog.Filter) error {
	objects, every, err := iam.Named(ctx, iam.SortCatalog)
	if f.Named = each(objects, func(s string) catalog.ID { return catalog.ID(s) }); every {
		f.Seer = ""
	}
	return err
}

func bundleObject(id UUID) iam.Object { return iam.Object{Type: string(owner.Catalog), ID: string(id)} }

func (d *Door) getBundle(ctx context.Context, in *BundlePath) (bundleBody, error) {
	c, err := d.bundleOf(ctx, in.Bundle)
	if err != nil {
		return bundleBody{}, err
	}
	return first(d.encodeBundles(ctx, []catalog.Catalog{c}))
}

func (d *Door) createBundle(ctx context.Context, in *createBundle) (bundleBody, error) {
	if err := iam.RequireEvery(ctx, iam.SortCatalog); err != nil {
		return bundleBody{}, err
	}
	b := in.Body
	c, err := d.Catalogs.Create(ctx, catalog.Catalog{
		DisplayName: b.Name, Description: b.Description, Published: true, Everyone: true,
	}, d.curate(ctx, b.AdminOwner))
	if err != nil {
		return bundleBody{}, respelled(err, bundleNames)
	}
	return first(d.encodeBundles(ctx, []catalog.Catalog{c}))
}

func (d *Door) updateBundle(ctx context.Context, in *updateBundle) (bundleBody, error) {
	c, err := d.bundleToChange(ctx, in.Bundle)
	if err != nil {
		return bundleBody{}, err
	}
	c, err = d.Catalogs.Update(ctx, c.ID, func(c *catalog.Catalog) error {
		set(&c.DisplayName, in.Body.Name)
		set(&c.Description, in.Body.Description)
		return nil
	}, d.curate(ctx, in.Body.AdminOwner))
	if err != nil {
		return bundleBody{}, respelled(err, bundleNames)
	}
	return first(d.encodeBundles(ctx, []catalog.Catalog{c}))
}

// bundleNames are the names of fields in faults of the rules, as this API spells them.
var bundleNames = map[string]string{"displayName": "name", "accessEntitlements": "visibility_group_ids"}

// bundleToChange reads a bundle for a caller who may change every one.
func (d *Door) bundleToChange(ctx context.Context, id UUID) (catalog.Catalog, error) {
	seer, err := iam.OnlyOwning(ctx)
	if err != nil {
		return catalog.Catalog{}, err
	}
	c, err := d.seenBundle(ctx, id, seer)
	if err == nil {
		_, err = iam.Acts(ctx, bundleObject(id))
	}
	return c, err
}

func (d *Door) deleteBundle(ctx context.Context, in *BundlePath) error {
	c, err := d.bundleToChange(ctx, in.Bundle)
	if err != nil {
		return err
	}
	return d.Catalogs.Delete(ctx, c.ID)
}

// getBundleVisibility answers who sees a bundle. One that is not published, which only the other API makes, is limited to nobody.
func (d *Door) getBundleVisibility(ctx context.Context, in *BundlePath) (visibilityBody, error) {
	c, err := d.bundleOf(ctx, in.Bundle)
	if err != nil {
		return visibilityBody{}, err
	}
	if c.Published && c.Everyone {
		return visibilityBody{Visibility: "GLOBAL", Groups: []UUID{}}, nil
	}
	groups, err := d.groupsWhoseMembersHold(d.DB.Q(ctx), c.Audience)
	if !c.Published {
		groups = nil
	}
	return visibilityBody{Visibility: "LIMITED", Groups: knownGroups(groups, c.Audience)}, err
}

func (d *Door) setBundleVisibility(ctx context.Context, in *bundleVisibility) error {
	c, err := d.bundleToChange(ctx, in.Bundle)
	if err != nil {
		return err
	}
	audience, err := d.membersOf(d.DB.Q(ctx), "visibility_group_ids", in.Body.Groups)
	if err != nil {
		return err
	}
	_, err = d.Catalogs.Show(ctx, c.ID, in.Body.Visibility == "GLOBAL", audience)
	return respelled(err, bundleNames)
}

// encodeBundles shows catalogs with what the caller sees in them, with the same number of statements however many there are.
func (d *Door) encodeBundles(ctx context.Context, list []catalog.Catalog) ([]bundleBody, error) {
	seer, err := iam.OnlyOwning(ctx)
	if err != nil {
		return nil, err
	}
	of := each(list, func(c catalog.Catalog) catalog.ID { return c.ID })
	curators, err := curatorsOf(d.DB.Q(ctx), of)
	if err != nil {
		return nil, err
	}
	sizes, err := d.Items.SizesOf(ctx, of, seer, d.Clock.Now())
	return each(list, func(c catalog.Catalog) bundleBody {
		n := sizes[c.ID]
		return bundleBody{
			ID: UUID(c.ID), Name: &c.DisplayName, Description: &c.Description, CreatedAt: &c.CreatedAt, UpdatedAt: &c.UpdatedAt,
			AdminOwner: curators[c.ID], Items: n.Groups + n.Others, Resources: n.Others, Groups: n.Groups,
		}
	}), err
}

// groupsWhoseMembersHold are the groups of which the entitlements are the default levels.
func (d *Door) groupsWhoseMembersHold(q db.Q, refs []app.EntitlementRef) (map[app.EntitlementRef]UUID, error) {
	found, err := groupsOf(q, refs)
	if err != nil {
		return nil, err
	}
	var of []item.ID
	for _, g := range found {
		of = append(of, item.ID(g))
	}
	items, err := item.Many(q, of)
	if err != nil {
		return nil, err
	}
	levels, err := d.Items.Levels(q, slices.Collect(maps.Values(items)))
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(found, func(r app.EntitlementRef, g UUID) bool {
		l, err := item.Find(levels[item.ID(g)], "")
		return err != nil || !items[item.ID(g)].Group || l.Entitlement != r
	})
	return found, nil
}
