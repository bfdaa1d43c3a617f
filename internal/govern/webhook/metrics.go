package webhook

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ calls *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "interim_webhook_calls_total",
		Help: "Calls to webhooks, by event and outcome (answered, promised, failed).",
	}, []string{"event", "outcome"})}
	if r != nil {
		r.MustRegister(m.calls)
	}
	return m
}

func (m metrics) called(event Event, o outcome) {
	name := "answered"
	switch {
	case o.err != nil:
		name = "failed"
	case o.promised:
		name = "promised"
	}
	m.calls.WithLabelValues(string(event), name).Inc()
}
