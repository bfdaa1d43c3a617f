package c1

import (
	"context"

	iamv1 "github.com/interim-access/interim/gen/c1/api/iam/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// personalClients serves c1.api.iam.v1.PersonalClientService.
type personalClients struct {
	iamv1.UnimplementedPersonalClientServiceServer
	*Deps
}

// personalClientSearch serves c1.api.iam.v1.PersonalClientSearchService.
type personalClientSearch struct {
	iamv1.UnimplementedPersonalClientSearchServiceServer
	*Deps
}

// List answers the caller's own clients. The contract gives the request no page token, so they are all on one page.
func (s personalClients) List(
	ctx context.Context, _ *iamv1.PersonalClientServiceListRequest,
) (*iamv1.PersonalClientServiceListResponse, error) {
	me, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.IAM.Clients(ctx, me)
	if err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientServiceListResponse{List: EncodePersonalClients(found)}, nil
}

// Create makes a client that acts as the caller.
func (s personalClients) Create(
	ctx context.Context, req *iamv1.PersonalClientServiceCreateRequest,
) (*iamv1.PersonalClientServiceCreateResponse, error) {
	me, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	n, err := DecodeNewClient(req)
	if err != nil {
		return nil, err
	}
	c, secret, err := s.IAM.CreateClient(ctx, me, n)
	if err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientServiceCreateResponse{Client: EncodePersonalClient(c), ClientSecret: secret}, nil
}

// Get reads a client.
func (s personalClients) Get(
	ctx context.Context, req *iamv1.PersonalClientServiceGetRequest,
) (*iamv1.PersonalClientServiceGetResponse, error) {
	c, err := s.reached(ctx, "id", req.GetId())
	if err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientServiceGetResponse{Client: EncodePersonalClient(c)}, nil
}

// Update writes what the mask names.
func (s personalClients) Update(
	ctx context.Context, req *iamv1.PersonalClientServiceUpdateRequest,
) (*iamv1.PersonalClientServiceUpdateResponse, error) {
	m, err := UpdateMask("client", req.GetClient(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	c, err := s.reached(ctx, "client.id", req.GetClient().GetId())
	if err != nil {
		return nil, err
	}
	change, err := decodeClientChange(req.GetClient(), m)
	if err != nil {
		return nil, err
	}
	if c, err = s.IAM.UpdateClient(ctx, c.Key, change); err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientServiceUpdateResponse{Client: EncodePersonalClient(c)}, nil
}

// Delete ends a client.
func (s personalClients) Delete(
	ctx context.Context, req *iamv1.PersonalClientServiceDeleteRequest,
) (*iamv1.PersonalClientServiceDeleteResponse, error) {
	c, err := s.reached(ctx, "id", req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.IAM.DeleteClient(ctx, c.Key); err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientServiceDeleteResponse{}, nil
}

// Search lists clients of everybody that match.
func (s personalClientSearch) Search(
	ctx context.Context, req *iamv1.PersonalClientSearchServiceSearchRequest,
) (*iamv1.PersonalClientSearchServiceSearchResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	if err := CheckText("query", req.GetQuery(), MaxQuery); err != nil {
		return nil, err
	}
	ids := make([]string, len(req.GetUsers()))
	for i, ref := range req.GetUsers() {
		ids[i] = ref.GetId()
	}
	users, err := FilterIDs[directory.UserID]("users", ids)
	if err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.IAM.SearchClients(ctx, iam.ClientFilter{Users: users, Query: req.GetQuery()}, p.Request)
	if err != nil {
		return nil, err
	}
	return &iamv1.PersonalClientSearchServiceSearchResponse{
		List: EncodePersonalClients(found.Items), NextPageToken: p.Token(found.Next),
	}, nil
}

// caller is whom operations on one's own clients are about.
func (personalClients) caller(ctx context.Context) (directory.UserID, error) {
	if _, err := iam.OwnFilter(ctx); err != nil {
		return "", err
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return "", err
	}
	return p.UserID, nil
}

// reached reads a client that the request reaches. Somebody else's is as good as none for who may see only their own.
func (s personalClients) reached(ctx context.Context, field, ksuid string) (iam.Client, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return iam.Client{}, err
	}
	key, err := ID[iam.ClientKey](field, "personal client", ksuid)
	if err != nil {
		return iam.Client{}, err
	}
	c, err := s.IAM.Client(ctx, key)
	if fault.Is(err, fault.NotFound) || err == nil && own != "" && own != c.UserID {
		err = fault.Missing("personal client", ksuid)
	}
	return c, err
}
