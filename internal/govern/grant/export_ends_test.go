package grant

// DueSQL is the batch of ends, as PostgreSQL is asked for it.
var DueSQL = dueSQL + " for update of g skip locked"
