package due

import "github.com/prometheus/client_golang/prometheus"

// metrics shows the workers at the moment somebody looks.
type metrics struct{ workers []*worker }

var (
	runs = prometheus.NewDesc("interim_due_runs_total",
		"Batches a source of due work was called for.", []string{"source"}, nil)
	handled = prometheus.NewDesc("interim_due_handled_total",
		"Rows a source of due work handled.", []string{"source"}, nil)
	failures = prometheus.NewDesc("interim_due_failures_total",
		"Calls of a source of due work that failed.", []string{"source"}, nil)
	lag = prometheus.NewDesc("interim_due_lag_seconds",
		"How long the earliest due row of a source has been waiting; 0 when none is past its time.", []string{"source"}, nil)
)

// Describe implements prometheus.Collector.
func (metrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{runs, handled, failures, lag} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(c chan<- prometheus.Metric) {
	for _, w := range m.workers {
		name := w.source.Name()
		for d, v := range map[*prometheus.Desc]int64{runs: w.runs.Load(), handled: w.handled.Load(), failures: w.failures.Load()} {
			c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), name)
		}
		c <- prometheus.MustNewConstMetric(lag, prometheus.GaugeValue, w.lag(), name)
	}
}

// lag is how many seconds the earliest due time lies in the past.
func (w *worker) lag() float64 {
	at := w.due.Load()
	if at == nil {
		return 0
	}
	return max(w.clock.Now().Sub(*at).Seconds(), 0)
}
