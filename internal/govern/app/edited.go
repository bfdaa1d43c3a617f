package app

import "slices"

// Edited names the members of a connector's object that a person has written, as the API spells them. What a connector reads
// does not overwrite them.
type Edited []string

// The members that both people and connectors write.
const (
	editedName        = "displayName"
	editedDescription = "description"
)

// with returns e and name, sorted, once each; e itself is not changed.
func (e Edited) with(name string) Edited {
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(e), name))))
}

// take returns what member name becomes when a connector reads seen: the value of the person who wrote it, else seen.
func (e Edited) take(name, now, seen string) string {
	if slices.Contains(e, name) {
		return now
	}
	return seen
}

// note adds the members that a person has just changed. Objects of people have nobody to be defended from.
func (e Edited) note(connector ConnectorID, before, after [2]string) Edited {
	for i, name := range []string{editedName, editedDescription} {
		if connector != "" && before[i] != after[i] {
			e = e.with(name)
		}
	}
	return e
}
