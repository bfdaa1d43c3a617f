package sync

import (
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
)

// RunID is the identity of a run: a UUIDv7 in text form.
type RunID string

// State says how a run went.
type State string

// The states of a run.
const (
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Refused State = "refused"
)

// Run is one reading of a target.
type Run struct {
	ID           RunID
	Connector    app.ConnectorRef
	StartedAt    time.Time
	FinishedAt   time.Time // zero while running
	State        State
	Accounts     int // read
	Resources    int
	Entitlements int
	Grants       int
	Added        int    // grants found that were not known
	Removed      int    // grants that the target no longer has
	Message      string // what went wrong or was left out, in words for people, at most MaxMessage characters
}

// A reading that misses more than a fifth of what was there is not believed where a hundred or more were there: targets fail in part
// more often than companies lose a fifth of their access in a day.
const (
	believedFrom  = 100
	believedShare = 5
)

// refusal is why a reading is not believed.
type refusal string

func (r refusal) Error() string { return string(r) + "; nothing was changed" }

// count is what a reading says of the known things of one kind.
type count struct {
	kind        string
	known, lost int
	none        bool // that none at all is left is not believed of this kind
}

// judge refuses a reading by the first count that is not to be believed.
func judge(counts ...count) error {
	for _, c := range counts {
		switch {
		case c.none && c.known > 0 && c.lost == c.known:
			return refusal(fmt.Sprintf("the target shows none of the %d known %s", c.known, c.kind))
		case c.known >= believedFrom && c.lost*believedShare > c.known:
			return refusal(fmt.Sprintf("%d of the %d known %s are missing in the target, which is more than 20 %%", c.lost, c.known, c.kind))
		}
	}
	return nil
}

// empty refuses a reading that shows nothing at all.
func (s Snapshot) empty() error {
	if len(s.Accounts) == 0 && len(s.Resources) == 0 {
		return refusal("the target shows nothing at all")
	}
	return nil
}
