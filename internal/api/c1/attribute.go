package c1

import (
	"context"

	attributev1 "github.com/interim-access/interim/gen/c1/api/attribute/v1"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/page"
)

// attributes serves c1.api.attribute.v1.Attributes. Attributes belong to nobody: they take a permission for all.
type attributes struct {
	attributev1.UnimplementedAttributesServer
	*Deps
}

// attributeSearch serves c1.api.attribute.v1.AttributeSearch.
type attributeSearch struct {
	attributev1.UnimplementedAttributeSearchServer
	*Deps
}

// SearchAttributeValues lists the live values that match.
func (s attributeSearch) SearchAttributeValues(
	ctx context.Context, r *attributev1.SearchAttributeValuesRequest,
) (*attributev1.SearchAttributeValuesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	var errs [3]error
	f := attribute.Filter{Query: r.GetQuery(), Value: r.GetValue()}
	f.Types, errs[0] = FilterIDs[attribute.TypeID]("attributeTypeIds", r.GetAttributeTypeIds())
	f.IDs, errs[1] = FilterIDs[attribute.ID]("ids", r.GetIds())
	f.ExcludeIDs, errs[2] = FilterIDs[attribute.ID]("excludeIds", r.GetExcludeIds())
	err := firstError(append(errs[:], CheckText("query", f.Query, MaxQuery), CheckText("value", f.Value, MaxQuery))...)
	if err != nil {
		return nil, err
	}
	found, token, err := s.pageOfAttributes(ctx, r, f)
	if err != nil {
		return nil, err
	}
	return &attributev1.SearchAttributeValuesResponse{List: found, NextPageToken: token}, nil
}

// pageOfAttributes answers one page of values.
func (d *Deps) pageOfAttributes(ctx context.Context, r Paged, f attribute.Filter) ([]*attributev1.AttributeValue, string, error) {
	p, err := d.Page(r)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Attributes.List(ctx, f, p.Request)
	return encodeAttributes(found), p.Token(found.Next), err
}

// ListAttributeTypes lists the types there are: two, on one page.
func (s attributes) ListAttributeTypes(
	ctx context.Context, r *attributev1.ListAttributeTypesRequest,
) (*attributev1.ListAttributeTypesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	rows := attribute.Types()
	for len(p.After) > 0 && len(rows) > 0 && rows[0].Name <= p.After[0] {
		rows = rows[1:]
	}
	found := page.Cut(rows, p.Size, func(t attribute.Type) page.Key { return page.Key{t.Name} })
	out := &attributev1.ListAttributeTypesResponse{NextPageToken: p.Token(found.Next)}
	for _, t := range found.Items {
		out.List = append(out.List, &attributev1.AttributeType{Id: KSUID(t.ID), Name: t.Name})
	}
	return out, nil
}

// ListAttributeValues lists the live values of a type.
func (s attributes) ListAttributeValues(
	ctx context.Context, r *attributev1.ListAttributeValuesRequest,
) (*attributev1.ListAttributeValuesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	of, err := refPart[attribute.TypeID]("attributeTypeId", r.GetAttributeTypeId())
	if err != nil {
		return nil, err
	}
	found, token, err := s.pageOfAttributes(ctx, r, attribute.Filter{Types: []attribute.TypeID{of}})
	if err != nil {
		return nil, err
	}
	return &attributev1.ListAttributeValuesResponse{List: found, NextPageToken: token}, nil
}

// CreateAttributeValue makes a value; see [attribute.Service.Create].
func (s attributes) CreateAttributeValue(
	ctx context.Context, r *attributev1.CreateAttributeValueRequest,
) (*attributev1.CreateAttributeValueResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	of, err := refPart[attribute.TypeID]("attributeTypeId", r.GetAttributeTypeId())
	if err != nil {
		return nil, err
	}
	v, err := s.Attributes.Create(ctx, of, r.GetValue())
	if err != nil {
		return nil, err
	}
	return &attributev1.CreateAttributeValueResponse{Value: encodeAttribute(v)}, nil
}

// GetAttributeValue reads a value of any type.
func (s attributes) GetAttributeValue(
	ctx context.Context, r *attributev1.GetAttributeValueRequest,
) (*attributev1.GetAttributeValueResponse, error) {
	v, err := s.getAttribute(ctx, r.GetId(), "")
	if err != nil {
		return nil, err
	}
	return &attributev1.GetAttributeValueResponse{Value: encodeAttribute(v)}, nil
}

// DeleteAttributeValue deletes a value of any type; see [attribute.Service.Delete].
func (s attributes) DeleteAttributeValue(
	ctx context.Context, r *attributev1.DeleteAttributeValueRequest,
) (*attributev1.DeleteAttributeValueResponse, error) {
	return &attributev1.DeleteAttributeValueResponse{}, s.deleteAttribute(ctx, r.GetId(), "")
}

func (s attributes) getAttribute(ctx context.Context, ksuid string, of attribute.TypeID) (attribute.Value, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return attribute.Value{}, err
	}
	value, err := ID[attribute.ID]("id", "attribute value", ksuid)
	if err != nil {
		return attribute.Value{}, err
	}
	return s.Attributes.Get(ctx, value, of)
}

func (s attributes) deleteAttribute(ctx context.Context, ksuid string, of attribute.TypeID) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	value, err := ID[attribute.ID]("id", "attribute value", ksuid)
	if err != nil {
		return err
	}
	return s.Attributes.Delete(ctx, value, of)
}
