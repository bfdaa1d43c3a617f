package due

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/platform/clock"
)

func TestMetricsShowCallsFailuresAndHowLateTheWorkIs(t *testing.T) {
	fake := clock.NewFake(start)
	r := newRows("grant-end", start, start, start.Add(time.Hour))
	r.batch = 1
	registry := prometheus.NewRegistry()
	l := New(Options{Clock: fake, Log: slog.New(slog.DiscardHandler), Sources: []Source{r, newRows("quiet")}, Registerer: registry})
	w := l.workers[0]

	for range 2 { // two batches of one
		if n, _, err := w.step(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, waits, err := w.step(t.Context()); !waits || err != nil {
		t.Fatal(waits, err)
	}
	expect(t, registry, map[string]float64{
		"interim_due_runs_total": 2, "interim_due_handled_total": 2, "interim_due_failures_total": 0, "interim_due_lag_seconds": 0,
	})

	fake.Advance(time.Hour + 90*time.Second)
	r.fail, w.jitter = errors.New("out of reach"), func() float64 { return 0 }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.run(ctx); close(ended) }()
	fake.AwaitWaiter(fake.Now().Add(time.Second))
	fake.Advance(time.Second)
	fake.AwaitWaiter(fake.Now().Add(2 * time.Second))
	cancel()
	<-ended
	expect(t, registry, map[string]float64{
		"interim_due_runs_total": 2, "interim_due_handled_total": 2, "interim_due_failures_total": 2, "interim_due_lag_seconds": 91,
	})
}

// expect compares the metrics of the source grant-end; those of the quiet one are 0.
func expect(t *testing.T, registry *prometheus.Registry, want map[string]float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil || len(families) != len(want) {
		t.Fatalf("%d families, %v", len(families), err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			switch source := m.GetLabel()[0].GetValue(); {
			case source == "grant-end" && value != want[f.GetName()]:
				t.Errorf("%s = %v, want %v", f.GetName(), value, want[f.GetName()])
			case source == "quiet" && value != 0:
				t.Errorf("%s of the quiet source = %v", f.GetName(), value)
			}
		}
	}
}
