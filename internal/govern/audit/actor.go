package audit

import "context"

// Kinds of [Actor].
const (
	KindUser   = "user"   // a person or service account, through a credential or a browser session
	KindSystem = "system" // Interim itself: a due time was reached
	KindSync   = "sync"   // a connector reported what it saw
)

// Actor is who did something. The zero value is not an actor; [From] answers the system where no one else is known.
type Actor struct {
	Kind       string // one of the Kind constants
	UserID     string // the person, empty for the system
	Name       string // display name at that time
	Email      string // address at that time
	ClientKey  string // the credential used, empty for browser sessions and the system
	OnBehalfOf string // user the actor decided for, empty if for themself
	IP         string // source address as seen, or as a trusted proxy says
	RequestID  string // the c1-trace-id of the request
}

// System is Interim acting on its own, because a due time was reached.
func System() Actor { return Actor{Kind: KindSystem, Name: "Interim"} }

// Sync is a connector reporting what it saw in its target.
func Sync(connectorID string) Actor {
	return Actor{Kind: KindSync, UserID: "", Name: "Interim sync", ClientKey: connectorID}
}

type actorKey struct{}

// With returns a context in which [From] answers actor.
func With(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// From returns who acts in ctx; [System] where nobody was put there.
func From(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return System()
}
