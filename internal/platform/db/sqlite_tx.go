package db

import (
	"context"
	"errors"
	"strings"
)

// sqliteTx is a transaction of a reader, or a member's part of the writer's.
// After its first error it does nothing more, as on PostgreSQL.
type sqliteTx struct {
	conn  *sqliteConn // nil once it has ended
	ctx   context.Context
	err   error
	dirty bool // it has changed something, or may have
}

func (t *sqliteTx) exec(text string, args []any) (int64, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	word := verb(text)
	if err := t.note(refused(word)); err != nil {
		return 0, err
	}
	n, err := t.conn.exec(text, args)
	if n > 0 || word != "insert" && word != "update" && word != "delete" { // of other statements SQLite does not count rows
		t.dirty = true
	}
	return n, t.note(err)
}

// verb is the first word of a statement, if it is written in lower case.
func verb(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	end := 0
	for end < len(text) && text[end] >= 'a' && text[end] <= 'z' {
		end++
	}
	return text[:end]
}

// refused answers an error for a statement that would end the transaction
// under the members that share it.
func refused(word string) error {
	switch word {
	case "begin", "commit", "end", "rollback", "savepoint", "release":
		return errors.New("db: a transaction is begun and ended by Write")
	}
	return nil
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
	word := verb(text)
	if err := t.note(refused(word)); err != nil {
		return nil, err
	}
	rows, err := t.conn.query(watched, text, args)
	if t.note(err) != nil {
		return nil, err
	}
	rows.lose, rows.changes = t, word != "select" && !t.dirty
	if rows.changes {
		t.dirty = true
	}
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
