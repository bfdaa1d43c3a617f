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
	"syscall"
	"time"
)

// side is one way of doing the same work.
type side struct {
	name    string
	prepare func(length time.Duration) error // not counted; nil for nothing
	round   func(ctx context.Context, length time.Duration) (sample, error)
}

// sample is what one round gave.
type sample struct {
	rate     float64 // a second
	p50, p99 time.Duration
	cpu      time.Duration // of this process, for one
}

// contest runs rounds of all sides in turn, so that whatever else the machine does falls on all of them, and returns each side's
// medians. A shorter round of each, not counted, comes first.
func (b *bench) contest(ctx context.Context, figure string, sides ...side) ([]sample, error) {
	all := make([][]sample, len(sides))
	for n := range b.rounds + 1 {
		for i, s := range sides {
			length := b.round
			if n == 0 {
				length = max(b.round/3, time.Second)
			}
			got, err := b.once(ctx, s, length, n == 1, figure+"-"+s.name)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", figure, s.name, err)
			}
			if n > 0 {
				all[i] = append(all[i], got)
				b.say("%s %d/%d  %-8s %10s  p50 %s  p99 %s  %s CPU each", figure, n, b.rounds, s.name,
					perSecond(got.rate), millis(got.p50), millis(got.p99), micros(got.cpu))
			}
		}
	}
	medians := make([]sample, len(sides))
	for i, rounds := range all {
		medians[i] = sample{
			rate: median(rounds, func(s sample) float64 { return s.rate }),
			p50:  median(rounds, func(s sample) time.Duration { return s.p50 }),
			p99:  median(rounds, func(s sample) time.Duration { return s.p99 }),
			cpu:  median(rounds, func(s sample) time.Duration { return s.cpu }),
		}
	}
	return medians, nil
}

// once runs one round of a side.
func (b *bench) once(ctx context.Context, s side, length time.Duration, profiled bool, name string) (got sample, err error) {
	if s.prepare != nil {
		if err := s.prepare(length); err != nil {
			return got, err
		}
	}
	runtime.GC()
	stop, err := b.profile(profiled, name)
	if err != nil {
		return got, err
	}
	defer stop()
	began, before := time.Now(), consumed()
	got, err = s.round(ctx, length)
	got.cpu = time.Duration(float64(consumed()-before) / (got.rate * time.Since(began).Seconds()))
	return got, err
}

// consumed is the CPU time that this process has used.
func consumed() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
