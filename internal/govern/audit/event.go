package audit

import "time"

// Activity says what kind of act an event was; the numbers are those of the OCSF class API Activity (6003).
type Activity int

// The activities of OCSF API Activity.
const (
	Create Activity = 1
	Read   Activity = 2
	Update Activity = 3
	Delete Activity = 4
	Other  Activity = 99
)

// Name is the OCSF caption of the activity.
func (a Activity) Name() string {
	switch a {
	case Create:
		return "Create"
	case Read:
		return "Read"
	case Update:
		return "Update"
	case Delete:
		return "Delete"
	default:
		return "Other"
	}
}

// Event is one thing that happened. ID, At and Actor are filled in by [Log.Record].
type Event struct {
	ID         string
	At         time.Time
	Kind       string // dotted, past tense: "grant.end_moved"
	Activity   Activity
	Failed     bool // the act was tried and refused or did not work
	Actor      Actor
	ObjectType string // "grant", "user", "client" …
	ObjectID   string
	AppID      string         // the app the object belongs to, empty if none
	UserID     string         // the person it is about, empty if none
	Message    string         // one sentence for people
	Data       map[string]any // what changed, JSON-serialisable; never a secret
}
