package c1

import (
	"context"

	iamv1 "github.com/interim-access/interim/gen/c1/api/iam/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// objectPermissions tells the caller what they may do with an object: what their rights on the service's update and delete
// operations reach, as far as the object allows it at all. It decides nothing; the operations do.
func objectPermissions(ctx context.Context, update, remove string, removable bool) *iamv1.ActorObjectPermissions {
	return &iamv1.ActorObjectPermissions{
		Read:   true,
		Edit:   reaches(ctx, update) == iam.All,
		Delete: removable && reaches(ctx, remove) == iam.All,
		Extra:  map[string]bool{},
	}
}

// reaches is how far the caller's rights on an operation reach, by its name such as "c1.api.app.v1.Apps.Update".
func reaches(ctx context.Context, operation string) iam.Scope {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return iam.None
	}
	return p.Scopes["permission/"+operation]
}

// readable is the check of operations that show what there is in the apps, which is no secret among those who may ask at all.
func readable(ctx context.Context) error {
	_, err := iam.OwnFilter(ctx)
	return err
}

// seer is the caller, if they may not see every item; that is said for both APIs by the operations of the other that show one.
func seer(ctx context.Context) (directory.UserID, error) {
	if reaches(ctx, "opal.v1.Resources.GetResourceID") == iam.All && reaches(ctx, "opal.v1.Groups.GetGroup") == iam.All {
		return "", nil
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return "", err
	}
	return p.UserID, nil
}

// sees answers Denied for an item that the caller may not see.
func (d *Deps) sees(ctx context.Context, of app.ResourceRef) error {
	who, err := seer(ctx)
	if err != nil || who == "" {
		return err
	}
	found, err := d.Read.Resources(ctx, read.ResourceFilter{
		AppIDs: []app.ID{of.AppID}, IDs: []app.ResourceID{of.ID}, Seer: who,
	}, page.Request{Size: 1})
	if err == nil && len(found.Items) == 0 {
		err = fault.New(fault.Denied, "Permission denied, this is seen by those it is shown to")
	}
	return err
}

// seenAccounts cuts a filter on who holds what down to the accounts that the caller may ask about. The threat: a list that anybody
// may read, asked with somebody else's account, tells what that person holds.
func (d *Deps) seenAccounts(ctx context.Context, ids []app.AccountID) ([]app.AccountID, error) {
	if len(ids) == 0 || reaches(ctx, "c1.api.app.v1.AppUserService.Search") == iam.All {
		return ids, nil
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	own, err := d.Read.OwnAccounts(ctx, p.UserID, ids)
	if err == nil && len(own) == 0 {
		own = []app.AccountID{nobody}
	}
	return own, err
}
