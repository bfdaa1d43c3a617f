package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// side is one way of doing the same work.
type side struct {
	name  string
	round func(ctx context.Context, length time.Duration) (sample, error)
}

// sample is what one round gave.
type sample struct {
	rate     float64 // a second
	p50, p99 time.Duration
}

// contest runs rounds of all sides in turn, so that whatever else the machine does falls on all of them, and returns each side's
// medians. A shorter round of each, not counted, comes first.
func (b *bench) contest(ctx context.Context, figure string, sides ...side) ([]sample, error) {
	all := make([][]sample, len(sides))
	for n := range b.rounds + 1 {
		for i, s := range sides {
			length := b.round
			if n == 0 {
				length = max(b.round/3, 100*time.Millisecond)
			}
			stop, err := b.profile(n == 1, figure+"-"+s.name)
			if err != nil {
				return nil, err
			}
			runtime.GC()
			got, err := s.round(ctx, length)
			stop()
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", figure, s.name, err)
			}
			if n > 0 {
				all[i] = append(all[i], got)
				b.say("%s %d/%d  %-8s %10s  p50 %s  p99 %s", figure, n, b.rounds, s.name, perSecond(got.rate), millis(got.p50), millis(got.p99))
			}
		}
	}
	medians := make([]sample, len(sides))
	for i, rounds := range all {
		medians[i] = sample{
			rate: median(rounds, func(s sample) float64 { return s.rate }),
			p50:  median(rounds, func(s sample) time.Duration { return s.p50 }),
			p99:  median(rounds, func(s sample) time.Duration { return s.p99 }),
		}
	}
	return medians, nil
}

// median is the middle of what of says of all, the lower of two.
func median[T any, V cmp.Ordered](all []T, of func(T) V) V {
	values := make([]V, len(all))
	for i, x := range all {
		values[i] = of(x)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// profile begins a CPU profile of this process, if asked for.
func (b *bench) profile(wanted bool, name string) (stop func(), err error) {
	if !wanted || b.profiles == "" {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(b.profiles, b.engine+"-"+name+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

// sampleOf is the rate and the quantiles of things that took so long each and were done in a time.
func sampleOf(took []time.Duration, in time.Duration) sample {
	slices.Sort(took)
	return sample{rate: float64(len(took)) / in.Seconds(), p50: took[len(took)/2], p99: took[len(took)*99/100]}
}
