package db

import "context"

// sqliteTx is a transaction of a reader, or a member's part of the writer's.
// After its first error it does nothing more, as on PostgreSQL.
type sqliteTx struct {
	conn *sqliteConn // nil once it has ended
	ctx  context.Context
	err  error
}

func (t *sqliteTx) exec(text string, args []any) (int64, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	n, err := t.conn.exec(text, args)
	return n, t.note(err)
}

func (t *sqliteTx) query(text string, args []any) (cursor, error) {
	return t.start(t.ctx, text, args)
}

func (t *sqliteTx) row(text string, args []any) (cursor, error) {
	return t.start(context.Background(), text, args)
}

func (t *sqliteTx) start(watched context.Context, text string, args []any) (cursor, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	rows, err := t.conn.query(watched, text, args)
	if t.note(err) != nil {
		return nil, err
	}
	rows.lose = t
	return rows, nil
}

func (t *sqliteTx) queue(text string, args []any) { _, _ = t.exec(text, args) }
func (t *sqliteTx) lock([]string)                 {}

func (t *sqliteTx) usable() error {
	if t.conn == nil {
		return errEnded
	}
	return t.err
}

// note remembers the first error.
func (t *sqliteTx) note(err error) error {
	if t.err == nil {
		t.err = err
	}
	return err
}

// end closes what the closure left open; the tx is of no use any more.
func (t *sqliteTx) end() {
	if t.conn != nil {
		t.conn.endRows()
		t.conn = nil
	}
}
