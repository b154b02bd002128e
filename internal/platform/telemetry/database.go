package telemetry

import (
	"avain/internal/platform/store"

	"github.com/prometheus/client_golang/prometheus"
)

// database reads the figures of the store at each scrape.
type database struct {
	stats   func() store.Stats
	figures []figure
}

type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(store.Stats) float64
}

func newDatabase(stats func() store.Stats) *database {
	gauge, count := prometheus.GaugeValue, prometheus.CounterValue
	d := &database{stats: stats}
	for _, f := range []struct {
		name, help string
		kind       prometheus.ValueType
		read       func(store.Stats) float64
	}{
		{"connections_open", "Open connections.", gauge, func(s store.Stats) float64 { return float64(s.Open) }},
		{"connections_in_use", "Connections at work.", gauge, func(s store.Stats) float64 { return float64(s.InUse) }},
		{"connection_waits_total", "Times that a caller waited for a connection.", count, func(s store.Stats) float64 { return float64(s.Waits) }},
		{"connection_wait_seconds_total", "Time that callers waited for connections.", count, func(s store.Stats) float64 { return s.Waited.Seconds() }},
		{"write_queue", "Writes that wait (SQLite).", gauge, func(s store.Stats) float64 { return float64(s.Queue) }},
		{"write_batches_total", "Durable commits (SQLite).", count, func(s store.Stats) float64 { return float64(s.Batches) }},
		{"writes_total", "Writes in them (SQLite).", count, func(s store.Stats) float64 { return float64(s.Writes) }},
		{"size_bytes", "Size of the file and its log (SQLite).", gauge, func(s store.Stats) float64 { return float64(s.Bytes) }},
	} {
		desc := prometheus.NewDesc("avain_database_"+f.name, f.help, nil, nil)
		d.figures = append(d.figures, figure{desc, f.kind, f.read})
	}
	return d
}

// Describe implements [prometheus.Collector].
func (d *database) Describe(out chan<- *prometheus.Desc) {
	for _, f := range d.figures {
		out <- f.desc
	}
}

// Collect implements [prometheus.Collector].
func (d *database) Collect(out chan<- prometheus.Metric) {
	stats := d.stats()
	for _, f := range d.figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(stats))
	}
}
