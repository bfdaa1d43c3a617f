package c1

import (
	"context"

	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/platform/fault"
)

// GetBundleAutomation reads whom a catalog would enroll.
func (s catalogs) GetBundleAutomation(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceGetBundleAutomationRequest,
) (*requestcatalogv1.BundleAutomation, error) {
	a, err := s.automation(ctx, req.GetRequestCatalogId())
	if err != nil {
		return nil, err
	}
	return s.encodeAutomation(a), nil
}

// SetBundleAutomation writes whom a catalog would enroll.
func (s catalogs) SetBundleAutomation(
	ctx context.Context, req *requestcatalogv1.SetBundleAutomationRequest,
) (*requestcatalogv1.BundleAutomation, error) {
	return s.setAutomation(ctx, req, false)
}

// CreateBundleAutomation is SetBundleAutomation for a catalog that has none.
func (s catalogs) CreateBundleAutomation(
	ctx context.Context, req *requestcatalogv1.CreateBundleAutomationRequest,
) (*requestcatalogv1.BundleAutomation, error) {
	return s.setAutomation(ctx, req, true)
}

// DeleteBundleAutomation removes the automation.
func (s catalogs) DeleteBundleAutomation(
	ctx context.Context, req *requestcatalogv1.DeleteBundleAutomationRequest,
) (*requestcatalogv1.DeleteBundleAutomationResponse, error) {
	catalogID, err := reachedCatalog(ctx, "requestCatalogId", req.GetRequestCatalogId())
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.DeleteAutomation(ctx, catalogID); err != nil {
		return nil, err
	}
	return &requestcatalogv1.DeleteBundleAutomationResponse{}, nil
}

// ResumePausedBundleAutomation is not served: no automation runs.
func (s catalogs) ResumePausedBundleAutomation(
	ctx context.Context, req *requestcatalogv1.ResumePausedBundleAutomationRequest,
) (*requestcatalogv1.ResumePausedBundleAutomationResponse, error) {
	_, err := s.automation(ctx, req.GetRequestCatalogId())
	return nil, firstError(err, fault.NotServed("running the automation of a catalog"))
}

// ForceRunBundleAutomation is not served: no automation runs.
func (s catalogs) ForceRunBundleAutomation(
	ctx context.Context, req *requestcatalogv1.ForceRunBundleAutomationRequest,
) (*requestcatalogv1.ForceRunBundleAutomationResponse, error) {
	_, badRefs := EntitlementRefs("refs", req.GetRefs())
	_, err := s.automation(ctx, req.GetRequestCatalogId())
	return nil, firstError(badRefs, err, fault.NotServed("running the automation of a catalog"))
}

func (s catalogs) automation(ctx context.Context, ksuid string) (catalog.Automation, error) {
	catalogID, err := reachedCatalog(ctx, "requestCatalogId", ksuid)
	if err != nil {
		return catalog.Automation{}, err
	}
	return s.Catalogs.Automation(ctx, catalogID)
}

// bundled is an automation of a catalog as it is to be.
type bundled interface {
	GetRequestCatalogId() string
	GetCel() *requestcatalogv1.BundleAutomationRuleCEL
	GetEntitlements() *requestcatalogv1.BundleAutomationRuleEntitlement
	GetEnabled() bool
	GetCreateTasks() bool
	GetDisableCircuitBreaker() bool
	GetEnforceOnSmallProfiles() bool
	GetRemovedMembersThresholdPercent() int64
}

func (s catalogs) setAutomation(ctx context.Context, req bundled, fresh bool) (*requestcatalogv1.BundleAutomation, error) {
	catalogID, err := reachedCatalog(ctx, "requestCatalogId", req.GetRequestCatalogId())
	if err != nil {
		return nil, err
	}
	a := catalog.Automation{
		Catalog: catalogID, Enabled: req.GetEnabled(), CreateTasks: req.GetCreateTasks(), DisableBreaker: req.GetDisableCircuitBreaker(),
		EnforceOnSmall: req.GetEnforceOnSmallProfiles(), Threshold: req.GetRemovedMembersThresholdPercent(),
	}
	if cel := req.GetCel(); cel != nil {
		text := cel.GetExpression()
		a.Expression = &text
	}
	if a.Entitlements, err = EntitlementRefs("entitlements.entitlementRefs", req.GetEntitlements().GetEntitlementRefs()); err != nil {
		return nil, err
	}
	if a, err = s.Catalogs.SetAutomation(ctx, a, fresh); err != nil {
		return nil, err
	}
	return s.encodeAutomation(a), nil
}

func (d *Deps) encodeAutomation(a catalog.Automation) *requestcatalogv1.BundleAutomation {
	v := &requestcatalogv1.BundleAutomation{
		RequestCatalogId:               KSUID(a.Catalog),
		TenantId:                       KSUID(d.TenantID),
		CreateTasks:                    a.CreateTasks,
		DisableCircuitBreaker:          a.DisableBreaker,
		EnforceOnSmallProfiles:         a.EnforceOnSmall,
		RemovedMembersThresholdPercent: a.Threshold,
		CreatedAt:                      Moment(a.CreatedAt),
		UpdatedAt:                      Moment(a.UpdatedAt),
	}
	switch {
	case a.Expression != nil:
		v.Conditions = &requestcatalogv1.BundleAutomation_Cel{Cel: &requestcatalogv1.BundleAutomationRuleCEL{Expression: *a.Expression}}
	case len(a.Entitlements) > 0:
		v.Conditions = &requestcatalogv1.BundleAutomation_Entitlements{
			Entitlements: &requestcatalogv1.BundleAutomationRuleEntitlement{EntitlementRefs: EncodeSources(a.Entitlements)},
		}
	}
	return v
}
