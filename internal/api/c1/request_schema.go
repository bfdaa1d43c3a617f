package c1

import (
	"context"

	formv1 "github.com/interim-access/interim/gen/c1/api/form/v1"
	requestschemav1 "github.com/interim-access/interim/gen/c1/api/request_schema/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
)

// requestSchemas serves c1.api.request_schema.v1.RequestSchemaService.
type requestSchemas struct {
	requestschemav1.UnimplementedRequestSchemaServiceServer
	*Deps
}

// Create makes a form.
func (s requestSchemas) Create(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceCreateRequest,
) (*requestschemav1.RequestSchemaServiceCreateResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	if err := checkFormName(req.GetName(), req.GetDescription()); err != nil {
		return nil, err
	}
	form, err := decodeForm("form", &formv1.Form{
		DisplayName: req.GetName(), Description: req.GetDescription(), Fields: req.GetFields(), FieldGroups: req.GetFieldGroups(),
		FieldRelationships: req.GetFieldRelationships(),
	})
	if err != nil {
		return nil, err
	}
	v := catalog.Schema{Form: form}
	if v.Justification, err = EnumName[string]("justificationVisibility", justifyPrefix, req.GetJustificationVisibility()); err != nil {
		return nil, err
	}
	if v, err = s.Catalogs.CreateSchema(ctx, v); err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceCreateResponse{RequestSchema: encodeSchema(v)}, nil
}

// Get reads a form, a deleted one too. What is asked of people is no secret among those who may ask.
func (s requestSchemas) Get(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceGetRequest,
) (*requestschemav1.RequestSchemaServiceGetResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	schemaID, err := ID[app.SchemaID]("requestSchemaId", "request schema", req.GetRequestSchemaId())
	if err != nil {
		return nil, err
	}
	v, err := s.Catalogs.Schema(ctx, schemaID)
	if err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceGetResponse{RequestSchema: encodeSchema(v)}, nil
}

// Update writes what the mask names.
func (s requestSchemas) Update(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceUpdateRequest,
) (*requestschemav1.RequestSchemaServiceUpdateResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	object := req.GetRequestSchema()
	m, err := UpdateMask("requestSchema", object, req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	schemaID, err := ID[app.SchemaID]("requestSchema.id", "request schema", object.GetId())
	if err != nil {
		return nil, err
	}
	form, err := decodeForm("form", object.GetForm())
	if m["form"] && err != nil {
		return nil, err
	}
	justification, err := EnumName[string]("justificationVisibility", justifyPrefix, object.GetJustificationVisibility())
	if err != nil {
		return nil, err
	}
	v, err := s.Catalogs.UpdateSchema(ctx, schemaID, func(v *catalog.Schema) {
		Set(m, "form", &v.Form, form)
		Set(m, "justification_visibility", &v.Justification, justification)
	})
	if err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceUpdateResponse{RequestSchema: encodeSchema(v)}, nil
}

// Delete deletes a form that nobody asks with.
func (s requestSchemas) Delete(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceDeleteRequest,
) (*requestschemav1.RequestSchemaServiceDeleteResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	schemaID, err := ID[app.SchemaID]("requestSchemaId", "request schema", req.GetRequestSchemaId())
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.DeleteSchema(ctx, schemaID); err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceDeleteResponse{}, nil
}
