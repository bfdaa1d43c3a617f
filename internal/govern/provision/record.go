package provision

import (
	"context"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// record writes outcomes down as they come: whatever is there when the last transaction is over goes into the next, so that a slow
// target's successes are on record at once and a fast one's share their commits.
func (j *job) record(ctx context.Context, lease string, outcomes <-chan Outcome) (err error) {
	// What the target did is recorded also when the server stops: else it would be asked again.
	ctx = context.WithoutCancel(ctx)
	for first := range outcomes {
		ready := gather(first, outcomes)
		if err == nil {
			err = j.DB.Write(ctx, func(tx *db.Tx) error { return j.write(tx, lease, ready) })
		}
		// After a failed write the rest is read and dropped: the leases run out and the operations are called again.
	}
	return err
}

// gather takes what is there already, at most write outcomes.
func gather(first Outcome, outcomes <-chan Outcome) []Outcome {
	ready := []Outcome{first}
	for len(ready) < write {
		select {
		case o, ok := <-outcomes:
			if !ok {
				return ready
			}
			ready = append(ready, o)
		default:
			return ready
		}
	}
	return ready
}

// write moves the operations that are still the lease's and tells the grants; about the others nothing is said.
func (j *job) write(tx *db.Tx, lease string, outcomes []Outcome) error {
	now := j.Clock.Now()
	if err := j.done.LockGrants(tx, grantIDs(outcomes)); err != nil {
		return err
	}
	ours, err := held(tx, lease, outcomes)
	if err != nil {
		return err
	}
	var done, failed []Outcome
	var lost []ID
	for _, o := range outcomes {
		switch {
		case !ours[o.ID]:
			lost = append(lost, o.ID)
		case o.off:
			giveBack(tx, o, now)
		case o.Err != nil:
			failed = append(failed, o)
			retry(tx, o.ID, o.Words(), now.Add(backoff(o.Attempts, o.Err, spread())))
		default:
			done = append(done, o)
		}
	}
	if len(lost) > 0 {
		free(tx, lease, lost, now)
		due.Wake(tx, now)
	}
	if len(failed) > 0 {
		if err := j.done.OperationsFailed(tx, failed, now); err != nil {
			return err
		}
	}
	if len(done) > 0 {
		finish(tx, done, now)
		return j.done.OperationsDone(tx, done, now)
	}
	return nil
}

// abandon closes operations that nobody can carry out any more, because their connector was deleted.
func (j *job) abandon(ctx context.Context, operations []Operation) error {
	return j.DB.Write(ctx, func(tx *db.Tx) error {
		now := j.Clock.Now()
		var ours []Operation
		var closed []Outcome
		ids := make([]string, len(operations))
		for i, o := range operations {
			ids[i] = o.GrantID
		}
		if err := j.done.LockGrants(tx, ids); err != nil {
			return err
		}
		open, err := stillDue(tx, operations, now)
		if err != nil {
			return err
		}
		for _, o := range operations {
			if open[o.ID] {
				ours = append(ours, o)
				closed = append(closed, Outcome{Operation: o, Note: "the connector was deleted; the target was not called"})
			}
		}
		if len(ours) == 0 {
			return nil
		}
		finish(tx, closed, now)
		return j.done.OperationsAbandoned(tx, ours, now)
	})
}

func grantIDs(outcomes []Outcome) []string {
	ids := make([]string, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.GrantID
	}
	return ids
}
