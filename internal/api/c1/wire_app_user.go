package c1

import (
	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
)

const (
	accountTypePrefix   = "APP_USER_TYPE_"
	accountStatusPrefix = "STATUS_"
)

// EncodeAccount shows an account.
func EncodeAccount(a app.Account) *appv1.AppUser {
	v := &appv1.AppUser{
		Id:             KSUID(a.ID),
		AppId:          KSUID(a.AppID),
		IdentityUserId: KSUID(a.UserID),
		DisplayName:    a.DisplayName,
		Email:          a.Email,
		Emails:         a.Emails,
		Username:       a.Username,
		Usernames:      a.Usernames,
		EmployeeIds:    a.EmployeeIDs,
		AppUserType:    EnumValue[appv1.AppUserType](appv1.AppUserType_value, accountTypePrefix, a.Kind),
		Profile:        encodeProfile(a.Profile),
		Status: &appv1.AppUserStatus{
			Status:  EnumValue[appv1.AppUserStatus_Status](appv1.AppUserStatus_Status_value, accountStatusPrefix, a.Status),
			Details: a.StatusDetails,
		},
		CreatedAt: Moment(a.CreatedAt),
		UpdatedAt: Moment(a.UpdatedAt),
		DeletedAt: Moment(a.DeletedAt),
	}
	if len(v.GetEmails()) == 0 && a.Email != "" {
		v.Emails = []string{a.Email}
	}
	if len(v.GetUsernames()) == 0 && a.Username != "" {
		v.Usernames = []string{a.Username}
	}
	return v
}

// DecodeAccountKind reads what kind of account is asked for; "" for an unspecified one.
func DecodeAccountKind(v appv1.AppUserType) (app.AccountKind, error) {
	return EnumName[app.AccountKind]("appUserType", accountTypePrefix, v)
}

// decodeAccountChange reads an update of an account, of which only two fields are written; upstream documents the same.
func decodeAccountChange(object *appv1.AppUser, m Mask) (func(a *app.Account) error, error) {
	kind, err := DecodeAccountKind(object.GetAppUserType())
	if err != nil {
		return nil, err
	}
	user, err := OptionalID[directory.UserID]("identityUserId", "user", object.GetIdentityUserId())
	if err != nil && m["identity_user_id"] {
		return nil, err
	}
	return func(a *app.Account) error {
		if now := EncodeAccount(*a).GetStatus(); m["status"] && object.GetStatus().GetStatus() != now.GetStatus() {
			return fixed("status", "the target system says whether an account can be used")
		}
		Set(m, "app_user_type", &a.Kind, kind)
		Set(m, "identity_user_id", &a.UserID, user)
		return nil
	}, nil
}
