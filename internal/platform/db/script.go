package db

// Queuer takes statements whose results nobody needs: a [Tx] runs them, a
// [Script] keeps them.
type Queuer interface{ Queue(sql string, args ...any) }

// Script is statements that are put together before the transaction that runs
// them, while others write. The zero value is empty.
type Script struct{ steps []step }

type step struct {
	sql  string
	args []any
}

// Queue implements Queuer.
func (s *Script) Queue(sql string, args ...any) { s.steps = append(s.steps, step{sql, args}) }

// Run queues the statements in tx, in their order.
func (s *Script) Run(tx *Tx) {
	for _, one := range s.steps {
		tx.Queue(one.sql, one.args...)
	}
}
