package c1

import (
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/read"
)

// EncodeUser shows a user with the roles they hold and who answers instead of them now.
func EncodeUser(u read.UserRow) *userv1.User {
	v := &userv1.User{
		Id:               KSUID(u.ID),
		DisplayName:      u.DisplayName,
		Email:            u.Email,
		Emails:           u.Profile.Emails,
		Username:         u.Username,
		Usernames:        u.Profile.Usernames,
		EmployeeIds:      u.Profile.EmployeeIDs,
		Department:       u.Department,
		JobTitle:         u.JobTitle,
		EmploymentStatus: u.EmploymentStatus,
		EmploymentType:   u.EmploymentType,
		Status:           EnumValue[userv1.User_Status](userv1.User_Status_value, "", u.Status),
		Origin:           EnumValue[userv1.UserOrigin](userv1.UserOrigin_value, "USER_ORIGIN_", u.Origin),
		Type:             EnumValue[userv1.UserType](userv1.UserType_value, "USER_TYPE_", u.Kind),
		CreatedAt:        Moment(u.CreatedAt),
		UpdatedAt:        Moment(u.UpdatedAt),
		DeletedAt:        Moment(u.DeletedAt),
		DelegatedUserId:  KSUID(u.Delegate),
	}
	if len(v.GetEmails()) == 0 && u.Email != "" {
		v.Emails = []string{u.Email}
	}
	if len(v.GetUsernames()) == 0 && u.Username != "" {
		v.Usernames = []string{u.Username}
	}
	if len(u.Profile.Attributes) > 0 {
		profile := make(map[string]any, len(u.Profile.Attributes))
		for k, attribute := range u.Profile.Attributes {
			profile[k] = attribute
		}
		v.Profile = encodeProfile(profile)
	}
	for _, m := range u.ManagerIDs {
		v.ManagerIds = append(v.ManagerIds, KSUID(m))
	}
	for _, r := range u.RoleIDs {
		v.RoleIds = append(v.RoleIds, KSUID(r))
	}
	return v
}
