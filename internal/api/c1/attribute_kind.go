package c1

import (
	"context"

	attributev1 "github.com/interim-access/interim/gen/c1/api/attribute/v1"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/iam"
)

// ListRiskLevels lists the risk levels.
func (s attributes) ListRiskLevels(ctx context.Context, r *attributev1.ListRiskLevelsRequest) (*attributev1.ListRiskLevelsResponse, error) {
	found, token, err := s.listOf(ctx, r, attribute.RiskLevel)
	if err != nil {
		return nil, err
	}
	return &attributev1.ListRiskLevelsResponse{List: found, NextPageToken: token}, nil
}

// CreateRiskLevelAttributeValue makes a risk level.
func (s attributes) CreateRiskLevelAttributeValue(
	ctx context.Context, r *attributev1.CreateRiskLevelAttributeValueRequest,
) (*attributev1.CreateRiskLevelAttributeValueResponse, error) {
	v, err := s.createOf(ctx, attribute.RiskLevel, r.GetValue())
	if err != nil {
		return nil, err
	}
	return &attributev1.CreateRiskLevelAttributeValueResponse{Value: v}, nil
}

// GetRiskLevelAttributeValue reads a risk level.
func (s attributes) GetRiskLevelAttributeValue(
	ctx context.Context, r *attributev1.GetRiskLevelAttributeValueRequest,
) (*attributev1.GetRiskLevelAttributeValueResponse, error) {
	v, err := s.getAttribute(ctx, r.GetId(), attribute.RiskLevel)
	if err != nil {
		return nil, err
	}
	return &attributev1.GetRiskLevelAttributeValueResponse{Value: encodeAttribute(v)}, nil
}

// DeleteRiskLevelAttributeValue deletes a risk level.
func (s attributes) DeleteRiskLevelAttributeValue(
	ctx context.Context, r *attributev1.DeleteRiskLevelAttributeValueRequest,
) (*attributev1.DeleteRiskLevelAttributeValueResponse, error) {
	return &attributev1.DeleteRiskLevelAttributeValueResponse{}, s.deleteAttribute(ctx, r.GetId(), attribute.RiskLevel)
}

// ListComplianceFrameworks lists the compliance frameworks.
func (s attributes) ListComplianceFrameworks(
	ctx context.Context, r *attributev1.ListComplianceFrameworksRequest,
) (*attributev1.ListComplianceFrameworksResponse, error) {
	found, token, err := s.listOf(ctx, r, attribute.Compliance)
	if err != nil {
		return nil, err
	}
	return &attributev1.ListComplianceFrameworksResponse{List: found, NextPageToken: token}, nil
}

// CreateComplianceFrameworkAttributeValue makes a compliance framework.
func (s attributes) CreateComplianceFrameworkAttributeValue(
	ctx context.Context, r *attributev1.CreateComplianceFrameworkAttributeValueRequest,
) (*attributev1.CreateComplianceFrameworkAttributeValueResponse, error) {
	v, err := s.createOf(ctx, attribute.Compliance, r.GetValue())
	if err != nil {
		return nil, err
	}
	return &attributev1.CreateComplianceFrameworkAttributeValueResponse{Value: v}, nil
}

// GetComplianceFrameworkAttributeValue reads a compliance framework.
func (s attributes) GetComplianceFrameworkAttributeValue(
	ctx context.Context, r *attributev1.GetComplianceFrameworkAttributeValueRequest,
) (*attributev1.GetComplianceFrameworkAttributeValueResponse, error) {
	v, err := s.getAttribute(ctx, r.GetId(), attribute.Compliance)
	if err != nil {
		return nil, err
	}
	return &attributev1.GetComplianceFrameworkAttributeValueResponse{Value: encodeAttribute(v)}, nil
}

// DeleteComplianceFrameworkAttributeValue deletes a compliance framework.
func (s attributes) DeleteComplianceFrameworkAttributeValue(
	ctx context.Context, r *attributev1.DeleteComplianceFrameworkAttributeValueRequest,
) (*attributev1.DeleteComplianceFrameworkAttributeValueResponse, error) {
	return &attributev1.DeleteComplianceFrameworkAttributeValueResponse{}, s.deleteAttribute(ctx, r.GetId(), attribute.Compliance)
}

func (s attributes) listOf(ctx context.Context, r Paged, of attribute.TypeID) ([]*attributev1.AttributeValue, string, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, "", err
	}
	return s.pageOfAttributes(ctx, r, attribute.Filter{Types: []attribute.TypeID{of}})
}

func (s attributes) createOf(ctx context.Context, of attribute.TypeID, value string) (*attributev1.AttributeValue, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	v, err := s.Attributes.Create(ctx, of, value)
	if err != nil {
		return nil, err
	}
	return encodeAttribute(v), nil
}
