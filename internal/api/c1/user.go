package c1

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/anypb"

	authorizationv1 "github.com/interim-access/interim/gen/c1/api/authorization/v1"
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

type users struct {
	userv1.UnimplementedUserServiceServer
	userv1.UnimplementedUserSearchServer
	*Deps
}

// List answers all users that are not deleted.
func (s users) List(ctx context.Context, r *userv1.UserServiceListRequest) (*userv1.UserServiceListResponse, error) {
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	list, _, next, err := s.page(ctx, read.UserFilter{}, p, nil)
	return &userv1.UserServiceListResponse{List: list, NextPageToken: next}, err
}

// Search answers the users that match every filter that is set.
func (s users) Search(ctx context.Context, r *userv1.SearchUsersRequest) (*userv1.SearchUsersResponse, error) {
	f, err := userFilter(r)
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	list, expanded, next, err := s.page(ctx, f, p, r.GetExpandMask())
	return &userv1.SearchUsersResponse{List: list, Expanded: expanded, NextPageToken: next}, err
}

// Get answers one user; a deleted one is not found.
func (s users) Get(ctx context.Context, r *userv1.UserServiceGetRequest) (*userv1.UserServiceGetResponse, error) {
	userID, err := ID[directory.UserID]("id", "user", r.GetId())
	if err != nil {
		return nil, err
	}
	found, err := s.Read.UsersByID(ctx, []directory.UserID{userID})
	if err != nil {
		return nil, err
	}
	u, ok := found[userID]
	if !ok || u.Status == directory.Deleted {
		return nil, fault.Missing("user", r.GetId())
	}
	views, _, err := s.views(ctx, []read.UserRow{u}, nil)
	if err != nil {
		return nil, err
	}
	return &userv1.UserServiceGetResponse{UserView: views[0]}, nil
}

// Introspect answers the caller.
func (s users) Introspect(ctx context.Context, r *userv1.IntrospectRequest) (*userv1.IntrospectResponse, error) {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	me := p.UserID
	if err := iam.Require(ctx, iam.Object{Type: "user", ID: string(me), UserID: string(me)}); err != nil {
		return nil, err
	}
	found, err := s.Read.UsersByID(ctx, []directory.UserID{me})
	if err != nil {
		return nil, err
	}
	u, ok := found[me]
	if !ok {
		return nil, fault.Missing("user", KSUID(me))
	}
	views, expanded, err := s.views(ctx, []read.UserRow{u}, r.GetExpandMask())
	if err != nil {
		return nil, err
	}
	return &userv1.IntrospectResponse{UserView: views[0], Expanded: expanded}, nil
}

// GetUserProfileTypes answers none: no directory gives profiles yet.
func (s users) GetUserProfileTypes(ctx context.Context, r *userv1.GetUserProfileTypesRequest) (*userv1.GetUserProfileTypesResponse, error) {
	userID, err := ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: "user", ID: string(userID), UserID: string(userID)}); err != nil {
		return nil, err
	}
	if _, err := s.Directory.Get(ctx, userID); err != nil {
		return nil, err
	}
	return &userv1.GetUserProfileTypesResponse{}, nil
}

func (s users) page(ctx context.Context, f read.UserFilter, p Pager, mask *userv1.UserExpandMask) (
	[]*userv1.UserView, []*anypb.Any, string, error,
) {
	var err error
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return nil, nil, "", err
	}
	rows, err := s.Read.Users(ctx, f, p.Request)
	if err != nil {
		return nil, nil, "", err
	}
	views, expanded, err := s.views(ctx, rows.Items, mask)
	return views, expanded, p.Token(rows.Next), err
}

// views shows users as far as the caller may know them: whoever may read every user sees all of it, others themself whole and of
// everybody else what a colleague may know.
func (s users) views(ctx context.Context, rows []read.UserRow, mask *userv1.UserExpandMask) ([]*userv1.UserView, []*anypb.Any, error) {
	x, err := NewExpander(mask.GetPaths(), "role_ids", "manager_ids", "delegated_user_id", "directory_ids")
	if err != nil {
		return nil, nil, err
	}
	if err := readable(ctx); err != nil {
		return nil, nil, err
	}
	whole := knowing(ctx)
	people, roles, err := s.related(ctx, rows, x, whole)
	if err != nil {
		return nil, nil, err
	}
	person := func(id directory.UserID) string {
		u, ok := people[id]
		if !ok {
			return ""
		}
		return x.Path("user/"+string(id), whole.user(u))
	}
	views := make([]*userv1.UserView, len(rows))
	for i, u := range rows {
		v := &userv1.UserView{
			UserId: KSUID(u.ID), User: whole.user(u),
			ObjectPermissions: userPermissions(ctx),
		}
		views[i] = v
		if !whole.knows(u.ID) {
			continue
		}
		if x.Wants("manager_ids") {
			v.ManagersPath = paths(u.ManagerIDs, person)
		}
		if x.Wants("delegated_user_id") {
			v.DelegatedUserPath = person(u.Delegate)
		}
		v.RolesPath = paths(u.RoleIDs, func(r iam.RoleID) string {
			role, ok := roles[r]
			if !ok || !whole.roles(u.ID) {
				return ""
			}
			return x.Path("role/"+string(r), EncodeRole(role))
		})
	}
	return views, x.List(), nil
}

