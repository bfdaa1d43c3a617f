package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// maxExcluded is how many users one call may exclude or include.
const maxExcluded = 100

// CreateAutomation makes the automation of an entitlement; see [automation.Service.Create].
func (s entitlements) CreateAutomation(
	ctx context.Context, r *appv1.CreateAutomationRequest,
) (*appv1.CreateAutomationResponse, error) {
	of, err := automationOf(ctx, r)
	if err != nil {
		return nil, err
	}
	a := r.GetAutomation()
	if a == nil {
		return nil, fault.InvalidField("automation", "is required")
	}
	rule := automation.Rule{Of: of, DisplayName: a.GetDisplayName(), Description: a.GetDescription()}
	if err := decodeConditions(a, &rule); err != nil {
		return nil, err
	}
	if rule, err = s.Automations.Create(ctx, rule); err != nil {
		return nil, err
	}
	return &appv1.CreateAutomationResponse{Automation: encodeAutomation(rule)}, nil
}

// GetAutomation reads the automation of an entitlement.
func (s entitlements) GetAutomation(
	ctx context.Context, r *appv1.AppEntitlementServiceGetAutomationRequest,
) (*appv1.AppEntitlementServiceGetAutomationResponse, error) {
	of, err := automationOf(ctx, r)
	if err != nil {
		return nil, err
	}
	rule, err := s.Automations.Get(ctx, of)
	if err != nil {
		return nil, err
	}
	return &appv1.AppEntitlementServiceGetAutomationResponse{AppEntitlementAutomation: encodeAutomation(rule)}, nil
}

// UpdateAutomation writes what the mask names; see [automation.Service.Update].
func (s entitlements) UpdateAutomation(
	ctx context.Context, r *appv1.AppEntitlementServiceUpdateAutomationRequest,
) (*appv1.AppEntitlementServiceUpdateAutomationResponse, error) {
	of, err := automationOf(ctx, r)
	if err != nil {
		return nil, err
	}
	m, err := UpdateMask("automation", r, r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	conditions := automation.Rule{DisplayName: r.GetDisplayName(), Description: r.GetDescription()}
	if m["cel"] {
		if err := decodeConditions(r, &conditions); err != nil {
			return nil, err
		}
	}
	if err := conditions.CheckTexts(); err != nil {
		return nil, err
	}
	rule, err := s.Automations.Update(ctx, of, func(a *automation.Rule) {
		Set(m, "display_name", &a.DisplayName, r.GetDisplayName())
		Set(m, "description", &a.Description, r.GetDescription())
		Set(m, "cel", &a.Kind, conditions.Kind)
		Set(m, "cel", &a.Expression, conditions.Expression)
		Set(m, "cel", &a.Sources, conditions.Sources)
	})
	if err != nil {
		return nil, err
	}
	return &appv1.AppEntitlementServiceUpdateAutomationResponse{AppEntitlementAutomation: encodeAutomation(rule)}, nil
}

// DeleteAutomation deletes the automation of an entitlement; see [automation.Service.Delete].
func (s entitlements) DeleteAutomation(
	ctx context.Context, r *appv1.DeleteAutomationRequest,
) (*appv1.DeleteAutomationResponse, error) {
	of, err := automationOf(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.Automations.Delete(ctx, of); err != nil {
		return nil, err
	}
	return &appv1.DeleteAutomationResponse{}, nil
}

// ListAutomationExclusions lists whom the automation of an entitlement passes over.
func (s entitlements) ListAutomationExclusions(
	ctx context.Context, r *appv1.ListAutomationExclusionsRequest,
) (*appv1.ListAutomationExclusionsResponse, error) {
	of, err := automationOf(ctx, r)
	if err != nil {
		return nil, err
	}
	users, err := s.Automations.Exclusions(ctx, of)
	if err != nil {
		return nil, err
	}
	related, err := s.Read.Related(ctx, read.Wanted{Users: users})
	if err != nil {
		return nil, err
	}
	out := &appv1.ListAutomationExclusionsResponse{}
	for _, u := range users {
		if shown, ok := related.User(u); ok {
			out.List = append(out.List, &appv1.UserWithAppEntitlementUserBindingView{
				AppId: KSUID(of.AppID), AppEntitlementId: KSUID(of.ID), User: EncodeUser(shown),
			})
		}
	}
	return out, nil
}

// AddAutomationExclusion has the automation of an entitlement pass users over.
func (s entitlements) AddAutomationExclusion(
	ctx context.Context, r *appv1.AddAutomationExclusionRequest,
) (*appv1.AddAutomationExclusionResponse, error) {
	of, users, err := exclusion(ctx, r, r.GetUserIds())
	if err != nil {
		return nil, err
	}
	if err := s.Automations.Exclude(ctx, of, users); err != nil {
		return nil, err
	}
	return &appv1.AddAutomationExclusionResponse{}, nil
}

// RemoveAutomationExclusion has the automation of an entitlement look at users again.
func (s entitlements) RemoveAutomationExclusion(
	ctx context.Context, r *appv1.RemoveAutomationExclusionRequest,
) (*appv1.RemoveAutomationExclusionResponse, error) {
	of, users, err := exclusion(ctx, r, r.GetUserIds())
	if err != nil {
		return nil, err
	}
	if err := s.Automations.Include(ctx, of, users); err != nil {
		return nil, err
	}
	return &appv1.RemoveAutomationExclusionResponse{}, nil
}

// ofEntitlement is a request about an entitlement.
type ofEntitlement interface {
	GetAppId() string
	GetAppEntitlementId() string
}

// automationOf reads whose automation is meant. Who gives to everybody by a rule needs a permission for all.
func automationOf(ctx context.Context, r ofEntitlement) (app.EntitlementRef, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return app.EntitlementRef{}, err
	}
	return EntitlementName(r.GetAppId(), r.GetAppEntitlementId())
}

func exclusion(ctx context.Context, r ofEntitlement, ksuids []string) (app.EntitlementRef, []directory.UserID, error) {
	of, err := automationOf(ctx, r)
	switch {
	case err != nil:
		return of, nil, err
	case len(ksuids) == 0:
		return of, nil, fault.InvalidField("userIds", "is required: 1 to %d users", maxExcluded)
	case len(ksuids) > maxExcluded:
		return of, nil, CheckList("userIds", len(ksuids), maxExcluded)
	}
	users, err := FilterIDs[directory.UserID]("userIds", ksuids)
	return of, users, err
}
