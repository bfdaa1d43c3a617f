package c1

import (
	"slices"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// EncodeResourceType shows a resource type. Its one trait is its kind; the built-in type has none.
func EncodeResourceType(t app.ResourceType) *appv1.AppResourceType {
	v := &appv1.AppResourceType{
		Id:          KSUID(t.ID),
		AppId:       KSUID(t.AppID),
		DisplayName: t.DisplayName,
		CreatedAt:   Moment(t.CreatedAt),
		UpdatedAt:   Moment(t.UpdatedAt),
		DeletedAt:   Moment(t.DeletedAt),
	}
	if !t.Builtin {
		v.TraitIds = []string{id.KSUID(t.Kind.Trait())}
	}
	return v
}

// decodeTraits reads a filter of traits into kinds; a trait that no kind has becomes a kind of nothing.
func decodeTraits(field string, traits []string) ([]app.ResourceKind, error) {
	ids, err := FilterIDs[string](field, traits)
	if err != nil {
		return nil, err
	}
	var kinds []app.ResourceKind
	for _, v := range ids {
		kind := app.KindOfTrait(v)
		if kind == "" {
			kind = nobody
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

func decodeNewResourceType(req *appv1.CreateManuallyManagedResourceTypeRequest) (app.ResourceType, error) {
	t := app.ResourceType{DisplayName: req.GetDisplayName()}
	v := req.GetResourceType()
	name := v.Descriptor().Values().ByNumber(v.Number())
	if name == nil {
		return t, fault.InvalidField("resourceType", "is not one of %v", app.ResourceKinds)
	}
	t.Kind = app.ResourceKind(name.Name())
	return t, nil
}

func decodeResourceTypeChange(object *appv1.AppResourceType, m Mask) func(t *app.ResourceType) error {
	return func(t *app.ResourceType) error {
		if now := EncodeResourceType(*t).GetTraitIds(); m["trait_ids"] && !slices.Equal(now, object.GetTraitIds()) {
			return fixed("traitIds", "a resource type keeps its kind")
		}
		Set(m, "display_name", &t.DisplayName, object.GetDisplayName())
		return nil
	}
}
