package grant

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// What a scrape may cost, and how old its answer may be.
const (
	countAtMost  = 100_000
	scrapeLimit  = 2 * time.Second
	scrapeMaxAge = 5 * time.Second
)

// metrics tell an operator whether ends are kept. What is overdue is read from the database when somebody looks, so that every
// replica tells the same and none keeps count; it is remembered for a moment, so that looking costs little.
type metrics struct {
	service *Service
	overdue *prometheus.Desc
	oldest  *prometheus.Desc
	lateBy  prometheus.Histogram

	mu    sync.Mutex
	at    time.Time
	count float64
	since time.Time
}

func newMetrics(s *Service) *metrics {
	m := &metrics{
		service: s,
		overdue: prometheus.NewDesc("interim_grants_overdue",
			"Grants past their end whose removal the target has not confirmed; counted up to 100000.", nil, nil),
		oldest: prometheus.NewDesc("interim_grant_overdue_age_seconds",
			"How long the longest overdue grant has been past its end; 0 if none is.", nil, nil),
		lateBy: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "interim_grant_end_lateness_seconds",
			Help:    "How long after its end a grant was moved to ending. Access does not wait for that.",
			Buckets: []float64{.01, .025, .05, .1, .2, .5, 1, 2, 5, 15, 60, 300},
		}),
	}
	if s.Registerer != nil {
		s.Registerer.MustRegister(m, m.lateBy)
	}
	return m
}

func (m *metrics) late(ended []held, now time.Time) {
	for _, h := range ended {
		if !h.EndingAt.IsZero() {
			m.lateBy.Observe(max(now.Sub(h.EndingAt), 0).Seconds())
		}
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) { out <- m.overdue; out <- m.oldest }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.service.Clock.Now()
	if m.at.IsZero() || now.Sub(m.at) >= scrapeMaxAge {
		if err := m.read(now); err != nil {
			out <- prometheus.NewInvalidMetric(m.overdue, err)
			return
		}
		m.at = now
	}
	age := 0.0
	if !m.since.IsZero() {
		age = max(now.Sub(m.since), 0).Seconds()
	}
	out <- prometheus.MustNewConstMetric(m.overdue, prometheus.GaugeValue, m.count)
	out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, age)
}

func (m *metrics) read(now time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	return m.service.DB.Read(ctx, func(q db.Q) error {
		var removing, unnoticed int64
		var since, missed *int64
		err := q.Row(`select count(*), min(at) from (
			select ending_at as at from grants where ending_at is not null and ended_at is null order by ending_at, id limit $1) x`, countAtMost).
			Scan(&removing, &since)
		if err != nil {
			return err
		}
		err = q.Row(`select count(*), min(at) from (
			select at from (select deprovision_at as at from grants where deprovision_at is not null and ending_at is null
				and deprovision_at <= $1 and (derived = 0 or force_end) order by deprovision_at, id limit $2) as y
			union all
			select at from (select derived_until as at from grants where derived_until is not null and ending_at is null
				and derived_until <= $1 and not force_end and `+OverSQL("", "$1")+` order by derived_until, id limit $2) as z) x`,
			us(now), countAtMost).
			Scan(&unnoticed, &missed)
		m.count, m.since = float64(removing+unnoticed), clock.FromNull(since)
		if at := clock.FromNull(missed); !at.IsZero() && (m.since.IsZero() || at.Before(m.since)) {
			m.since = at
		}
		return err
	})
}
