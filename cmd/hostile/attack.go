package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/testkit/robot"
)

// plan says how long the attack is.
type plan struct {
	requests int
	longest  time.Duration
	workers  int
	seed     uint64
	progress io.Writer
}

const (
	// learnEvery is after how many requests everything is learned afresh: logins have
	// ended, and what was spoiled has logged somebody out.
	learnEvery = 5_000

	// waitFor is how long a request may wait that is there to wait.
	waitFor = time.Second

	// hangs is when an answer does not come any more, on the busiest machine.
	hangs = 2 * time.Minute

	// maxBody bounds what is read of an answer.
	maxBody = 2 << 20
)

// attacker is an attack that goes on.
type attacker struct {
	plan    plan
	scholar scholar
	judge   judge
	http    *http.Client
	report  *report

	book  atomic.Pointer[book]
	nonce atomic.Pointer[string]
	next  atomic.Int64 // requests that were taken on
}

// attack sends what the plan says and returns what it saw. The error says that it
// could not go on.
func attack(ctx context.Context, t target, p plan) (*report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.longest, errTimeIsUp)
	defer cancel()
	transport := &http.Transport{MaxIdleConnsPerHost: p.workers, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect}
	a := &attacker{plan: p, scholar: scholar{target: t, http: client}, judge: newJudge(t), http: client, report: newReport(p.seed)}
	empty := ""
	a.nonce.Store(&empty)
	if err := a.learn(ctx); err != nil {
		return nil, err
	}
	var err error
	if a.report.MemoryBefore, err = a.scholar.memory(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := a.send(ctx); err != nil {
		return nil, err
	}
	a.report.Seconds = time.Since(began).Seconds()
	after, stop := context.WithTimeout(context.WithoutCancel(ctx), hangs)
	defer stop()
	a.report.MemoryAfter, err = a.scholar.memory(after)
	return a.report, err
}

var errTimeIsUp = errors.New("the time is up")

func (a *attacker) learn(ctx context.Context) error {
	b, err := a.scholar.learn(ctx)
	if err != nil {
		return err
	}
	a.scholar.turn++
	a.book.Store(b)
	return nil
}

// send keeps the workers going. One of them learns at a time, while the others go on
// with what is known.
func (a *attacker) send(ctx context.Context) error {
	var all sync.WaitGroup
	var learning sync.Mutex
	failed := make(chan error, a.plan.workers)
	for w := range a.plan.workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(a.plan.seed, uint64(w))) //nolint:gosec // chooses what is tried, keeps no secret
			for ctx.Err() == nil {
				n := a.next.Add(1)
				if n > int64(a.plan.requests) {
					return
				}
				if n%learnEvery == 0 {
					learning.Lock()
					err := a.learn(ctx)
					learning.Unlock()
					if err != nil && ctx.Err() == nil {
						failed <- fmt.Errorf("after %d requests: %w", n, err)
						return
					}
					a.tell(n)
				}
				a.one(ctx, spoiler{random, a.book.Load()}.spoil())
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

func (a *attacker) tell(n int64) {
	if a.plan.progress != nil {
		_, _ = fmt.Fprintf(a.plan.progress, "· %d of %d requests, %d findings\n", n, a.plan.requests, a.report.found())
	}
}

// one sends a request and judges the answer.
func (a *attacker) one(ctx context.Context, r request) {
	patience := hangs
	if r.waits() {
		patience = waitFor
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sent, err := r.build(limited, *a.nonce.Load(), time.Now())
	if err != nil {
		a.report.count(r, "no client would send it", 0)
		return
	}
	began := time.Now()
	got, err := a.answer(sent)
	took := time.Since(began)
	if err != nil && limited.Err() == nil && !notSent(err) {
		// A server that refuses while the body is still coming cuts the connection in the
		// end, and a client that is slow to write loses the answer (RFC 9112 §9.6). Whoever
		// gets none twice has found something.
		if again, buildErr := r.build(limited, *a.nonce.Load(), time.Now()); buildErr == nil {
			began = time.Now()
			got, err = a.answer(again)
			took = time.Since(began)
		}
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return // the whole attack is over
	case errors.Is(err, context.DeadlineExceeded) && r.waits():
		a.report.count(r, "waits for news", 0)
		return
	case notSent(err):
		a.report.count(r, "no client would send it", 0)
		return
	default:
		a.report.add(r.finding("no answer", err.Error()))
		return
	}
	if nonce := got.header.Get("DPoP-Nonce"); nonce != "" {
		a.nonce.Store(&nonce)
	}
	a.report.count(r, fmt.Sprintf("%d", got.status), took)
	for _, f := range a.judge.check(r, got) {
		a.report.add(r.finding(f.Kind, f.Detail))
	}
}

func (a *attacker) answer(sent *http.Request) (answer, error) {
	res, err := a.http.Do(sent)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	return answer{status: res.StatusCode, header: res.Header, body: body}, err
}

// notSent reports whether net/http itself refused the request.
func notSent(err error) bool {
	return strings.Contains(err.Error(), "net/http: invalid") || strings.Contains(err.Error(), "http: Request.") || strings.Contains(err.Error(), "invalid URL")
}
