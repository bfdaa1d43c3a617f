package audit

import "time"

// Filter narrows a list of events. Zero members do not narrow.
type Filter struct {
	Since, Until         time.Time // half-open [Since, Until)
	SinceID, UntilID     string    // after this event; before this event
	Newest               bool      // newest first
	ObjectType, ObjectID string
	UserID               string
}
