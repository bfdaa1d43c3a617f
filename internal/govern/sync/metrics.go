package sync

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ runs *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "interim_sync_runs_total", Help: "Readings of target systems, by how they ended (done, failed, refused).",
	}, []string{"state"})}
	if r != nil {
		r.MustRegister(m.runs)
	}
	return m
}

func (m metrics) ended(s State) { m.runs.WithLabelValues(string(s)).Inc() }
