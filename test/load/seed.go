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
	rowsEach       = 100
	statementsEach = 50
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

// people writes the users and their accounts.
func (s *seeder) people(w *world) error {
	at := clock.Micros(s.now)
	err := s.bulk(`insert into users (id, kind, origin, status, display_name, email, email_folded, username, job_title, department,
			employment_status, employment_type, doc, search, created_at, updated_at, deleted_at, version)`,
		`(?,'HUMAN','LOCAL','ENABLED',?,?,?,?,'','','','','{}',?,?,?,null,1)`, len(w.users), func(i int) []any {
			name := fmt.Sprintf("Person %d", i)
			email := fmt.Sprintf("person%d@example.com", i)
			return []any{w.users[i], name, email, email, email, db.Fold(name + " " + email), at, at}
		})
	if err != nil {
		return err
	}
	return s.bulk(insertAccounts, accountTuple, len(w.accounts), func(i int) []any {
		u, k := i/accountsEach, i%accountsEach
		return account(w.apps[(u+13*k)%len(w.apps)].app, w.accounts[i], w.users[u], i, nil, "", at)
	})
}

const (
	insertAccounts = `insert into account (app_id, id, user_id, kind, status, status_details, display_name, email, username, search,
		sort_name, connector_id, external_id, doc, created_at, updated_at, deleted_at, version)`
	accountTuple = `(?,?,?,'USER','ENABLED','',?,'',?,?,?,?,?,'{}',?,?,null,1)`
)

func account(in app.ID, account, user string, n int, connector any, external string, at int64) []any {
	name := fmt.Sprintf("account%d", n)
	return []any{string(in), account, user, name, name, name, app.SortName(name), connector, external, at, at}
}

var (
	insertGrants = `insert into grants (` + grant.Columns("") + `)`
	grantTuple   = `(?,?,?,?,?,'active','manual',0,?,false,?,?,null,null,null,'','','',null,false,'','','','','','','','','',?,1)`
)

// held writes the live grants. They end one after the other from a month from now on.
func (s *seeder) held(w *world) error {
	ids, at := s.ids(w.grants()), clock.Micros(s.now)
	first := clock.Micros(s.now.AddDate(0, 1, 0))
	return s.bulk(insertGrants, grantTuple, len(ids), func(i int) []any {
		h := w.holding(i * 7919 % len(ids)) // given in no order
		return []any{ids[i], string(h.app), string(h.entitlement), string(h.account), nil, first + int64(i)*int64(time.Second/time.Microsecond), at, at, at}
	})
}

// together writes the accounts and grants of the no-op app.
func (s *seeder) together(w *world) error {
	all := w.noop.single
	for _, set := range w.noop.sets {
		all = append(all, set...)
	}
	c, at := w.noop.connector, clock.Micros(s.now)
	err := s.bulk(insertAccounts, accountTuple, len(all), func(i int) []any {
		return account(c.AppID, all[i], w.users[i%len(w.users)], i, string(c.ID), strconv.Itoa(i), at)
	})
	if err != nil {
		return err
	}
	ids, end := s.ids(len(all)), clock.Micros(s.now.AddDate(1, 0, 0))
	return s.bulk(insertGrants, grantTuple, len(all), func(i int) []any {
		return []any{ids[i], string(c.AppID), string(w.noop.entitlement), all[i], string(c.ID), end, at, at, at}
	})
}
