package provision

import (
	"context"
	"errors"

	"github.com/interim-access/interim/internal/govern/app"
)

// Target is a system in which memberships are made and removed. Package connect has one for each kind of connector.
//
// Both calls are idempotent, may run concurrently for different grants, and return nil only when the target itself confirms the
// outcome. A note is for people: what the target said that they should know, such as another grantor's membership that remains. An
// error that is a *fault.Fault shows its message to administrators; of any other only the log sees the text. An error made by
// [Permanent] is retried rarely.
type Target interface {
	// Grant makes the account a holder of the entitlement.
	Grant(ctx context.Context, change Change) (note string, err error)
	// Revoke takes the entitlement from the account. An account or resource that is gone holds nothing: that is success.
	Revoke(ctx context.Context, change Change) (note string, err error)
}

// Targets opens the target of a connector. It is called often: it keeps its connections and notices when the connector's
// configuration changed.
type Targets interface {
	Target(ctx context.Context, connector app.Connector) (Target, error)
}

// Ref names an object as the target knows it.
type Ref struct {
	ExternalID string // the target's own id, by which it is found; empty for what people made here
	Name       string // for display, and for targets that go by name
}

// Change is one membership: the account and what it is to hold.
type Change struct {
	Account     Ref // its Name is the user name
	Entitlement Ref // its Name is the slug: "member"
	Resource    Ref
	Target      string // which target it is meant for: what that called itself when it was read; empty: that is not known
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again will not mend, such as a role that does not exist. The operation stays open and
// visible, and is tried again every few minutes in case somebody mends it.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether err was marked by [Permanent].
func IsPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}
