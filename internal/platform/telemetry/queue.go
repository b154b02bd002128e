package telemetry

import (
	"context"
	"slices"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"

	"github.com/prometheus/client_golang/prometheus"
)

// JobTried counts a try of a job; it is what package jobs' Observe calls.
func (m *Metrics) JobTried(kind string, outcome jobs.Outcome, took time.Duration) {
	kind = m.words.known("kind", kind)
	m.jobs.WithLabelValues(kind, m.words.known("outcome", string(outcome))).Inc()
	m.jobSeconds.WithLabelValues(kind).Observe(seconds(took))
}

// JobKinds names the kinds of job that this process works on: their figures exist from
// the start, so that alerts see them. Call it before the first scrape.
func (m *Metrics) JobKinds(kinds ...string) {
	for _, kind := range kinds {
		kind = m.words.known("kind", kind)
		for _, outcome := range jobs.Outcomes() {
			m.jobs.WithLabelValues(kind, m.words.known("outcome", string(outcome)))
		}
		m.jobSeconds.WithLabelValues(kind)
		if !slices.Contains(m.jobKinds, kind) { // the same figure twice breaks the scrape
			m.jobKinds = append(m.jobKinds, kind)
		}
	}
}

// queueTime bounds the counting of jobs at a scrape. Without an answer the figures are
// missing from it, which an alert can see; all others are there.
const queueTime = 2 * time.Second

// jobQueue counts the jobs at each scrape.
type jobQueue struct {
	depths                func(context.Context) ([]queue.Depth, error)
	now                   func() time.Time
	words                 *words
	kinds                 *[]string
	waiting, dead, oldest *prometheus.Desc
}

func newQueue(c Config, m *Metrics) *jobQueue {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("avain_jobs_"+name, help, []string{"kind"}, nil)
	}
	return &jobQueue{
		depths: c.Jobs, now: c.Now, words: &m.words, kinds: &m.jobKinds,
		waiting: desc("waiting", "Jobs that are not finished."),
		dead:    desc("dead", "Jobs that were given up and wait for a person."),
		oldest:  desc("oldest_seconds", "How long the first of the jobs has been due; 0 when none is."),
	}
}

// Describe implements [prometheus.Collector].
func (q *jobQueue) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{q.waiting, q.dead, q.oldest} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (q *jobQueue) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTime)
	defer cancel()
	depths, err := q.depths(ctx)
	if err != nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, kind string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, kind)
	}
	seen := map[string]bool{} // of kinds that became "other"; the same figure twice breaks the scrape
	for _, d := range depths {
		kind := q.words.known("kind", d.Kind)
		if seen[kind] {
			continue
		}
		seen[kind] = true
		overdue := 0.0
		if !d.Oldest.IsZero() {
			overdue = max(0, q.now().Sub(d.Oldest).Seconds())
		}
		gauge(q.waiting, float64(d.Waiting), kind)
		gauge(q.dead, float64(d.Dead), kind)
		gauge(q.oldest, overdue, kind)
	}
	for _, kind := range *q.kinds {
		if !seen[kind] {
			gauge(q.waiting, 0, kind)
			gauge(q.dead, 0, kind)
			gauge(q.oldest, 0, kind)
		}
	}
}
