package opal

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
)

// A scoped role is a resource whose holders have powers, see [iam.Power].

// scopedRoleKind is the type of resources that are scoped roles.
const scopedRoleKind = "OPAL_SCOPED_ROLE"

type scopedRoleBody struct {
	Permissions []permissionBody `json:"permissions" nullable:"true" maxItems:"133"`
}

type permissionBody struct {
	Targets []UUID         `json:"target_ids" required:"false" nullable:"true" maxItems:"500" doc:"None, without allow_all: nothing."`
	Type    targetKind     `json:"target_type"`
	Name    permissionName `json:"permission_name"`
	All     bool           `json:"allow_all"`
}

// permissionName and targetKind are words of this API for acts and sorts.
type (
	permissionName string
	targetKind     string
)

var (
	permissionNames = kindsOf("", "READ,READ_ASSIGNMENTS,CREATE,IMPORT,EXPORT,SYNC,DELETE,READ_SETTINGS,EDIT_TAGS,EDIT_SETTINGS,"+
		"EDIT_SYNC_SETTINGS,EDIT_ASSIGNMENTS,EDIT_REQUEST_CONFIGURATIONS,EDIT_EVENT_STREAM,ASSIGN_UAR_REVIEWERS,SEND_REMINDERS,STOP,"+
		"REQUEST_ON_BEHALF,RESET_MFA")
	targetKinds = kindsOf("", "RESOURCE,CONNECTION,GROUP,BUNDLE,USER,ACCESS_REVIEW,OWNER")

	actOf = map[permissionName]iam.Act{
		"READ": iam.ActRead, "READ_ASSIGNMENTS": iam.ActReadHolders, "READ_SETTINGS": iam.ActReadSettings, "CREATE": iam.ActMake,
		"DELETE": iam.ActDelete, "EDIT_SETTINGS": iam.ActChange, "EDIT_REQUEST_CONFIGURATIONS": iam.ActConfigure, "EDIT_TAGS": iam.ActTag,
		"EDIT_ASSIGNMENTS": iam.ActAssign, "REQUEST_ON_BEHALF": iam.ActRequestFor, "EDIT_EVENT_STREAM": iam.ActStream,
		"IMPORT": iam.ActImport, "EXPORT": iam.ActExport, "SYNC": iam.ActSync, "EDIT_SYNC_SETTINGS": iam.ActChangeSync,
		"RESET_MFA": iam.ActResetProof, "ASSIGN_UAR_REVIEWERS": iam.ActNameReviewer, "SEND_REMINDERS": iam.ActRemind, "STOP": iam.ActStop,
	}
	sortOf = map[targetKind]iam.Sort{
		"RESOURCE": iam.SortResource, "GROUP": iam.SortGroup, "CONNECTION": iam.SortApp, "BUNDLE": iam.SortCatalog, "USER": iam.SortUser,
		"OWNER": iam.SortOwnerSet, "ACCESS_REVIEW": iam.SortReview,
	}
	nameOfAct, nameOfSort = turned(actOf), turned(sortOf)
)

func turned[K, V comparable](m map[K]V) map[V]K {
	out := make(map[V]K, len(m))
	for k, v := range m {
		out[v] = k
	}
	return out
}

// Schema is part of huma.SchemaProvider.
func (permissionName) Schema(huma.Registry) *huma.Schema { return permissionNames.schema() }

// Schema is part of huma.SchemaProvider.
func (targetKind) Schema(huma.Registry) *huma.Schema { return targetKinds.schema() }

type setScopedRole struct {
	ResourcePath
	Body scopedRoleBody
}

func (d *Door) scopedRoles() {
	serve(d, "Resources.GetResourceScopedRolePermissions", about{
		Summary: "Read what the holders of a scoped role may do beside what their other roles let them",
	}, d.getScopedRole)
	serve(d, "Resources.SetResourceScopedRolePermissions", about{
		Summary: "Set what the holders of a scoped role may do, from now on; administrators may",
	}, d.setScopedRole)
}

// scopedRoleOf reads the resource that is a scoped role.
func (d *Door) scopedRoleOf(ctx context.Context, id UUID) (item.Item, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return item.Item{}, err
	}
	i, err := d.itemOf(ctx, aResource, id)
	if err == nil && i.Label != scopedRoleKind {
		err = fault.New(fault.Invalid, "the resource is no scoped role: its resource_type is not "+scopedRoleKind)
	}
	return i, err
}

func (d *Door) getScopedRole(ctx context.Context, in *ResourcePath) (scopedRoleBody, error) {
	i, err := d.scopedRoleOf(ctx, in.ID)
	if err != nil {
		return scopedRoleBody{}, err
	}
	return encodeScopedRole(d.Items.Empowered(ctx, i))
}

func (d *Door) setScopedRole(ctx context.Context, in *setScopedRole) (scopedRoleBody, error) {
	i, err := d.scopedRoleOf(ctx, in.ID)
	if err != nil {
		return scopedRoleBody{}, err
	}
	return encodeScopedRole(d.Items.Empower(ctx, i, each(in.Body.Permissions, func(p permissionBody) iam.Power {
		return iam.Power{Act: actOf[p.Name], On: sortOf[p.Type], All: p.All, Objects: ids[string](p.Targets)}
	})))
}

func encodeScopedRole(e item.Empowerment, err error) (scopedRoleBody, error) {
	return scopedRoleBody{each(e.Powers, func(p iam.Power) permissionBody {
		return permissionBody{
			Targets: each(p.Objects, func(s string) UUID { return UUID(s) }), Type: nameOfSort[p.On], Name: nameOfAct[p.Act], All: p.All,
		}
	})}, respelled(err, map[string]string{"powers": "permissions", "objects": "target_ids"})
}
