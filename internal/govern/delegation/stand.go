package delegation

import (
	"cmp"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
)

// Stand is somebody who may answer where For is asked: For themself, or a delegate of theirs. All stands for one person together
// fill one slot: the first answer counts.
type Stand struct {
	For        directory.UserID
	User       directory.UserID
	Delegation ID   // empty if it is For themself
	Mode       Mode // empty if it is For themself
}

// Answering works out who may answer for a person at a moment, where delegation is allowed: the delegate of their REASSIGN that is
// open, or else the person; and the delegates of every ADD that is open. Whoever is not enabled answers nothing, and nobody answers
// for a person who is not. Only windows of the person count, so that there are no chains. Nobody is in the answer twice: who is
// there by several delegations is there by the first, REASSIGN before ADD, older before younger.
func Answering(person directory.UserID, windows []Delegation, enabled func(directory.UserID) bool, at time.Time) []Stand {
	if !enabled(person) {
		return nil
	}
	own := slices.DeleteFunc(slices.Clone(windows), func(d Delegation) bool {
		return d.Delegator != person || d.Delegate == person || !d.Covers(at) || !enabled(d.Delegate)
	})
	slices.SortFunc(own, func(a, b Delegation) int {
		return cmp.Or(-cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.ID, b.ID)) // REASSIGN before ADD
	})
	stands := []Stand{{For: person, User: person}}
	for _, d := range own {
		s := Stand{For: person, User: d.Delegate, Delegation: d.ID, Mode: d.Mode}
		switch {
		case d.Mode == Reassign && stands[0].User == person:
			stands[0] = s
		case d.Mode == Add && !slices.ContainsFunc(stands, func(o Stand) bool { return o.User == s.User }):
			stands = append(stands, s)
		}
	}
	return stands
}
