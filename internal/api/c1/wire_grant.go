package c1

import (
	"time"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/read"
)

// EntitlementName decodes the name of an entitlement where it is called appEntitlementId.
func EntitlementName(appKSUID, entitlementKSUID string) (app.EntitlementRef, error) {
	appID, err := ID[app.ID]("appId", "app", appKSUID)
	if err != nil {
		return app.EntitlementRef{}, err
	}
	entitlement, err := ID[app.EntitlementID]("appEntitlementId", "entitlement", entitlementKSUID)
	return app.EntitlementRef{AppID: appID, ID: entitlement}, err
}

// encodeHolder shows a grant with its account.
func encodeHolder(b read.Binding, account *appv1.AppUserView) *appv1.AppEntitlementUserView {
	return &appv1.AppEntitlementUserView{
		AppId:                                  KSUID(b.App),
		AppEntitlementId:                       KSUID(b.Entitlement),
		AppUserId:                              KSUID(b.Account),
		AppEntitlementUserBindingCreatedAt:     Moment(b.CreatedAt),
		AppEntitlementUserBindingDeprovisionAt: Moment(b.DeprovisionAt),
		AppUser:                                account,
		GrantSources:                           EncodeSources(b.Sources),
		OriginatingTicketId:                    KSUID(b.Given.Task),
	}
}

// encodeLife shows a grant that may have ended.
func encodeLife(b read.Binding, now time.Time, account *appv1.AppUser) *appv1.AppEntitlementWithExpired {
	v := &appv1.AppEntitlementWithExpired{
		AppId:            KSUID(b.App),
		AppEntitlementId: KSUID(b.Entitlement),
		AppUserId:        KSUID(b.Account),
		AppUser:          account,
		Discovered:       Moment(b.ActiveAt),
		GrantReasons:     encodeReasons(b),
		GrantSources:     EncodeSources(b.Sources),
	}
	if b.Over(now) {
		v.Expired = Moment(b.Until())
	}
	return v
}

// encodeReasons shows why somebody holds what they hold: by which task, and through which other entitlements. What was given by hand
// or found by a sync has no reason that upstream has a word for.
func encodeReasons(b read.Binding) []*appv1.GrantReason {
	reason := func(kind, data string) *appv1.GrantReason {
		return &appv1.GrantReason{
			AppId: KSUID(b.App), AppEntitlementId: KSUID(b.Entitlement), AppUserId: KSUID(b.Account),
			DerivedIdType: kind, DerivedIdData: data, CreatedAt: Moment(b.CreatedAt), UpdatedAt: Moment(b.UpdatedAt),
			ReferenceStrength: appv1.GrantReasonReferenceStrength_GRANT_REASON_REFERENCE_STRENGTH_STRONG,
		}
	}
	var out []*appv1.GrantReason
	if b.Given.Task != "" {
		r := reason("ticket", KSUID(b.Given.Task))
		r.ReasonExpiresAt, r.DeletedAt = Moment(b.DeprovisionAt), Moment(b.EndingAt)
		out = append(out, r)
	}
	for _, s := range b.Sources {
		out = append(out, reason("group", KSUID(s.ID)))
	}
	return out
}

// userRefs decodes a filter of at most MaxFilter references to users.
func userRefs(field string, list []string) ([]directory.UserID, error) {
	return FilterIDs[directory.UserID](field, list)
}
