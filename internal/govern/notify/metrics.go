package notify

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct{ tries *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "interim_notifications_total",
		Help: "Tries to tell people, by channel (mail, webhook) and outcome (sent, retried, failed).",
	}, []string{"channel", "outcome"})}
	if r != nil {
		r.MustRegister(m.tries)
	}
	return m
}

func (m metrics) told(c Channel, outcome string) {
	m.tries.WithLabelValues(strings.ToLower(string(c)), outcome).Inc()
}
