package provision

// Statement is SQL to plan, with values and the index it lives by.
type Statement struct {
	Name, SQL, Index string
	Args             []any
}

// Statements are those that a house with many operations runs all the time.
func Statements(skip string) []Statement {
	const due = `where state = 'open' and connector_id not in ($1,$2) order by due_at, id limit 1`
	return []Statement{
		{"the next operation", nextSQL + ` where state = 'open' order by due_at, id limit 1`, "operation_due", nil},
		{"the next of others", nextSQL + ` ` + due, "operation_due", []any{"a", "b"}},
		{"what is due", dueSQL, "operation_connector", []any{"c", 1, 500}},
		{"a claim", claimSQL(skip), "operation_connector", []any{"c", 1, 500, 2, "l"}},
		{"what is superseded", supersedeSQL(2), "operation_open", []any{1, "grant", "g", "h"}},
	}
}
