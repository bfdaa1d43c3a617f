package request

import (
	"encoding/json"
	"fmt"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
)

// StatusSQL is the condition that a request has a state, of whose tasks t is the first.
func StatusSQL(s Status) string {
	const (
		pending   = `%s.state = 'OPEN' and %[1]s.step <> 'PROVISION'`
		denied    = `%s.outcome = 'DENIED'`
		abandoned = `%s.outcome in ('CANCELLED', 'WAIT_TIMED_OUT')`
	)
	some := func(cond string) string {
		return `(` + fmt.Sprintf(cond, "t") + ` or exists (select 1 from task o where o.first_id = t.id and o.first_id <> '' and ` +
			fmt.Sprintf(cond, "o") + `))`
	}
	switch s {
	case Pending: // begins with what is open, of which there is less than of all there ever was
		return `t.number in (select coalesce(f.number, o.number) from task o left join task f on f.id = o.first_id
			where ` + fmt.Sprintf(pending, "o") + ` and o.kind = 'GRANT')`
	case Denied:
		return some(denied) + ` and not ` + some(pending)
	case Canceled:
		return abandonedAll(abandoned)
	case Approved:
		return `not ` + some(pending) + ` and not ` + some(denied) + ` and not ` + abandonedAll(abandoned)
	default:
		return `0 = 1`
	}
}

// abandonedAll is the condition that all tasks of a request are as cond says.
func abandonedAll(cond string) string {
	return `(` + fmt.Sprintf(cond, "t") + ` and not exists (select 1 from task o where o.first_id = t.id and o.first_id <> '' and not ` +
		fmt.Sprintf(cond, "o") + `))`
}

func save(tx *db.Tx, id task.ID, d Details) error {
	if d.empty() {
		return nil
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("details of request %s: %w", id, err)
	}
	tx.Queue(`insert into request (id, doc) values ($1, $2)`, string(id), string(b))
	return nil
}

// many reads the details of requests; those without any are left out.
func many(q db.Q, ids []task.ID) (map[task.ID]Details, error) {
	out := map[task.ID]Details{}
	for _, chunk := range db.Chunks(ids) {
		args := make([]any, len(chunk))
		for n, id := range chunk {
			args[n] = string(id)
		}
		type row struct {
			id  task.ID
			doc string
		}
		rows, err := db.Collect(q, func(r *db.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.doc) },
			`select id, doc from request where id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		for _, v := range rows {
			var d Details
			if err := json.Unmarshal([]byte(v.doc), &d); err != nil {
				return nil, fmt.Errorf("details of request %s: %w", v.id, err)
			}
			out[v.id] = d
		}
	}
	return out, nil
}
