package policy

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// Decider is what tasks ask of policies; [Service] answers. Expressions run and read before a transaction that writes, never in it.
type Decider interface {
	// Resolve takes a live policy's steps for the facts: those of the first rule whose condition holds, else the baseline. A condition
	// that cannot be worked out does not hold. NotFound.
	Resolve(ctx context.Context, id ID, facts Facts) (Plan, error)
	// Approvers are the users that the expressions of an approval answer, each once, in order; none is a valid answer. Invalid where
	// an expression cannot be worked out.
	Approvers(ctx context.Context, expressions []string, facts Facts) ([]directory.UserID, error)
	// Holds answers the condition of a wait. Invalid where it cannot be worked out.
	Holds(ctx context.Context, condition string, facts Facts) (bool, error)
	// For is the policy that decides on an entitlement: its own, else its app's, else the built-in one. For an emergency it is the
	// entitlement's emergency policy; Precondition where the entitlement allows none. NotFound for the entitlement.
	For(q db.Q, of app.EntitlementRef, kind Kind, emergency bool) (ID, error)
	// Many reads policies as they are now, deleted ones too; unknown ones are left out.
	Many(q db.Q, ids []ID) ([]Policy, error)
	// Generation reads what a policy was when it was saved as that generation. NotFound.
	Generation(q db.Q, id GenerationID) (Policy, error)
}
