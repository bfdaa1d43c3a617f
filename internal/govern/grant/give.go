package grant

import (
	"context"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MayGive refuses owners to give themselves access, or more of it; every door asks it before it gives. The threat: who owns an
// entitlement, perhaps by holding it for a time, would hold it for good without anybody deciding.
func MayGive(ctx context.Context, to directory.UserID) error {
	me, err := iam.OnlyOwning(ctx)
	if err == nil && me != "" && me == to {
		err = fault.New(fault.Denied, "Permission denied, an owner does not give access to themself")
	}
	return err
}
