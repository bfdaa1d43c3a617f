package stream

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ calls, events *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "interim_event_stream_calls_total",
			Help: "Calls to the receivers of event streams, by outcome (answered, failed).",
		}, []string{"outcome"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "interim_event_stream_events_total", Help: "Events that receivers of event streams took.",
		}, nil),
	}
	if r != nil {
		r.MustRegister(m.calls, m.events)
	}
	return m
}

func (m metrics) called(events int, err error) {
	if err != nil {
		m.calls.WithLabelValues("failed").Inc()
		return
	}
	m.calls.WithLabelValues("answered").Inc()
	m.events.WithLabelValues().Add(float64(events))
}
