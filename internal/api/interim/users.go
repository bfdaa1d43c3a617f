package interim

import (
	"context"
	"slices"

	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

type users struct {
	interimv1.UnimplementedUsersServer
	*c1.Deps
}

// Create makes a user; see [directory.Service.Create].
func (s users) Create(ctx context.Context, r *interimv1.CreateUserRequest) (*interimv1.UserResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	kind, err := kindFromWire(r.GetType())
	if err != nil {
		return nil, err
	}
	managers, err := managerIDs(r.GetManagerIds())
	if err != nil {
		return nil, err
	}
	u, err := s.Directory.Create(ctx, directory.User{
		Kind: kind, DisplayName: r.GetDisplayName(), Email: r.GetEmail(), Username: r.GetUsername(),
		Department: r.GetDepartment(), JobTitle: r.GetJobTitle(),
		EmploymentStatus: r.GetEmploymentStatus(), EmploymentType: r.GetEmploymentType(),
		Profile: directory.Profile{EmployeeIDs: r.GetEmployeeIds()}, ManagerIDs: managers,
	})
	return s.answer(ctx, "", u, err)
}

// Update changes the masked members of a user; see [directory.Service.Update].
func (s users) Update(ctx context.Context, r *interimv1.UpdateUserRequest) (*interimv1.UserResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	userID, err := c1.ID[directory.UserID]("user.id", "user", r.GetUser().GetId())
	if err == nil {
		err = s.IAM.MayChange(ctx, userID)
	}
	if err != nil {
		return nil, err
	}
	mask, err := c1.UpdateMask("user", r.GetUser(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	managers, err := managerIDs(r.GetUser().GetManagerIds())
	if err != nil {
		return nil, err
	}
	kind, err := kindFromWire(r.GetUser().GetType())
	if err != nil {
		return nil, err
	}
	if err := s.unchanged(ctx, userID, r.GetUser(), mask); err != nil {
		return nil, err
	}
	u, err := s.Directory.Update(ctx, userID, func(u *directory.User) error {
		w := r.GetUser()
		c1.Set(mask, "display_name", &u.DisplayName, w.GetDisplayName())
		c1.Set(mask, "email", &u.Email, w.GetEmail())
		c1.Set(mask, "emails", &u.Profile.Emails, w.GetEmails())
		c1.Set(mask, "username", &u.Username, w.GetUsername())
		c1.Set(mask, "usernames", &u.Profile.Usernames, w.GetUsernames())
		c1.Set(mask, "employee_ids", &u.Profile.EmployeeIDs, w.GetEmployeeIds())
		c1.Set(mask, "department", &u.Department, w.GetDepartment())
		c1.Set(mask, "job_title", &u.JobTitle, w.GetJobTitle())
		c1.Set(mask, "employment_status", &u.EmploymentStatus, w.GetEmploymentStatus())
		c1.Set(mask, "employment_type", &u.EmploymentType, w.GetEmploymentType())
		c1.Set(mask, "manager_ids", &u.ManagerIDs, managers)
		c1.Set(mask, "type", &u.Kind, kind)
		if mask["profile"] {
			return setAttributes(u, w)
		}
		return nil
	})
	return s.answer(ctx, r.GetUser().GetId(), u, err)
}

// unchanged refuses an update of what other operations change. A caller may send back what they read.
func (s users) unchanged(ctx context.Context, userID directory.UserID, w *userv1.User, mask c1.Mask) error {
	if !mask["status"] && !mask["role_ids"] && !mask["delegated_user_id"] {
		return nil
	}
	found, err := s.Read.UsersByID(ctx, []directory.UserID{userID})
	row, ok := found[userID]
	if err != nil || !ok {
		return err // the update says that there is none
	}
	now := c1.EncodeUser(row)
	if mask["status"] && w.GetStatus() != now.GetStatus() {
		return fault.InvalidField("user.status", "cannot be changed here: disable, enable or delete the user")
	}
	if mask["role_ids"] && !slices.Equal(slices.Sorted(slices.Values(w.GetRoleIds())), slices.Sorted(slices.Values(now.GetRoleIds()))) {
		return fault.InvalidField("user.roleIds", "cannot be changed here: give and take roles one by one")
	}
	if mask["delegated_user_id"] && w.GetDelegatedUserId() != now.GetDelegatedUserId() {
		return fault.InvalidField("user.delegatedUserId", "cannot be changed here: set the user's delegation")
	}
	return nil
}

// Disable takes all access from a user; see [directory.Service.Disable].
func (s users) Disable(ctx context.Context, r *interimv1.DisableUserRequest) (*interimv1.UserResponse, error) {
	return s.move(ctx, r.GetUserId(), r.GetReason(), s.Directory.Disable)
}

// Enable lets a disabled user have access again; see [directory.Service.Enable].
func (s users) Enable(ctx context.Context, r *interimv1.EnableUserRequest) (*interimv1.UserResponse, error) {
	return s.move(ctx, r.GetUserId(), r.GetReason(), s.Directory.Enable)
}

// Delete ends a user for good; see [directory.Service.Delete].
func (s users) Delete(ctx context.Context, r *interimv1.DeleteUserRequest) (*interimv1.UserResponse, error) {
	return s.move(ctx, r.GetUserId(), r.GetReason(), s.Directory.Delete)
}

func (s users) move(
	ctx context.Context, raw, reason string, to func(context.Context, directory.UserID, string) (directory.User, error),
) (*interimv1.UserResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	userID, err := c1.ID[directory.UserID]("userId", "user", raw)
	if err == nil {
		err = s.IAM.MayChange(ctx, userID)
	}
	if err != nil {
		return nil, err
	}
	u, err := to(ctx, userID, reason)
	return s.answer(ctx, raw, u, err)
}

// answer shows u; asked is the id that the caller sent.
func (s users) answer(ctx context.Context, asked string, u directory.User, err error) (*interimv1.UserResponse, error) {
	if fault.Is(err, fault.NotFound) {
		err = fault.Missing("user", asked)
	}
	if err != nil {
		return nil, err
	}
	rows, err := s.Read.UsersByID(ctx, []directory.UserID{u.ID})
	if err != nil {
		return nil, err
	}
	row, ok := rows[u.ID]
	if !ok {
		return nil, fault.Missing("user", c1.KSUID(u.ID))
	}
	return &interimv1.UserResponse{User: c1.EncodeUser(row)}, nil
}

func managerIDs(list []string) ([]directory.UserID, error) {
	if err := c1.CheckList("managerIds", len(list), directory.MaxList); err != nil {
		return nil, err
	}
	ids := make([]directory.UserID, 0, len(list))
	for _, s := range list {
		m, err := c1.ID[directory.UserID]("managerIds", "user", s)
		if fault.Is(err, fault.NotFound) {
			err = fault.InvalidField("managerIds", "no such user: %s", s)
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, m)
	}
	return ids, nil
}

func kindFromWire(t userv1.UserType) (directory.Kind, error) {
	kind, err := c1.EnumName[directory.Kind]("type", "USER_TYPE_", t)
	if err != nil || kind == directory.KindSystem {
		return "", fault.InvalidField("type", "must be USER_TYPE_HUMAN, USER_TYPE_SERVICE or USER_TYPE_AGENT")
	}
	return kind, nil
}

// setAttributes takes the profile's members, which must be texts.
func setAttributes(u *directory.User, w *userv1.User) error {
	u.Profile.Attributes = map[string]string{}
	for k, v := range w.GetProfile().AsMap() {
		text, ok := v.(string)
		if !ok {
			return fault.InvalidField("profile", "only texts are kept; %q is none", k)
		}
		u.Profile.Attributes[k] = text
	}
	return nil
}
