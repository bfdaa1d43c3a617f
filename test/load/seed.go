package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// Rows are written many to a statement, and many statements to a transaction.
const (
	rowsEach       = 20 // the SQLite driver looks up each of a statement's parameters by going through all of them
	statementsEach = 250
)

// seeder writes rows as the services would have, only faster.
type seeder struct {
	*db.DB

	ctx   context.Context //nolint:containedctx // one errand, one context
	clock clock.Clock
	now   time.Time
	made  int // identities
}

// ids are identities as if made one after the other, a microsecond each.
func (s *seeder) ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		s.made++
		list[i] = id.New(s.now.Add(time.Duration(s.made) * time.Microsecond))
	}
	return list
}

// bulk inserts n rows. In tuple each ? stands for one of the values that row returns.
func (s *seeder) bulk(head, tuple string, n int, row func(i int) []any) error {
	const most = rowsEach * statementsEach
	full := rows(head, tuple, rowsEach)
	for from := 0; from < n; from += most {
		err := s.Write(s.ctx, func(tx *db.Tx) error {
			for at := from; at < min(from+most, n); at += rowsEach {
				count, text := min(rowsEach, n-at), full
				if count < rowsEach {
					text = rows(head, tuple, count)
				}
				var args []any
				for i := range count {
					args = append(args, row(at+i)...)
				}
				tx.Queue(text, args...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rows is the text of an insert of n rows.
func rows(head, tuple string, n int) string {
	var b strings.Builder
	b.WriteString(head + " values ")
	at := 0
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for part := range strings.SplitSeq(tuple, "?") {
			if !strings.HasPrefix(part, "(") {
				at++
				b.WriteString("$" + strconv.Itoa(at))
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

// unindexed runs fn while a table has no index but its key, and then makes the others again, which sorts each once.
func (s *seeder) unindexed(table string, fn func() error) error {
	known := `select name, sql from sqlite_master where type = 'index' and tbl_name = $1 and sql is not null`
	if s.Engine() == db.Postgres {
		known = `select indexname, indexdef from pg_indexes where schemaname = current_schema() and tablename = $1
			and indexname not in (select conname from pg_constraint)`
	}
	type index struct{ name, sql string }
	list, err := db.Collect(s.Q(s.ctx), func(r *db.Rows) (i index, err error) { return i, r.Scan(&i.name, &i.sql) }, known, table)
	if err != nil {
		return err
	}
	for _, i := range list {
		if err := s.exec("drop index " + i.name); err != nil {
			return err
		}
	}
	if err := fn(); err != nil {
		return err
	}
	for _, i := range list {
		if err := s.exec(i.sql); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) exec(sql string) error {
	return s.Write(s.ctx, func(tx *db.Tx) error { _, err := tx.Exec(sql); return err })
}

// people writes the users.
func (s *seeder) people(w *world) error {
	at := clock.Micros(s.now)
	return s.bulk(`insert into users (id, kind, origin, status, display_name, email, email_folded, username, job_title, department,
			employment_status, employment_type, doc, search, created_at, updated_at, deleted_at, version)`,
		`(?,'HUMAN','LOCAL','ENABLED',?,?,?,?,'','','','','{}',?,?,?,null,1)`, len(w.users), func(i int) []any {
			name, email := fmt.Sprintf("Person %d", i), fmt.Sprintf("person%d@example.com", i)
			return []any{w.users[i], name, email, email, email, db.Fold(name + " " + email), at, at}
		})
}

// accounts writes the accounts: those of the apps without a connector, and those of the no-op app.
func (s *seeder) accounts(w *world) error {
	noop, at := w.noop.accounts, clock.Micros(s.now)
	return s.bulk(`insert into account (app_id, id, user_id, kind, status, status_details, display_name, email, username, search,
			sort_name, connector_id, external_id, doc, created_at, updated_at, deleted_at, version)`,
		`(?,?,?,'USER','ENABLED','',?,'',?,?,?,?,?,'{}',?,?,null,1)`, len(w.accounts)+len(noop), func(i int) []any {
			name := fmt.Sprintf("account%d", i)
			if n := i - len(w.accounts); n >= 0 {
				c := w.noop.connector
				return []any{string(c.AppID), noop[n], w.users[n%len(w.users)], name, name, name, app.SortName(name), string(c.ID), name, at, at}
			}
			u, k := i/accountsEach, i%accountsEach
			return []any{string(w.place(u, k).app), w.accounts[i], w.users[u], name, name, name, app.SortName(name), nil, "", at, at}
		})
}

// holders writes whose the accounts are: theirs from the beginning.
func (s *seeder) holders(w *world) error {
	at := clock.Micros(s.now)
	return s.bulk(`insert into account_holder (app_id, account_id, user_id, from_at, until_at)`, `(?,?,?,?,null)`,
		len(w.accounts)+len(w.noop.accounts), func(i int) []any {
			if n := i - len(w.accounts); n >= 0 {
				return []any{string(w.noop.connector.AppID), w.noop.accounts[n], w.users[n%len(w.users)], at}
			}
			u, k := i/accountsEach, i%accountsEach
			return []any{string(w.place(u, k).app), w.accounts[i], w.users[u], at}
		})
}

// held writes the live grants. Those of the no-op app end in a year, the others one after the other from a month from now on.
func (s *seeder) held(w *world) error {
	ids, at := append(s.ids(w.grants()), w.noop.grants...), clock.Micros(s.now)
	first, last := s.now.AddDate(0, 1, 0), clock.Micros(s.now.AddDate(1, 0, 0))
	return s.bulk(`insert into grants (`+grant.Columns("")+`)`,
		`(?,?,?,?,?,'active','manual',0,?,false,?,?,null,null,null,'','','',null,false,'','','','','','','','','',?,1,0,0,null)`,
		len(ids), func(i int) []any {
			if n := i - w.grants(); n >= 0 {
				c := w.noop.connector
				return []any{ids[i], string(c.AppID), string(w.noop.entitlement), w.noop.accounts[n], string(c.ID), last, at, at, at}
			}
			h := w.holding(i * stride % w.grants()) // given in no order
			end := clock.Micros(first.Add(time.Duration(i) * time.Second))
			return []any{ids[i], string(h.app), string(h.entitlement), string(h.account), nil, end, at, at, at}
		})
}
