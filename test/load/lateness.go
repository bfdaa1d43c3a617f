package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// atRest is how long after its end a single grant may still be thought of as live by a server that has nothing else to do. Access
// does not wait for that: checks know the end.
const atRest = 200 * time.Millisecond

// lateness measures it: the longest of several.
func (b *bench) lateness(ctx context.Context, w *works) error {
	var late []time.Duration
	set := b.world.noop.take(singles)
	err := w.while(ctx, func(ctx context.Context) error {
		for i := range set {
			at := time.Now().Add(time.Second).Truncate(time.Microsecond)
			if err := moveEnds(ctx, w, set[i:i+1], at); err != nil {
				return err
			}
			time.Sleep(time.Until(at))
			took, err := until(ctx, w, at, `select id from grants where id = $1 and ending_at is null and deprovision_at <= $2`,
				set[i], clock.Micros(at))
			if err != nil {
				return err
			}
			late = append(late, took)
			b.say("end at rest: %s late", millis(took))
		}
		_, err := until(ctx, w, time.Now(), stillThere, clock.Micros(time.Now()))
		return err
	})
	if err != nil {
		return errors.Join(errors.New("lateness"), err)
	}
	worst := slices.Max(late)
	b.add(result{
		name: "a single end at rest: noticed after, at most", figure: millis(worst), target: "≤ 200 ms", met: worst <= atRest,
	})
	return nil
}
