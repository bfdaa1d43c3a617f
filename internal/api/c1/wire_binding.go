package c1

import (
	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
)

// EncodeBinding shows a grant. Sources are the entitlements that pass it on, none for one that is held directly only; the end is that
// of the direct source, and it is deleted from the moment access ended, whether or not the target has confirmed that.
func EncodeBinding(g grant.Grant, sources []app.EntitlementRef) *appv1.AppEntitlementUserBinding {
	return &appv1.AppEntitlementUserBinding{
		AppId:            KSUID(g.App),
		AppEntitlementId: KSUID(g.Entitlement),
		AppUserId:        KSUID(g.Account),
		CreatedAt:        Moment(g.CreatedAt),
		DeletedAt:        Moment(g.EndingAt),
		DeprovisionAt:    Moment(g.DeprovisionAt),
		GrantSources:     EncodeSources(sources),
	}
}

// EncodeSources shows the entitlements through which a grant is held.
func EncodeSources(sources []app.EntitlementRef) []*appv1.AppEntitlementRef {
	refs := make([]*appv1.AppEntitlementRef, len(sources))
	for i, s := range sources {
		refs[i] = &appv1.AppEntitlementRef{AppId: KSUID(s.AppID), Id: KSUID(s.ID)}
	}
	return refs
}

// GrantKey decodes the three ids that name a grant, as the paths of its operations carry them.
func GrantKey(appID, entitlementID, accountID string) (k grant.Key, err error) {
	if k.App, err = ID[app.ID]("appId", "app", appID); err != nil {
		return k, err
	}
	if k.Entitlement, err = ID[app.EntitlementID]("appEntitlementId", "entitlement", entitlementID); err != nil {
		return k, err
	}
	k.Account, err = ID[app.AccountID]("appUserId", "account", accountID)
	return k, err
}
