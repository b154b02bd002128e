package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/telemetry"
)

func queueMetrics(t *testing.T, depths []queue.Depth, err error) *telemetry.Metrics {
	t.Helper()
	m, failed := telemetry.New(telemetry.Config{
		Version: "1.2.3", Now: func() time.Time { return start },
		Jobs: func(context.Context) ([]queue.Depth, error) { return depths, err },
	})
	if failed != nil {
		t.Fatal(failed)
	}
	return m
}

func TestJobs(t *testing.T) {
	t.Parallel()
	m := queueMetrics(t, []queue.Depth{
		{Kind: "mail.invitation", Waiting: 12, Oldest: start.Add(-90 * time.Second)},
		{Kind: "webhook.deliver", Waiting: 1, Dead: 3, Oldest: start.Add(time.Hour)},
		{Kind: "import.chunk", Dead: 1},
	}, nil)
	m.JobKinds("mail.invitation", "mail.password")
	m.JobKinds("mail.password")
	m.JobTried("mail.invitation", jobs.Done, 300*time.Millisecond)
	m.JobTried("mail.invitation", jobs.Retried, 2*time.Second)
	wantLines(t, scrape(t, m),
		`avain_jobs_total{kind="mail.invitation",outcome="done"} 1`,
		`avain_jobs_total{kind="mail.invitation",outcome="retried"} 1`,
		`avain_job_seconds_count{kind="mail.invitation"} 2`,
		`avain_job_seconds_sum{kind="mail.invitation"} 2.3`,
		`avain_jobs_waiting{kind="mail.invitation"} 12`,
		`avain_jobs_oldest_seconds{kind="mail.invitation"} 90`,
		`avain_jobs_oldest_seconds{kind="webhook.deliver"} 0`,
		`avain_jobs_dead{kind="webhook.deliver"} 3`,
		`avain_jobs_dead{kind="import.chunk"} 1`,
		`avain_jobs_oldest_seconds{kind="import.chunk"} 0`,
		`avain_jobs_total{kind="mail.password",outcome="buried"} 0`,
		`avain_job_seconds_count{kind="mail.password"} 0`,
		`avain_jobs_waiting{kind="mail.password"} 0`,
	)
}

// Kinds that nobody should have made neither fill the memory nor break the scrape.
func TestJobKindsAreBounded(t *testing.T) {
	t.Parallel()
	var depths []queue.Depth
	for i := range 300 {
		depths = append(depths, queue.Depth{Kind: fmt.Sprint("kind", i), Waiting: 1})
	}
	text := scrape(t, queueMetrics(t, depths, nil))
	if n := strings.Count(text, "\navain_jobs_waiting{"); n != 101 {
		t.Errorf("%d kinds, want 100 and other", n)
	}
}

// When the database does not answer, the figures of the queue are missing and all
// others are there.
func TestJobsNotCounted(t *testing.T) {
	t.Parallel()
	text := scrape(t, queueMetrics(t, nil, errors.New("down")))
	if strings.Contains(text, "avain_jobs_waiting") || !strings.Contains(text, "avain_attempts_open") {
		t.Error("want everything but the figures of the queue")
	}
}
