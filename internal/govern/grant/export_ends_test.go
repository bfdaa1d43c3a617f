package grant

import (
	"context"
	"time"
)

// DueSQL is the batch of ends, as PostgreSQL is asked for it.
var DueSQL = dueSQL + " for update of g skip locked"

// Ahead reads the ends that have come by now, and returns what writes them.
func (e Ender) Ahead(ctx context.Context, now time.Time) (write func() (int, error)) {
	a := <-e.ahead(ctx, now, nil)
	return func() (int, error) { return e.write(ctx, a.batches) }
}
