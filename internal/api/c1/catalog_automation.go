package c1

import (
	"context"

	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
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

// ResumePausedBundleAutomation accepts what stopped the automation.
func (s catalogs) ResumePausedBundleAutomation(
	ctx context.Context, req *requestcatalogv1.ResumePausedBundleAutomationRequest,
) (*requestcatalogv1.ResumePausedBundleAutomationResponse, error) {
	catalogID, err := reachedCatalog(ctx, "requestCatalogId", req.GetRequestCatalogId())
	if err != nil {
		return nil, err
	}
	return &requestcatalogv1.ResumePausedBundleAutomationResponse{}, s.Catalogs.ResumeAutomation(ctx, catalogID)
}

// ForceRunBundleAutomation has the automation run now: for all that is in the catalog, whatever the entitlements are that are named.
func (s catalogs) ForceRunBundleAutomation(
	ctx context.Context, req *requestcatalogv1.ForceRunBundleAutomationRequest,
) (*requestcatalogv1.ForceRunBundleAutomationResponse, error) {
	catalogID, err := reachedCatalog(ctx, "requestCatalogId", req.GetRequestCatalogId())
	if err != nil {
		return nil, err
	}
	if _, err := EntitlementRefs("refs", req.GetRefs()); err != nil {
		return nil, err
	}
	return &requestcatalogv1.ForceRunBundleAutomationResponse{}, s.Catalogs.RunAutomation(ctx, catalogID)
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
		Enabled:                        a.Enabled,
		CreateTasks:                    a.CreateTasks,
		DisableCircuitBreaker:          a.DisableBreaker,
		EnforceOnSmallProfiles:         a.EnforceOnSmall,
		RemovedMembersThresholdPercent: a.Threshold,
		CreatedAt:                      Moment(a.CreatedAt),
		UpdatedAt:                      Moment(a.UpdatedAt),
	}
	if a.Enabled {
		v.CircuitBreaker = encodeBreaker(a)
	}
	if r := a.Rule; r.Status != "" {
		v.State = encodeLastRun(r)
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

// encodeBreaker shows how much the automation may take at once, and whether it was stopped for more.
func encodeBreaker(a catalog.Automation) *requestcatalogv1.BundleAutomationCircuitBreaker {
	v := &requestcatalogv1.BundleAutomationCircuitBreaker{RemovedMembersThresholdPercentage: a.Threshold}
	if a.Threshold == 0 {
		v.RemovedMembersThresholdPercentage = automation.DefaultPercent
	}
	switch {
	case a.DisableBreaker, a.Rule.Doubt == automation.Accepted:
		v.State = requestcatalogv1.CircuitBreakerState_CIRCUIT_BREAKER_STATE_BYPASS
	case a.Rule.Doubt == automation.Refused:
		v.State, v.UpdatedAt = requestcatalogv1.CircuitBreakerState_CIRCUIT_BREAKER_STATE_TRIGGERED, Moment(a.Rule.CompletedAt)
	}
	return v
}

// encodeLastRun shows how the last pass went. One that was stopped waits for somebody to say that it may take what it would.
func encodeLastRun(r automation.Rule) *requestcatalogv1.BundleAutomationLastRunState {
	status := requestcatalogv1.BundleAutomationRunStatus_BUNDLE_AUTOMATION_RUN_STATUS_IN_PROGRESS
	switch {
	case r.Doubt == automation.Refused:
		status = requestcatalogv1.BundleAutomationRunStatus_BUNDLE_AUTOMATION_RUN_STATUS_WAITING_FOR_APPROVAL
	case r.Status == automation.Done:
		status = requestcatalogv1.BundleAutomationRunStatus_BUNDLE_AUTOMATION_RUN_STATUS_SUCCESS
	case r.Status == automation.Failed:
		status = requestcatalogv1.BundleAutomationRunStatus_BUNDLE_AUTOMATION_RUN_STATUS_FAILURE
	}
	v := &requestcatalogv1.BundleAutomationLastRunState{Status: status, ErrorMessage: r.Error, LastRunAt: Moment(r.CompletedAt)}
	if r.Kind == automation.CEL {
		v.CelEvaluation = &requestcatalogv1.BundleAutomationCelEvaluationState{
			Status: status, ErrorMessage: r.Error, MatchedUsers: r.Matched, LastEvaluatedAt: Moment(r.CompletedAt),
		}
	}
	return v
}
