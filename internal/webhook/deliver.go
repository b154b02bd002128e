package webhook

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"avain/internal/jobs"
	"avain/internal/login"
)

const (
	// workers is how many messages an endpoint gets at once from one node.
	workers = 4
	// deliverTime bounds one try, as Standard Webhooks advises.
	deliverTime = 20 * time.Second
	// mostAnswer is how much of an answer is read, only to use the connection again.
	mostAnswer = 16 << 10
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
	client    *http.Client
	timeout   time.Duration // of one try
	now       func() time.Time
	log       *slog.Logger

	mu   sync.Mutex
	gone map[string]bool // endpoints that have asked not to be sent anything, by id
}

// endpoint is an Endpoint, read.
type endpoint struct {
	Endpoint
	address *url.URL
	keys    [][]byte
}

// New makes a sender for the endpoints, which must be valid.
func New(endpoints []Endpoint, now func() time.Time, log *slog.Logger) (*Sender, error) {
	s := &Sender{timeout: deliverTime, now: now, log: log, gone: map[string]bool{}}
	for _, e := range endpoints {
		if problems := e.Validate("webhook"); len(problems) > 0 {
			return nil, fmt.Errorf("%s %s", problems[0].Path, problems[0].Text)
		}
		keys, err := e.keys()
		if err != nil {
			return nil, fmt.Errorf("webhook %s: secret: %w", e.ID, err)
		}
		address, err := url.Parse(e.URL)
		if err != nil {
			return nil, errURL
		}
		s.endpoints = append(s.endpoints, endpoint{e, address, keys})
	}
	s.client = newClient(s.endpoints)
	return s, nil
}

// Register gives the runner a handler per endpoint.
func (s *Sender) Register(r *jobs.Runner) {
	for _, e := range s.endpoints {
		r.Handle(kindPrefix+e.ID, func(ctx context.Context, j login.Job) error { return s.deliver(ctx, e, j) }, options())
	}
}

// Close gives up idle connections. No delivery may run any more.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

var (
	errGone    = errors.New("the endpoint has asked not to be sent anything (410); it is asked again when the service has been restarted")
	errPayload = errors.New("the payload is not a delivery")
)

// deliver is one try of one message.
func (s *Sender) deliver(ctx context.Context, e endpoint, j login.Job) error {
	var d delivery
	if err := json.Unmarshal(j.Payload, &d); err != nil || d.ID == "" || d.Body == "" {
		return jobs.Stop(errPayload)
	}
	if s.isGone(e.ID) {
		return jobs.Stop(errGone)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(d.Body))
	if err != nil {
		return jobs.Stop(errURL)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "avain")
	sign(request.Header, e.keys, d.ID, d.Body, s.now())
	response, err := s.client.Do(request)
	if err != nil {
		return trouble(err)
	}
	// Whatever it is, a receiver's answer is no business of ours.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, mostAnswer))
	_ = response.Body.Close()
	return s.judge(ctx, e, response)
}

// judge decides by the status alone, as Standard Webhooks asks.
func (s *Sender) judge(ctx context.Context, e endpoint, response *http.Response) error {
	status := response.StatusCode
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
		return jobs.After(failed, retryAfter(response.Header.Get("Retry-After"), s.now()))
	}
	return failed
}

func (s *Sender) isGone(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone[id]
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date. Anything
// else is as if it were not there.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// What can go wrong on the way.
var (
	errTimeout     = errors.New("timeout")
	errCertificate = errors.New("certificate")
	errUnreachable = errors.New("unreachable")
)

// trouble turns what went wrong on the way into a machine word: the text of the
// library's error names addresses of the operator's network.
func trouble(err error) error {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errAddress):
		return errAddress
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return errTimeout
	case errors.As(err, &certificate):
		return errCertificate
	default:
		return errUnreachable
	}
}
