package task

// AtOnce is how many tasks take an event in a transaction that is about something else.
const AtOnce = atOnce

// Spreads are the statements that find the open tasks which something concerns, by what that is, with the number of their arguments.
func Spreads() map[string]Spread {
	first := func(which string, args int) Spread {
		return Spread{spreadSQL(which, args+1) + ` order by number limit 21`, args + 1}
	}
	return map[string]Spread{
		"one holder changed":    first(holdersSQL(1), 2),
		"many holders changed":  first(holdersSQL(500), 1000),
		"a delegation is over":  first(standsSQL, 1),
		"a subject is gone":     first(subjectSQL, 1),
		"an app is gone":        first(aboutSQL+` union `+forSQL, 1),
		"levels are gone":       first(levelsSQL(3), 4),
		"a person is otherwise": first(standingSQL, 1),
		"an owner is another":   first(ownersSQL, 3),
		"an owner set changed":  first(setSQL, 1),
		"administrators change": first(supersSQL, 0),
	}
}

// MembersSQL is the question which of some people are members of which of some groups.
var MembersSQL = membersSQL

// Spread is one of [Spreads].
type Spread struct {
	SQL  string
	Args int
}
