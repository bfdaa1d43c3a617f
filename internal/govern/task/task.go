package task

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
)

// ID is the identity of a task: a UUIDv7 in text form.
type ID string

// StepID is the identity of one opening of one step. A step that is opened again has another one, so that whoever decides says
// which opening they saw.
type StepID string

// Kind says what a task is to bring about.
type Kind string

// The kinds of tasks.
const (
	Grant       Kind = "GRANT"
	Revoke      Kind = "REVOKE"
	Certify     Kind = "CERTIFY"
	Offboarding Kind = "OFFBOARDING"
)

// State says whether anything can still happen to a task.
type State string

// The states. A closed task never opens again.
const (
	Open   State = "OPEN"
	Closed State = "CLOSED"
)

// Processing says whom an open task waits for.
type Processing string

// What a task is doing.
const (
	Working Processing = "PROCESSING" // Interim or a target is at work
	Waiting Processing = "WAITING"    // people, a time or a condition
	Done    Processing = "DONE"
)

// Outcome is what became of a task. Failed alone may stand on an open task: it waits for another attempt.
type Outcome string

// The outcomes. NoOutcome is that of a task nobody has decided.
const (
	NoOutcome   Outcome = ""
	Granted     Outcome = "GRANTED"
	Revoked     Outcome = "REVOKED"
	Certified   Outcome = "CERTIFIED"
	Decertified Outcome = "DECERTIFIED"
	Denied      Outcome = "DENIED"
	Failed      Outcome = "ERROR"
	Cancelled   Outcome = "CANCELLED"
	TimedOut    Outcome = "WAIT_TIMED_OUT"
	InProgress  Outcome = "IN_PROGRESS" // of an offboarding
	Completed   Outcome = "DONE"        // of an offboarding
)

// words are o as people read it after "was".
func (o Outcome) words() string {
	switch o {
	case Granted, Revoked, Certified:
		return "granted"
	case TimedOut:
		return "closed, because nobody decided in time or what it waited for did not happen"
	case Failed:
		return "not carried out"
	case Completed:
		return "carried out"
	default:
		return strings.ToLower(string(o))
	}
}

// Origin says where a task came from.
type Origin string

// The origins of tasks that Interim makes.
const (
	ByAPI        Origin = "API"
	ByConsole    Origin = "WEBAPP"
	ByTime       Origin = "TIME_REVOKE"
	ByAutomation Origin = "AUTOMATION"
	ByReview     Origin = "ACCESS_REVIEW"
	ByDeletion   Origin = "CASCADE_DELETE"
	ByEnrollment Origin = "PROFILE_MEMBERSHIP"            // of what is in a catalog, for who is enrolled or was
	ByProfile    Origin = "PROFILE_MEMBERSHIP_AUTOMATION" // of a catalog's enrollment, for whom its automation matches or did
)

// Limits of what people write.
const (
	MaxDescription = 2048 // characters of why something is asked for
	MaxComment     = 4096 // characters of a comment or reason
	MaxData        = 64 << 10
	MaxReassignees = 32
	MaxOpenings    = 500 // of steps, after which people open none again: a task keeps each
	MaxDuration    = app.MaxGrantLimit
)

// Source is what a request came out of. The members that begin with External are the asking program's own, kept as they were sent.
type Source struct {
	ConversationID string           `json:"conversationId,omitempty"`
	ExternalURL    string           `json:"externalUrl,omitempty"`
	IntegrationID  string           `json:"integrationId,omitempty"`
	RequestID      string           `json:"requestId,omitempty"`
	ExpiredAt      time.Time        `json:"expiredAt,omitzero"` // of a revocation: the end of the grant
	Review         string           `json:"review,omitempty"`   // of a revocation: the review that asked for it
	CertTask       ID               `json:"certTask,omitempty"` // and the task in which it was decided
	RequestedBy    directory.UserID `json:"requestedBy,omitempty"`

	// Via is what passes the access on: the task gives, or takes, what is held by way of it, and nothing else. See package automation.
	Via app.EntitlementRef `json:"via,omitzero"`
}

