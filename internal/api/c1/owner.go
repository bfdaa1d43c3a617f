package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// owned is the object whose owners a request is about: it reaches that object, or err says why it does not.
type owned struct {
	owner.Object

	err error
}

// Names of objects in the requests about owners.
type (
	namesApp         interface{ GetAppId() string }
	namesEntitlement interface {
		GetAppId() string
		GetEntitlementId() string
	}
	namesResource interface {
		GetAppId() string
		GetResourceTypeId() string
		GetResourceId() string
	}
	namesConnector interface {
		GetAppId() string
		GetConnectorId() string
	}
	namesAccount interface {
		GetAppId() string
		GetUserId() string
	}
	namesUser interface{ GetUserId() string }
)

func reaching(ctx context.Context, o owner.Object, err error) owned {
	if err == nil {
		err = iam.Require(ctx, iam.Object{Type: string(o.Kind), AppID: string(o.App), ID: o.ID})
	}
	return owned{o, err}
}

func ownedApp(ctx context.Context, r namesApp) owned {
	appID, err := ID[app.ID]("appId", "app", r.GetAppId())
	return reaching(ctx, owner.OfApp(appID), err)
}

func ownedEntitlement(ctx context.Context, r namesEntitlement) owned {
	ref, err := inApp[app.EntitlementID](r, "entitlementId", "entitlement", r.GetEntitlementId())
	return reaching(ctx, owner.Object{Kind: owner.Entitlement, App: ref.app, ID: string(ref.id)}, err)
}

// ownedResource checks also that the resource is of the type in its path, where it is at all.
func (d *Deps) ownedResource(ctx context.Context, r namesResource) owned {
	ref, err := inApp[app.ResourceID](r, "resourceId", "resource", r.GetResourceId())
	if err != nil {
		return owned{err: err}
	}
	typeID, err := ID[app.ResourceTypeID]("resourceTypeId", "resource type", r.GetResourceTypeId())
	o := reaching(ctx, owner.Object{Kind: owner.Resource, App: ref.app, ID: string(ref.id)}, err)
	if o.err == nil {
		_, o.err = app.GetResourceOfType(d.DB.Q(ctx), ref.app, typeID, ref.id)
	}
	return o
}

func ownedConnector(ctx context.Context, r namesConnector) owned {
	ref, err := inApp[app.ConnectorID](r, "connectorId", "connector", r.GetConnectorId())
	return reaching(ctx, owner.Object{Kind: owner.Connector, App: ref.app, ID: string(ref.id)}, err)
}

func ownedAccount(ctx context.Context, r namesAccount) owned {
	ref, err := inApp[app.AccountID](r, "userId", "account", r.GetUserId())
	return reaching(ctx, owner.Object{Kind: owner.Account, App: ref.app, ID: string(ref.id)}, err)
}

// ownedUser leaves out whom the request is about: a user who can be owned does not choose the owners.
func ownedUser(ctx context.Context, r namesUser) owned {
	userID, err := ID[directory.UserID]("userId", "user", r.GetUserId())
	return reaching(ctx, owner.OfUser(userID), err)
}

type inside[T ~string] struct {
	app app.ID
	id  T
}

func inApp[T ~string](r namesApp, field, kind, ksuid string) (inside[T], error) {
	appID, err := ID[app.ID]("appId", "app", r.GetAppId())
	if err != nil {
		return inside[T]{}, err
	}
	v, err := ID[T](field, kind, ksuid)
	return inside[T]{appID, v}, err
}

// userOwners decodes users who are to be owners.
func userOwners(field string, list []string) ([]directory.UserID, error) {
	if err := CheckList(field, len(list), owner.MaxOwners); err != nil {
		return nil, err
	}
	out := make([]directory.UserID, len(list))
	for i, ksuid := range list {
		var err error
		if out[i], err = ID[directory.UserID](field, "user", ksuid); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entitlementOwners decodes entitlements whose holders are to be owners.
func entitlementOwners(field string, list []*appv1.AppEntitlementRef) ([]app.EntitlementRef, error) {
	if err := CheckList(field, len(list), owner.MaxOwners); err != nil {
		return nil, err
	}
	out := make([]app.EntitlementRef, len(list))
	for i, ref := range list {
		var err error
		if out[i], err = entitlementName(field+".", ref.GetAppId(), ref.GetId()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// narrowed is the user that a list about o is narrowed to: none where the request reaches o, else the caller.
func narrowed(ctx context.Context, o iam.Object) (directory.UserID, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil || own == "" {
		return "", err
	}
	switch err := iam.Require(ctx, o); {
	case err == nil:
		return "", nil
	case fault.Is(err, fault.Denied):
		return own, nil
	default:
		return "", err
	}
}

// OwnGrants is the user that a list of grants is narrowed to: none for whoever owns the one app or entitlement that it is about.
func OwnGrants(ctx context.Context, f read.GrantFilter) (directory.UserID, error) {
	switch {
	case len(f.AppIDs) == 1:
		return narrowed(ctx, iam.Object{Type: string(owner.App), AppID: string(f.AppIDs[0]), ID: string(f.AppIDs[0])})
	case len(f.Refs) == 1:
		return narrowed(ctx, iam.Object{Type: string(owner.Entitlement), AppID: string(f.Refs[0].AppID), ID: string(f.Refs[0].ID)})
	default:
		return iam.OwnFilter(ctx)
	}
}

// people shows users in the order of their identities as given, as far as the caller may know them.
func (d *Deps) people(ctx context.Context, ids []directory.UserID) ([]*userv1.User, error) {
	found, err := d.Read.UsersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	who := knowing(ctx)
	out := make([]*userv1.User, len(ids))
	for i, u := range ids {
		out[i] = who.user(found[u])
	}
	return out, nil
}
