package policy

import (
	"errors"
	"sync"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// maxVersions bounds how many policies are kept as they were read last.
const maxVersions = 256

// versions are policies as they were read last. Whoever asks for one reads which version it has now, and its document only where that is
// another: nobody has to tell anybody of a change. What is answered is shared, and for reading.
type versions struct {
	sync.Mutex

	last map[ID]Policy
}

// live is [live] for who changes nothing of the answer.
func (v *versions) live(q db.Q, id ID) (Policy, error) {
	v.Lock()
	p, known := v.last[id]
	v.Unlock()
	if known {
		var now int64
		switch err := q.Row(`select version from policy where id = $1 and deleted_at is null`, string(id)).Scan(&now); {
		case errors.Is(err, db.ErrNoRows):
			return Policy{}, fault.Missing("policy", string(id))
		case err != nil:
			return Policy{}, err
		case now == p.Version:
			return p, nil
		}
	}
	p, err := live(q, id)
	if err != nil {
		return p, err
	}
	v.Lock()
	defer v.Unlock()
	if v.last == nil || len(v.last) >= maxVersions {
		v.last = map[ID]Policy{}
	}
	v.last[id] = p
	return p, nil
}
