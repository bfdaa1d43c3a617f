package provision

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ calls *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "interim_target_calls_total",
		Help: "Calls to target systems, by kind (grant, revoke) and outcome (ok, failed, refused).",
	}, []string{"kind", "outcome"})}
	if r != nil {
		r.MustRegister(m.calls)
	}
	return m
}

func (m metrics) called(kind Kind, err error) {
	outcome := "ok"
	switch {
	case IsPermanent(err):
		outcome = "refused"
	case err != nil:
		outcome = "failed"
	}
	m.calls.WithLabelValues(string(kind), outcome).Inc()
}
