package telemetry

import (
	"avain/internal/platform/connlimit"

	"github.com/prometheus/client_golang/prometheus"
)

// connections reads the figures of the public listener's connections at each scrape. The
// labels are words of package connlimit: never an address.
type connections struct {
	stats                  func() connlimit.Stats
	open, refused, evicted *prometheus.Desc
}

func newConnections(stats func() connlimit.Stats) connections {
	return connections{
		stats:   stats,
		open:    prometheus.NewDesc("avain_connections_open", "Open connections of people and apps, by what happens on them.", []string{"stage"}, nil),
		refused: prometheus.NewDesc("avain_connections_refused_total", "Connections that were closed at once, by what was full.", []string{"full"}, nil),
		evicted: prometheus.NewDesc("avain_connections_evicted_total", "Connections that were closed to make room for others, by what happened on them.", []string{"stage"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c connections) Describe(out chan<- *prometheus.Desc) {
	out <- c.open
	out <- c.refused
	out <- c.evicted
}

// Collect implements [prometheus.Collector].
func (c connections) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	for stage, n := range s.Open {
		out <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(n), stage)
	}
	for full, n := range s.Refused {
		out <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(n), full)
	}
	for stage, n := range s.Evicted {
		out <- prometheus.MustNewConstMetric(c.evicted, prometheus.CounterValue, float64(n), stage)
	}
}
