package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// apiTokens serves interim.v1.ApiTokens.
type apiTokens struct {
	interimv1.UnimplementedApiTokensServer
	*c1.Deps
}

// Create makes a token; see [iam.Service.CreateAPIToken].
func (s apiTokens) Create(ctx context.Context, r *interimv1.CreateApiTokenRequest) (*interimv1.CreateApiTokenResponse, error) {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	owner := p.UserID
	if r.GetUserId() != "" && r.GetUserId() != c1.KSUID(owner) {
		if owner, err = whose(ctx, r.GetUserId()); err != nil {
			return nil, err
		}
	}
	if err := iam.Require(ctx, iam.Object{Type: "api_token", UserID: string(owner)}); err != nil {
		return nil, err
	}
	n := iam.NewAPIToken{Label: r.GetLabel()}
	if n.Access, err = c1.EnumName[iam.Access]("access", apiTokenAccessPrefix, r.GetAccess()); err != nil {
		return nil, err
	}
	if n.Expires, err = c1.DecodeLife("expires", r.GetExpires()); err != nil {
		return nil, err
	}
	t, secret, err := s.IAM.CreateAPIToken(ctx, owner, n)
	if err != nil {
		return nil, err
	}
	return &interimv1.CreateApiTokenResponse{ApiToken: encodeAPIToken(t), Secret: secret}, nil
}

// Search lists tokens; see [iam.Service.APITokens].
func (s apiTokens) Search(ctx context.Context, r *interimv1.SearchApiTokensRequest) (*interimv1.SearchApiTokensResponse, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return nil, err
	}
	f := iam.APITokenFilter{Own: own}
	if f.IDs, err = c1.FilterIDs[iam.ClientKey]("ids", r.GetIds()); err != nil {
		return nil, err
	}
	if f.Users, err = c1.FilterIDs[directory.UserID]("userIds", r.GetUserIds()); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.IAM.APITokens(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.SearchApiTokensResponse{NextPageToken: p.Token(found.Next)}
	for _, t := range found.Items {
		out.List = append(out.List, encodeAPIToken(t))
	}
	return out, nil
}

// Delete deletes a token; see [iam.Service.DeleteAPIToken].
func (s apiTokens) Delete(ctx context.Context, r *interimv1.DeleteApiTokenRequest) (*interimv1.DeleteApiTokenResponse, error) {
	tokenID, err := c1.ID[iam.ClientKey]("id", "API token", r.GetId())
	if err != nil {
		return nil, err
	}
	t, err := s.IAM.APIToken(ctx, tokenID)
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: "api_token", ID: string(t.ID), UserID: string(t.UserID)}); err != nil {
		return nil, err
	}
	return &interimv1.DeleteApiTokenResponse{}, s.IAM.DeleteAPIToken(ctx, tokenID)
}

const apiTokenAccessPrefix = "API_TOKEN_ACCESS_"

func encodeAPIToken(t iam.APIToken) *interimv1.ApiToken {
	out := &interimv1.ApiToken{
		Id: c1.KSUID(t.ID), Label: t.Label, UserId: c1.KSUID(t.UserID), CreatedByUserId: c1.KSUID(t.CreatedBy),
		Access:  c1.EnumValue[interimv1.ApiTokenAccess](interimv1.ApiTokenAccess_value, apiTokenAccessPrefix, t.Access),
		Preview: t.Preview, ScopedRoles: c1.KSUIDs(t.Limits.Roles),
		CreatedAt: c1.Moment(t.CreatedAt), ExpiresAt: c1.Moment(t.Limits.Until), LastUsedAt: c1.Moment(t.LastUsedAt),
	}
	for _, n := range t.Limits.Sources {
		out.AllowSourceCidr = append(out.AllowSourceCidr, n.String())
	}
	return out
}
