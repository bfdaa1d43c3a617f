package db

// Statement is one that somebody runs.
type Statement struct {
	Tx     *Tx // nil: it is by itself
	SQL    string
	Args   []any
	Reads  bool     // rows are asked for
	Queued bool     // nobody needs its result
	Rows   *int64   // how many it has changed, once it has run; nil where rows are asked for, and where nobody needs it
	Locks  []string // no statement, but keys that are locked
}

// Record has fn told of each statement before it runs, until stop, and is for programs that measure, what is left of a use case when
// its rules are left out, and for tests that look at plans. fn may be called by many goroutines.
func (d *DB) Record(fn func(Statement)) (stop func()) {
	d.recorder.Store(&fn)
	return func() { d.recorder.Store(nil) }
}

// recorded is a session whose statements are told.
func (d *DB) recorded(r runner) runner {
	if fn := d.recorder.Load(); fn != nil {
		return recording{r, func(s Statement) { (*fn)(s) }}
	}
	return r
}

// recordedTx is a closure of Write whose statements are told.
func (d *DB) recordedTx(fn func(*Tx) error) func(*Tx) error {
	tell := d.recorder.Load()
	if tell == nil {
		return fn
	}
	return func(tx *Tx) error {
		told := recordingTx{recording{tx.run, func(s Statement) { s.Tx = tx; (*tell)(s) }}, tx.run}
		tx.run, tx.session = told, session{told}
		return fn(tx)
	}
}

type recording struct {
	on   runner
	tell func(Statement)
}

func (r recording) exec(sql string, args []any) (int64, error) {
	rows := new(int64)
	r.tell(Statement{SQL: sql, Args: args, Rows: rows})
	n, err := r.on.exec(sql, args)
	*rows = n
	return n, err
}

func (r recording) query(sql string, args []any) (cursor, error) {
	r.tell(Statement{SQL: sql, Args: args, Reads: true})
	return r.on.query(sql, args)
}

func (r recording) row(sql string, args []any) (cursor, error) {
	r.tell(Statement{SQL: sql, Args: args, Reads: true})
	return r.on.row(sql, args)
}

type recordingTx struct {
	recording

	tx txRunner
}

func (r recordingTx) queue(sql string, args []any) {
	r.tell(Statement{SQL: sql, Args: args, Queued: true})
	r.tx.queue(sql, args)
}

func (r recordingTx) lock(keys []string) {
	r.tell(Statement{Locks: keys})
	r.tx.lock(keys)
}
