package automation

// Statements are those that are asked in other people's transactions, or for each page of a pass, with values to plan them with and the
// index each lives by.
func Statements() []struct {
	Name, SQL, Index string
	Args             []any
} {
	return []struct {
		Name, SQL, Index string
		Args             []any
	}{
		{"holders", holdersSQL, "grants_", []any{"a", "e", 1, "", 500}},
		{"who holds it by way of another", passedOnSQL, "grants_live", []any{"a", "e", "a", "f", "", 500}},
		{"has one of the accounts it that way", passedToSQL(2), "grants_live", []any{"a", "f", "a", "e", "c", "d"}},
		{"does an account hold it", accountHolds, "grants_", []any{"a", "e", 1, "c"}},
		{"does a user hold it", userHolds, "grants_", []any{"a", "e", 1, "u"}},
		{"what a source is bound to", boundSQL, "proxy", []any{"a", "e", 1}},
		{"what is reached from a source", reachSQL, "proxy", []any{"a", "e", 1}},
		{"what is bound to a destination", boundToSQL, "proxy_dst", []any{"a", "e", 1}},
		{"which rules go by a tag", tagsChangedSQL, "automation_tag_of", []any{"team", "data", 1}},
		{"what an account of an app is bound from and to", accountsChangedProxiesSQL, "proxy", []any{"a", 1}},
		{"from whom the target took it", yieldedSQL(2), "grants_", []any{"a", "e", "R", 5, 1, "c", "d"}},
	}
}
