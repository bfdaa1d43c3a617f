package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

type accounts struct {
	interimv1.UnimplementedAccountsServer
	*c1.Deps
}

// Create records an account of an app; see [app.Service.CreateAccount].
func (s accounts) Create(ctx context.Context, r *interimv1.CreateAccountRequest) (*interimv1.AccountResponse, error) {
	appID, err := c1.ID[app.ID]("appId", "app", r.GetAppId())
	if err != nil {
		return nil, err
	}
	if err := requireApp(ctx, appID); err != nil {
		return nil, err
	}
	user, err := c1.OptionalID[directory.UserID]("identityUserId", "user", r.GetIdentityUserId())
	if err != nil {
		return nil, err
	}
	kind, err := c1.DecodeAccountKind(r.GetAppUserType())
	if err != nil {
		return nil, err
	}
	return answerAccount(s.Apps.CreateAccount(ctx, app.Account{
		AppID: appID, UserID: user, Kind: kind, DisplayName: r.GetDisplayName(), Email: r.GetEmail(), Username: r.GetUsername(),
	}))
}

// Update changes the members of an account that the body names; see [app.Service.UpdateAccount].
func (s accounts) Update(ctx context.Context, r *interimv1.UpdateAccountRequest) (*interimv1.AccountResponse, error) {
	ref, err := c1.AccountName("appId", r.GetAppId(), "appUserId", r.GetAppUserId())
	if err != nil {
		return nil, err
	}
	if err := requireApp(ctx, ref.AppID); err != nil {
		return nil, err
	}
	user, err := c1.OptionalID[directory.UserID]("identityUserId", "user", r.GetIdentityUserId())
	if err != nil {
		return nil, err
	}
	kind, err := c1.DecodeAccountKind(r.GetAppUserType())
	if err != nil {
		return nil, err
	}
	return answerAccount(s.Apps.UpdateAccount(ctx, ref.AppID, ref.ID, func(a *app.Account) error {
		set(r.IdentityUserId != nil, &a.UserID, user)
		set(r.AppUserType != nil, &a.Kind, kind)
		set(r.DisplayName != nil, &a.DisplayName, r.GetDisplayName())
		set(r.Email != nil, &a.Email, r.GetEmail())
		set(r.Username != nil, &a.Username, r.GetUsername())
		return nil
	}))
}

func set[T any](named bool, member *T, value T) {
	if named {
		*member = value
	}
}

func answerAccount(a app.Account, err error) (*interimv1.AccountResponse, error) {
	if err != nil {
		return nil, err
	}
	return &interimv1.AccountResponse{AppUser: c1.EncodeAccount(a)}, nil
}

// requireApp checks that the request reaches an app in which it is about to change something.
func requireApp(ctx context.Context, appID app.ID) error {
	return iam.Require(ctx, iam.Object{Type: "app", AppID: string(appID), ID: string(appID)})
}
