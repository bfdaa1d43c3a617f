package group

// Statements are those that are asked in other people's transactions, or by the [Porter], with values to plan them with and the index each
// lives by.
func Statements() []struct {
	Name, SQL, Index string
	Args             []any
} {
	return []struct {
		Name, SQL, Index string
		Args             []any
	}{
		{"who left", leaversSQL, "group_leaver_", []any{1, leavers}},
		{"is somebody a member", isMemberSQL, "grants_", []any{"u", "a", "e", 1}},
		{"what is linked with a group", besideSQL, "group_link_member_", []any{"a", "e"}},
		{"what to ask for instead", insteadSQL, "group_link_member_", []any{"a", "e"}},
		{"a page of links", linksSQL, "group_link_", []any{"l", 101}},
	}
}
