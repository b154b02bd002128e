package webhook

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
	"avain/internal/testkit/patience"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	someSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// got is a message as a receiver saw it.
type got struct {
	header http.Header
	body   []byte
}

// world is the whole way of a message: database, runner, sender, network, receiver.
// Its clock stands until a test moves it.
type world struct {
	t        *testing.T
	store    *store.Store
	sender   *Sender
	receiver *httptest.Server
	clock    atomic.Int64 // unix milliseconds
	ended    chan jobs.Outcome
	runner   *jobs.Runner

	mu       sync.Mutex
	received []got
}

// newWorld starts a world whose receiver answers with the handler, once the message
// has been read and kept. An endpoint named crm listens to everything.
func newWorld(t *testing.T, answer http.HandlerFunc, change ...func(*Endpoint)) *world {
	t.Helper()
	w := &world{t: t, ended: make(chan jobs.Outcome, 100)}
	w.clock.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixMilli())
	w.receiver = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("received %s %v, %v", r.Method, r.Header, err)
		}
		w.mu.Lock()
		w.received = append(w.received, got{r.Header.Clone(), body})
		w.mu.Unlock()
		answer(rw, r)
	}))
	e := Endpoint{ID: "crm", URL: w.receiver.URL + "/hook", Secret: secret.Of(someSecret)}
	for _, f := range change {
		f(&e)
	}
	log := slog.New(slog.DiscardHandler)
	var err error
	if w.sender, err = New([]Endpoint{e}, w.now, log); err != nil {
		t.Fatal(err)
	}
	w.store, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: storetest.Fresh(t), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.runner = jobs.New(jobs.Config{
		Store: w.store.Operations, Now: w.now, Log: log, Scrub: func(s string) string { return s }, Random: func() float64 { return 0.5 },
		Observe: func(_ string, o jobs.Outcome, _ time.Duration) { w.ended <- o },
	})
	w.sender.Register(w.runner)
	w.start()
	return w
}

// start runs the runner until the test ends.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.runner.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		<-done
		w.sender.Close()
		w.receiver.Close()
		if err := w.store.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

// after lets time go by.
func (w *world) after(d time.Duration) {
	w.clock.Add(d.Milliseconds())
	w.runner.Wake()
}

// tell orders the deliveries of an event.
func (w *world) tell(e Event) []queue.Job {
	w.t.Helper()
	ordered := w.sender.Jobs(e)
	if err := w.store.Operations.AddJobs(w.t.Context(), ordered...); err != nil {
		w.t.Fatal(err)
	}
	w.runner.Wake()
	return ordered
}

// wantEnd waits for a try and demands how it ended.
func (w *world) wantEnd(want jobs.Outcome) {
	w.t.Helper()
	select {
	case o := <-w.ended:
		if o != want {
			w.t.Fatalf("a try ended %s, want %s", o, want)
		}
	case <-patience.Over():
		w.t.Fatalf("no try ended; want %s", want)
	}
}

// nextTry is how long from now the one waiting job will be begun again.
func (w *world) nextTry() time.Duration {
	w.t.Helper()
	depths, err := w.store.Operations.JobDepths(w.t.Context())
	if err != nil || len(depths) != 1 || depths[0].Waiting != 1 {
		w.t.Fatalf("jobs: %+v, %v", depths, err)
	}
	return depths[0].Oldest.Sub(w.now())
}

// why is what is kept of the one dead job.
func (w *world) why() string {
	w.t.Helper()
	dead, err := w.store.Operations.DeadJobs(w.t.Context(), "webhook.crm", queue.Place{}, 10)
	if err != nil || len(dead) != 1 {
		w.t.Fatalf("dead: %+v, %v", dead, err)
	}
	return dead[0].Error
}

func (w *world) messages() []got {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.received
}

func joined() Event {
	return Event{Type: PersonActivated, At: time.Date(2026, 11, 22, 11, 59, 59, 500_000_000, time.UTC), Person: "P", Employer: "E"}
}

// status answers with a status and nothing else.
func status(code int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) }
}
