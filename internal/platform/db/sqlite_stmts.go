package db

import (
	"container/list"
	"errors"
	"strings"
)

// maxStatements bounds what one connection keeps prepared.
const maxStatements = 256

// statements are a connection's prepared statements by text; the one not used
// for longest goes when there are too many. The zero value is ready.
type statements struct {
	byText map[string]*list.Element
	order  list.List // of prepared, the latest used first
}

type prepared struct {
	text  string
	stmt  *statement
	order []int // the number of the value for each of its parameters
}

func (s *statements) get(text string, prepare func(string) (*statement, error)) (*prepared, error) {
	if e := s.byText[text]; e != nil {
		s.order.MoveToFront(e)
		return e.Value.(*prepared), nil
	}
	plain, order := positional(text)
	if rows, ok := strings.CutPrefix(plain, "insert into "); ok {
		// A statement that fails loses its transaction, and by default SQLite keeps a copy of every page that it changes for the case that it
		// alone has to be undone.
		plain = "insert or fail into " + rows
	}
	// SQLite looks at the value of a limit as it prepares, and prepares the statement anew when another is bound.
	plain = strings.ReplaceAll(plain, " limit ?", " limit 0 + ?")
	stmt, err := prepare(plain)
	if err != nil {
		return nil, err
	}
	p := &prepared{text, stmt, order}
	if s.byText == nil {
		s.byText = make(map[string]*list.Element, maxStatements)
	}
	s.byText[text] = s.order.PushFront(p)
	if s.order.Len() > maxStatements {
		last := s.order.Remove(s.order.Back()).(*prepared)
		delete(s.byText, last.text)
		_ = last.stmt.Finalize()
	}
	return p, nil
}

func (s *statements) close() error {
	var errs []error
	for e := s.order.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*prepared).stmt.Finalize())
	}
	s.byText = nil
	s.order.Init()
	return errors.Join(errs...)
}
