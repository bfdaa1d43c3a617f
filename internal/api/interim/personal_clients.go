package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// personalClients serves interim.v1.PersonalClients.
type personalClients struct {
	interimv1.UnimplementedPersonalClientsServer
	*c1.Deps
}

// Create makes a client that acts as somebody else.
func (s personalClients) Create(
	ctx context.Context, req *interimv1.CreatePersonalClientRequest,
) (*interimv1.CreatePersonalClientResponse, error) {
	userID, err := whose(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	n, err := c1.DecodeNewClient(req)
	if err != nil {
		return nil, err
	}
	c, secret, err := s.IAM.CreateClient(ctx, userID, n)
	if err != nil {
		return nil, err
	}
	return &interimv1.CreatePersonalClientResponse{Client: c1.EncodePersonalClient(c), ClientSecret: secret}, nil
}

// whose decodes the user a credential is for, after it is sure that the caller may make credentials for others: who may not does
// not learn who there is.
func whose(ctx context.Context, ksuid string) (directory.UserID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return "", err
	}
	if err := iam.SuperAdmin(ctx); err != nil {
		return "", err
	}
	return c1.ID[directory.UserID]("userId", "user", ksuid)
}