// paths names several expanded objects in one JSONPath: "$.expanded[0]" for one, "$.expanded[0,3]" for two.
func paths[T any](list []T, path func(T) string) string {
	var at []string
	for _, v := range list {
		if p := path(v); p != "" {
			at = append(at, strings.TrimSuffix(strings.TrimPrefix(p, "$.expanded["), "]"))
		}
	}
	if len(at) == 0 {
		return ""
	}
	return "$.expanded[" + strings.Join(at, ",") + "]"
}

// userPermissions tells what the caller may do with a user, through our own operations: upstream has none.
func userPermissions(ctx context.Context) *authorizationv1.ActorObjectPermissions {
	may := objectPermissions(ctx, "interim.v1.Users.Update", "interim.v1.Users.Delete", true)
	return &authorizationv1.ActorObjectPermissions{Read: may.GetRead(), Edit: may.GetEdit(), Delete: may.GetDelete(), Extra: may.GetExtra()}
}

// colleague leaves of a user what everybody in the company may know: who it is, how to reach them, and whether they are there.
// Callers of the upstream API with few rights see most members blank rather than an error.
func colleague(u *userv1.User) *userv1.User {
	return &userv1.User{
		Id: u.GetId(), DisplayName: u.GetDisplayName(), Email: u.GetEmail(), Status: u.GetStatus(), Type: u.GetType(), Origin: u.GetOrigin(),
		CreatedAt: u.GetCreatedAt(), UpdatedAt: u.GetUpdatedAt(), DeletedAt: u.GetDeletedAt(),
	}
}

// related reads, in one go each, the people and the roles that the caller wants expanded.
func (s users) related(ctx context.Context, rows []read.UserRow, x *Expander, whole knowledge) (
	people map[directory.UserID]read.UserRow, roles map[iam.RoleID]iam.Role, err error,
) {
	var userIDs []directory.UserID
	var roleIDs []iam.RoleID
	for _, u := range rows {
		if !whole.knows(u.ID) {
			continue
		}
		if x.Wants("manager_ids") {
			userIDs = append(userIDs, u.ManagerIDs...)
		}
		if x.Wants("delegated_user_id") && u.Delegate != "" {
			userIDs = append(userIDs, u.Delegate)
		}
		roleIDs = append(roleIDs, u.RoleIDs...)
	}
	if len(userIDs) > 0 {
		if people, err = s.Read.UsersByID(ctx, userIDs); err != nil {
			return nil, nil, err
		}
	}
	if x.Wants("role_ids") {
		roles, err = s.Read.RolesByID(ctx, roleIDs)
	}
	return people, roles, err
}

func userFilter(r *userv1.SearchUsersRequest) (f read.UserFilter, err error) {
	if err := CheckText("query", r.GetQuery(), MaxQuery); err != nil {
		return f, err
	}
	if err := CheckText("email", r.GetEmail(), MaxQuery); err != nil {
		return f, err
	}
	for _, l := range []struct {
		field string
		list  []string
	}{{"departments", r.GetDepartments()}, {"jobTitles", r.GetJobTitles()}} {
		if err := CheckTexts(l.field, l.list); err != nil {
			return f, err
		}
	}
	f = read.UserFilter{Query: r.GetQuery(), Email: r.GetEmail(), Departments: r.GetDepartments(), JobTitles: r.GetJobTitles()}
	if f.IDs, err = userIDs(r); err != nil {
		return f, err
	}
	if f.ExcludeIDs, err = FilterIDs[directory.UserID]("excludeIds", r.GetExcludeIds()); err != nil {
		return f, err
	}
	if f.ManagerIDs, err = FilterIDs[directory.UserID]("managerIds", r.GetManagerIds()); err != nil {
		return f, err
	}
	if f.RoleIDs, err = FilterIDs[iam.RoleID]("roleIds", r.GetRoleIds()); err != nil {
		return f, err
	}
	if f.AppIDs, err = FilterIDs[app.ID]("sourceAppIds", r.GetSourceAppIds()); err != nil {
		return f, err
	}
	if f.Statuses, err = EnumNames[directory.Status]("userStatuses", "", r.GetUserStatuses()); err != nil {
		return f, err
	}
	if f.Origins, err = EnumNames[directory.Origin]("origins", "USER_ORIGIN_", r.GetOrigins()); err != nil {
		return f, err
	}
	if f.ExcludeOrigins, err = EnumNames[directory.Origin]("excludeOrigins", "USER_ORIGIN_", r.GetExcludeOrigins()); err != nil {
		return f, err
	}
	if f.ExcludeKinds, err = EnumNames[directory.Kind]("excludeTypes", "USER_TYPE_", r.GetExcludeTypes()); err != nil {
		return f, err
	}
	return delegateFilter(f, r)
}

// userIDs reads the two fields in which users are named, of which ids is the deprecated one: both fold into one filter.
func userIDs(r *userv1.SearchUsersRequest) ([]directory.UserID, error) {
	ids, err := FilterIDs[directory.UserID]("ids", r.GetIds())
	if err != nil {
		return nil, err
	}
	named := make([]string, len(r.GetRefs()))
	for i, ref := range r.GetRefs() {
		named[i] = ref.GetId()
	}
	refs, err := FilterIDs[directory.UserID]("refs.id", named)
	if err != nil {
		return nil, err
	}
	return append(ids, refs...), CheckList("refs", len(ids)+len(refs), MaxFilter)
}
