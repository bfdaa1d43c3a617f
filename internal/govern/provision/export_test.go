package provision

// Statement is SQL to plan, with values and the index it lives by.
type Statement struct {
	Name, SQL, Index string
	Args             []any
}

// Statements are those that a house with many operations runs all the time.
func Statements(skip string) []Statement {
	return []Statement{
		{"whose turn it is", headsSQL, "operation_connector", nil},
		{"what is due", dueSQL, "operation_connector", []any{"c1", 20000, 50}},
		{"a claim", claimSQL(skip), "operation_connector", []any{"c1", 20000, 50, 2, "l"}},
		{"what is superseded", supersedeSQL(2), "operation_open", []any{1, "grant", "g4", "g8"}},
	}
}
