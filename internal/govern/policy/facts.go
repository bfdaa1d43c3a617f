package policy

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
)

// Facts are what a policy decides on: what its expressions see.
type Facts struct {
	At          time.Time       // the moment of now() and of every look-up; zero: the moment of the call
	Subject     directory.User  // whose access it is
	Account     app.Account     // through which the access is or would be held; zero: there is none yet
	Entitlement app.Entitlement // what is asked for
	Task        TaskFacts
	// ForGroup: it is the access of a group. There is neither subject nor account, and an expression that needs one cannot be worked out.
	ForGroup bool
}

// TaskFacts are what expressions see of a task, as `task`.
type TaskFacts struct {
	ID            string // UUID; shown as the API shows it
	Number        int64
	DisplayName   string
	Origin        string        // as the API's TaskOrigin without its prefix: "API", "WEBAPP", "TIME_REVOKE", …
	GrantDuration time.Duration // how long was asked for; zero: for good
	Opener        directory.UserID
	CreatedAt     time.Time
	Conflicts     []string // the rules of separation of duties that the access would break
}

// Plan is what a policy decided for some facts: the steps of a task.
type Plan struct {
	Policy     Policy // whose steps they are, at the end of the chain of references
	Generation GenerationID
	Key        string // under which the steps stand in that policy
	Steps      []Step
	Trace      []Tried // every rule that was looked at, in that order
}

// Tried is one rule that was looked at on the way to a [Plan].
type Tried struct {
	PolicyID  ID     `json:"policyId"`
	Depth     int    `json:"depth"` // references followed to get to this policy; zero: the first one
	Rule      int    `json:"rule"`  // its place in the policy
	Condition string `json:"condition"`
	Matched   bool   `json:"matched,omitempty"`
	Err       string `json:"err,omitempty"`      // why the condition could not be worked out, which counts as no
	Baseline  bool   `json:"baseline,omitempty"` // no rule of the policy held, and what it does else counts
	StepKey   string `json:"stepKey,omitempty"`  // where it held, or is the baseline: the steps that are taken of the policy, or
	Next      ID     `json:"next,omitempty"`     // the policy that decides instead
}
