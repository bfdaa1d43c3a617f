package grant

import (
	"context"
	"time"
)

// DueSQL is the batch of ends, as PostgreSQL is asked for it.
var DueSQL = dueSQL + " for update of g skip locked"

// Ahead reads the ends that have come by now, and returns what writes them.
func (e Ender) Ahead(ctx context.Context, now time.Time) (write func() (int, error)) {
	b := <-e.ahead(ctx, now).batches
	return func() (int, error) {
		n, _, err := e.write(ctx, []*batch{b}, nil)
		return n, err
	}
}
