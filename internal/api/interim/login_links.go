package interim

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/oauth"
)

// loginLinks serves interim.v1.LoginLinks.
type loginLinks struct {
	interimv1.UnimplementedLoginLinksServer
	*c1.Deps
}

// Create makes a link that signs somebody in.
func (s loginLinks) Create(ctx context.Context, req *interimv1.CreateLoginLinkRequest) (*interimv1.CreateLoginLinkResponse, error) {
	userID, err := whose(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	link, err := s.IAM.CreateLink(ctx, userID)
	if err != nil {
		return nil, err
	}
	return &interimv1.CreateLoginLinkResponse{Url: oauth.LoginURL(s.PublicURL, link.Token), ExpiresAt: timestamppb.New(link.Until)}, nil
}
