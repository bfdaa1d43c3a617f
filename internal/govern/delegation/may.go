package delegation

import (
	"context"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// May lets everybody give away what they are asked, and only Super Administrators what others are asked, with a credential that is not
// scoped to roles: whoever answers for a person acts with their authority. Denied otherwise.
func May(ctx context.Context, delegator directory.UserID) error {
	if err := iam.Require(ctx, iam.Object{Type: "delegation", UserID: string(delegator)}); err != nil {
		return err
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil || p.UserID == delegator {
		return err
	}
	return iam.SuperAdmin(ctx)
}
