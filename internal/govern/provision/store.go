package provision

import (
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

const columns = `id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, due_at, attempts, last_error, created_at`

func scan(r *db.Rows) (o Operation, err error) {
	var due, created int64
	err = r.Scan(&o.ID, &o.Kind, &o.GrantID, &o.Connector, &o.App, &o.Entitlement, &o.Account, &due, &o.Attempts, &o.LastError, &created)
	o.DueAt, o.CreatedAt = clock.FromMicros(due), clock.FromMicros(created)
	return o, err
}

// rows is how many operations one statement adds.
const rows = 50

// insert opens operations, due now or when the lease ends that the grant's former operation is under. A grant that has an open one
// keeps it.
func insert(tx *db.Tx, kind Kind, orders []Order, now time.Time, leases map[string]time.Time) {
	for _, chunk := range db.Chunks(orders, rows) {
		values, args := make([]byte, 0, len(chunk)*64), []any{string(kind), clock.Micros(now)}
		for _, o := range chunk {
			n := len(args) + 1
			values = fmt.Appendf(values, ",($%d,$1,$%d,$%d,$%d,$%d,$%d,'open',$%d,'',0,'','',$2,null,1)", n, n+1, n+2, n+3, n+4, n+5, n+6)
			args = append(args, id.New(now), o.GrantID, string(o.Connector), string(o.App), string(o.Entitlement), string(o.Account),
				clock.Micros(later(now, leases[o.GrantID])))
		}
		tx.Queue(`insert into operation (id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, state, due_at, lease,
				attempts, last_error, note, created_at, done_at, version) values `+string(values[1:])+`
			on conflict (grant_id) where state = 'open' do nothing`, args...)
	}
}

func supersedeSQL(n int) string {
	return `update operation set state = 'superseded', done_at = $1, version = version + 1
		where state = 'open' and kind <> $2 and grant_id in ` + db.In(n, 3) + ` returning grant_id, lease <> '' or attempts = 0, due_at`
}

// supersede closes the open operations of the other kind and returns, for those that a worker holds, when its lease ends. One that
// was never begun passes on what it waits for itself: the worker that an operation before it was taken from.
func supersede(tx *db.Tx, kind Kind, orders []Order, now time.Time) (map[string]time.Time, error) {
	args := []any{clock.Micros(now), string(kind)}
	for _, o := range orders {
		args = append(args, o.GrantID)
	}
	rows, err := tx.Query(supersedeSQL(len(orders)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	leases := map[string]time.Time{}
	for rows.Next() {
		var grantID string
		var waits bool
		var due int64
		if err := rows.Scan(&grantID, &waits, &due); err != nil {
			return nil, err
		}
		if waits {
			leases[grantID] = clock.FromMicros(due)
		}
	}
	return leases, rows.Err()
}

// head is a connector with open operations, and when the first of them is due.
type head struct {
	connector app.ConnectorID
	due       time.Time
}

// headsSQL goes through the index from connector to connector, so that a backlog costs nothing however long it is.
const headsSQL = `with recursive c(id) as (
		select min(connector_id) from operation where state = 'open'
		union all
		select (select min(o.connector_id) from operation o where o.state = 'open' and o.connector_id > c.id) from c where c.id is not null)
	select c.id, (select min(o.due_at) from operation o where o.state = 'open' and o.connector_id = c.id) from c where c.id is not null`

// heads returns all connectors with open operations.
func heads(q db.Q) ([]head, error) {
	return db.Collect(q, func(r *db.Rows) (h head, err error) {
		var due int64
		err = r.Scan(&h.connector, &due)
		h.due = clock.FromMicros(due)
		return h, err
	}, headsSQL)
}

const dueSQL = `select ` + columns + ` from operation
	where state = 'open' and connector_id = $1 and due_at <= $2 order by due_at, id limit $3`

// dueOf returns the first n due operations of a connector, without claiming them.
func dueOf(q db.Q, connector app.ConnectorID, now time.Time, n int) ([]Operation, error) {
	return db.Collect(q, scan, dueSQL, string(connector), clock.Micros(now), n)
}

// claim takes at most n due operations of a connector: they are the holder of the lease's until it ends.
func claim(tx *db.Tx, connector app.ConnectorID, lease string, now time.Time, n int) ([]Operation, error) {
	return db.Collect(tx, scan, claimSQL(tx.Skip()),
		string(connector), clock.Micros(now), n, clock.Micros(now.Add(Lease)), lease)
}

func claimSQL(skip string) string {
	return `with ready as materialized (select id from operation
			where state = 'open' and connector_id = $1 and due_at <= $2 order by due_at, id limit $3` + skip + `)
		update operation set due_at = $4, lease = $5, attempts = attempts + 1, version = version + 1
		where id in (select id from ready) returning ` + columns
}

// held returns which of the operations are still open under the lease, and keeps them so until the transaction ends.
func held(tx *db.Tx, lease string, outcomes []Outcome) (map[ID]bool, error) {
	args := []any{lease}
	for _, o := range outcomes {
		args = append(args, string(o.ID))
	}
	ids, err := db.Collect(tx, func(r *db.Rows) (i ID, err error) { return i, r.Scan(&i) },
		`select id from operation where state = 'open' and lease = $1 and id in `+db.In(len(outcomes), 2)+wait(tx), args...)
	all := make(map[ID]bool, len(ids))
	for _, i := range ids {
		all[i] = true
	}
	return all, err
}

// wait locks the rows of a select where the engine has rows to lock.
func wait(tx *db.Tx) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for update"
}

// finish closes operations that their target confirmed.
func finish(tx *db.Tx, done []Outcome, now time.Time) {
	args := []any{clock.Micros(now)}
	for _, o := range done {
		args = append(args, string(o.ID))
	}
	tx.Queue(`update operation set state = 'done', lease = '', done_at = $1, last_error = '', version = version + 1
		where id in `+db.In(len(done), 2), args...)
	for _, o := range done {
		if o.Note != "" {
			tx.Queue(`update operation set note = $2 where id = $1`, string(o.ID), o.Note)
		}
	}
}

func retry(tx *db.Tx, o ID, lastError string, dueAt time.Time) {
	tx.Queue(`update operation set due_at = $2, lease = '', last_error = $3, version = version + 1 where id = $1`,
		string(o), clock.Micros(dueAt), lastError)
}

// giveBack undoes a claim that led to no call; one that was cut short stays counted.
func giveBack(tx *db.Tx, o Outcome, now time.Time) {
	attempts := o.Attempts
	if o.Err == nil {
		attempts--
	}
	tx.Queue(`update operation set due_at = $2, lease = '', attempts = $3, version = version + 1 where id = $1`,
		string(o.ID), clock.Micros(now), attempts)
}

// free makes those operations due that were waiting for a superseded one whose worker has returned.
func free(tx *db.Tx, lease string, superseded []ID, now time.Time) {
	args := []any{clock.Micros(now), lease}
	for _, i := range superseded {
		args = append(args, string(i))
	}
	tx.Queue(`update operation set due_at = $1, version = version + 1
		where state = 'open' and attempts = 0 and due_at > $1 and grant_id in (
			select grant_id from operation where state = 'superseded' and lease = $2 and id in `+db.In(len(superseded), 3)+`)`, args...)
}

// remark leaves a word on due operations that cannot be carried out now.
func remark(tx *db.Tx, operations []Operation, lastError string) {
	for _, o := range operations {
		tx.Queue(`update operation set last_error = $2, version = version + 1
			where id = $1 and state = 'open' and lease = '' and last_error <> $2`, string(o.ID), lastError)
	}
}

// stillDue returns which of the operations nobody has claimed or closed, and keeps them so until the transaction ends.
func stillDue(tx *db.Tx, operations []Operation, now time.Time) (map[ID]bool, error) {
	args := []any{clock.Micros(now)}
	for _, o := range operations {
		args = append(args, string(o.ID))
	}
	ids, err := db.Collect(tx, func(r *db.Rows) (i ID, err error) { return i, r.Scan(&i) },
		`select id from operation where state = 'open' and due_at <= $1 and id in `+db.In(len(operations), 2)+wait(tx), args...)
	all := make(map[ID]bool, len(ids))
	for _, i := range ids {
		all[i] = true
	}
	return all, err
}

func recoverLeases(tx *db.Tx, now time.Time) error {
	_, err := tx.Exec(`update operation set due_at = $1, lease = '', version = version + 1
		where state = 'open' and due_at > $1 and (lease <> '' or attempts = 0)`, clock.Micros(now))
	return err
}

// changes returns what the operations are to change, in the words of their target. An account or entitlement that is deleted here
// still has its name there.
func changes(q db.Q, operations []Operation) (map[ID]Change, error) {
	all := make(map[ID]Change, len(operations))
	for _, chunk := range db.Chunks(operations) {
		args := make([]any, len(chunk))
		for i, o := range chunk {
			args[i] = string(o.ID)
		}
		rows, err := q.Query(`select o.id, a.external_id, a.username, a.display_name, e.external_id, e.slug, r.external_id, r.display_name
			from operation o
			join account a on a.app_id = o.app_id and a.id = o.account_id
			join entitlement e on e.app_id = o.app_id and e.id = o.entitlement_id
			join resource r on r.app_id = e.app_id and r.id = e.resource_id
			where o.id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		if err := scanChanges(rows, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func scanChanges(rows *db.Rows, all map[ID]Change) error {
	defer rows.Close()
	for rows.Next() {
		var i ID
		var c Change
		var shown string
		err := rows.Scan(&i, &c.Account.ExternalID, &c.Account.Name, &shown, &c.Entitlement.ExternalID, &c.Entitlement.Name,
			&c.Resource.ExternalID, &c.Resource.Name)
		if err != nil {
			return err
		}
		if c.Account.Name == "" {
			c.Account.Name = shown
		}
		all[i] = c
	}
	return rows.Err()
}
