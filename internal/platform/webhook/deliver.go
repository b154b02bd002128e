package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/outbound"
)

const (
	// workers is how many messages an endpoint gets at once from one node.
	workers = 4
	// deliverTime bounds one try, as Standard Webhooks advises.
	deliverTime = 20 * time.Second
)

// options make the tries of a message spread over about three days: 30 s, 1 min, 2 min
// … 4 h 16 min, and then every six hours.
func options() jobs.Options {
	return jobs.Options{
		Workers: workers, Tries: 21, Timeout: deliverTime + 10*time.Second,
		Backoff: jobs.Backoff{First: 30 * time.Second, Most: 6 * time.Hour},
	}
}

// Sender delivers messages. It is safe for concurrent use.
type Sender struct {
	endpoints []endpoint
	door      *outbound.Door
	timeout   time.Duration // of one try
	now       func() time.Time
	log       *slog.Logger

	mu   sync.Mutex
	gone map[string]bool // endpoints that have asked not to be sent anything, by id
}

// endpoint is an Endpoint, read.
type endpoint struct {
	Endpoint
	keys [][]byte
}

// New makes a sender for the endpoints, which must be valid.
func New(endpoints []Endpoint, now func() time.Time, log *slog.Logger) (*Sender, error) {
	s := &Sender{timeout: deliverTime, now: now, log: log, gone: map[string]bool{}}
	var addresses []string
	for _, e := range endpoints {
		if problems := e.Validate("webhook"); len(problems) > 0 {
			return nil, fmt.Errorf("%s %s", problems[0].Path, problems[0].Text)
		}
		keys, err := e.keys()
		if err != nil {
			return nil, fmt.Errorf("webhook %s: secret: %w", e.ID, err)
		}
		s.endpoints, addresses = append(s.endpoints, endpoint{e, keys}), append(addresses, e.URL)
	}
	door, err := outbound.NewDoor(addresses, workers)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	s.door = door
	return s, nil
}

// Register gives the runner a handler per endpoint.
func (s *Sender) Register(r *jobs.Runner) {
	for _, e := range s.endpoints {
		r.Handle(kindPrefix+e.ID, func(ctx context.Context, j queue.Job) error { return s.deliver(ctx, e, j) }, options())
	}
}

// Close gives up idle connections. No delivery may run any more.
func (s *Sender) Close() { s.door.Close() }

var (
	errGone    = errors.New("the endpoint has asked not to be sent anything (410); it is asked again when the service has been restarted")
	errPayload = errors.New("the payload is not a delivery")
)

// deliver is one try of one message.
func (s *Sender) deliver(ctx context.Context, e endpoint, j queue.Job) error {
	var d delivery
	if err := json.Unmarshal(j.Payload, &d); err != nil || d.ID == "" || d.Body == "" {
		return jobs.Stop(errPayload)
	}
	if s.isGone(e.ID) {
		return jobs.Stop(errGone)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"avain"}}
	sign(header, e.keys, d.ID, d.Body, s.now())
	status, answer, err := s.door.Post(ctx, e.URL, header, d.Body)
	if err != nil {
		return err
	}
	return s.judge(ctx, e, status, answer)
}

// judge decides by the status alone, as Standard Webhooks asks.
func (s *Sender) judge(ctx context.Context, e endpoint, status int, answer http.Header) error {
	failed := fmt.Errorf("http_%d", status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		s.mu.Lock()
		first := !s.gone[e.ID]
		s.gone[e.ID] = true
		s.mu.Unlock()
		if first {
			s.log.ErrorContext(ctx, "a webhook endpoint has asked not to be sent anything; remove it from the configuration", "endpoint", e.ID)
		}
		return jobs.Stop(errGone)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return jobs.After(failed, outbound.RetryAfter(answer, s.now()))
	}
	return failed
}

func (s *Sender) isGone(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone[id]
}