// Names are what people know the objects of a task by.
type Names struct {
	App         string `json:"app,omitempty"`
	Entitlement string `json:"entitlement,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Opener      string `json:"opener,omitempty"`
}

// Task is one request and all that has become of it. Times that are zero have not come or are not set.
type Task struct {
	ID         ID
	Number     int64 // what people call it by; unique and increasing, with gaps
	Kind       Kind
	State      State
	Processing Processing
	Outcome    Outcome
	OutcomeAt  time.Time
	Origin     Origin

	App          app.ID
	Entitlement  app.EntitlementID
	Resource     app.ResourceID
	ResourceType app.ResourceTypeID
	Account      app.AccountID    // empty: the subject has none yet and gets one when access is given
	Subject      directory.UserID // whose access it is; empty: an account of nobody, or a group's
	Group        Group            // whose access it is, if it is a group's; then there is neither subject nor account
	Opener       directory.UserID // who asked; empty: Interim itself

	DisplayName string
	Description string
	Duration    time.Duration // how long the access is to last, from when it is given; 0: without end
	Emergency   bool
	Extension   bool // of what is held already: an end moves, nothing is provisioned
	Source      Source
	Data        json.RawMessage // the answers to the request form, a JSON object; nil: none
	Parent      ID              // the offboarding it belongs to
	First       ID              // the first of the tasks that were asked for together; empty: it is that, or was asked for alone
	Names       Names           // as they were when it was made

	Policy     policy.ID
	Generation policy.GenerationID
	StepKey    string        // under which the plan stands in its policy
	Plan       []policy.Step // the steps as they were resolved when the task began, or was reset or escalated
	Current    *Instance     // nil: closed, or not begun
	History    []Instance    // the steps that are over, oldest first
	Opened     int           // how many steps were opened so far

	Spread bool     // of an offboarding: the tasks that take what is held were made
	Auto   bool     // steps that ask somebody pass by themselves: the grant's time is over and its end does not wait
	Asked  bool     // access was given or taken for this task, which happens once
	Grant  grant.ID // the grant that was given or taken

	Comments  int
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time
	GiveUpAt  time.Time // of a request: from then on it does not wait any more; zero: it waits for as long as it takes
	Version   int64
}

// Group is a group whose members are to have access together, for as long as they are members.
type Group struct {
	ID      app.ResourceID
	Members app.EntitlementRef // who holds it is a member
}

// there reports whether there is a group.
func (g Group) there() bool { return g.Members.ID != "" }

// Party reports whether u asked, or is whom it is about. Parties do not decide. Neither do the members of the group it is about, who are
// found when it is asked: see [Who].
func (t Task) Party(u directory.UserID) bool { return u != "" && (u == t.Subject || u == t.Opener) }

// Step is the id of the step that is open, "" if none is.
func (t Task) Step() StepID {
	if t.Current == nil {
		return ""
	}
	return t.Current.ID
}

// DueAt is when something happens to t by itself; zero: never.
func (t Task) DueAt() time.Time {
	switch {
	case t.State != Open:
		return time.Time{}
	case t.Kind == Offboarding && !t.Spread:
		return t.CreatedAt
	case t.Current == nil:
		return time.Time{}
	case t.undecided() && earlier(t.GiveUpAt, t.Current.next()):
		return t.GiveUpAt
	default:
		return t.Current.next()
	}
}

// undecided reports whether t is a request that people, a time or a condition still stand before. What is given already, or is being
// given, waits for nobody's decision.
func (t Task) undecided() bool {
	return t.State == Open && t.Kind == Grant && !t.Asked && t.Current != nil && t.Current.Step.Provision == nil
}

// outwaited reports whether t has waited for as long as it may: from then on nobody decides it.
func (t Task) outwaited(now time.Time) bool { return t.undecided() && passed(t.GiveUpAt, now) }

// earlier reports whether a is set, and before b where that is set.
func earlier(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }

// Approvers are those whose approvals count, in their order, each once.
func (t Task) Approvers() []directory.UserID {
	var list []directory.UserID
	seen := map[directory.UserID]bool{}
	for _, f := range t.approvals() {
		if !seen[f.By] {
			seen[f.By], list = true, append(list, f.By)
		}
	}
	return list
}

// approvals are those that count: of the steps that are over, and those that filled slots of the step that is open.
func (t Task) approvals() []Filling {
	var list []Filling
	for _, i := range t.History {
		list = append(list, i.approvals()...)
	}
	if t.Current != nil {
		list = append(list, t.Current.approvals()...)
	}
	return list
}

// Decider is the last person who approved, and for whom: by their authority access is given.
func (t Task) Decider() (by, standingInFor directory.UserID) {
	for _, i := range t.History {
		if o := i.Result; o != nil && o.Kind == Approved && o.By != "" {
			by, standingInFor = o.By, o.For
		}
	}
	return by, standingInFor
}

// spent are those whose authority the approvals that count have used: who gave them, and whom those stood in for. The threat: one
// person's yes that counts twice where two are wanted, once by themself and once by a delegate of theirs.
func (t Task) spent() []directory.UserID {
	list := t.Approvers()
	for _, f := range t.approvals() {
		if f.For != "" {
			list = append(list, f.For)
		}
	}
	return list
}
