package webhook

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/secret"
)

// A receiver that fails gets the same message again: same id, same bytes, a new time
// and a new signature.
func TestTheSameMessageAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) < 3 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	w.tell(joined())
	w.wantEnd(jobs.Retried)
	if next := w.nextTry(); next != 30*time.Second {
		t.Errorf("next try in %v", next)
	}
	w.after(30 * time.Second)
	w.wantEnd(jobs.Retried)
	w.after(time.Minute)
	w.wantEnd(jobs.Done)
	all := w.messages()
	if len(all) != 3 {
		t.Fatalf("%d messages", len(all))
	}
	want := `{"type":"person.activated","timestamp":"2026-11-22T11:59:59.5Z","data":{"person":"P","employer":"E"}}`
	for i, m := range all {
		if string(m.body) != want || m.header.Get("webhook-id") != all[0].header.Get("webhook-id") {
			t.Errorf("message %d: %s %s", i, m.header.Get("webhook-id"), m.body)
		}
		if i > 0 && (m.header.Get("webhook-timestamp") == all[i-1].header.Get("webhook-timestamp") || m.header.Get("webhook-signature") == all[i-1].header.Get("webhook-signature")) {
			t.Errorf("message %d was signed at the time of the one before", i)
		}
		if err := Verify(secret.Of(someSecret), m.header, m.body, w.now()); err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

// What each answer means.
func TestAnswers(t *testing.T) {
	t.Parallel()
	header := func(code int, retry string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", retry)
			rw.WriteHeader(code)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   jobs.Outcome
		next   time.Duration
	}{
		"200":                     {status(200), jobs.Done, 0},
		"202":                     {status(202), jobs.Done, 0},
		"299":                     {status(299), jobs.Done, 0},
		"304":                     {status(304), jobs.Retried, 30 * time.Second},
		"400":                     {status(400), jobs.Retried, 30 * time.Second},
		"401":                     {status(401), jobs.Retried, 30 * time.Second},
		"404":                     {status(404), jobs.Retried, 30 * time.Second},
		"500":                     {status(500), jobs.Retried, 30 * time.Second},
		"500 with a wish":         {header(500, "3600"), jobs.Retried, 30 * time.Second},
		"429 in seconds":          {header(429, "120"), jobs.Retried, 2 * time.Minute},
		"429 sooner than usual":   {header(429, "1"), jobs.Retried, 30 * time.Second},
		"429 without a wish":      {status(429), jobs.Retried, 30 * time.Second},
		"503 as a date":           {header(503, "Sun, 22 Nov 2026 12:10:00 GMT"), jobs.Retried, 10 * time.Minute},
		"503 a date in the past":  {header(503, "Sun, 22 Nov 2020 12:10:00 GMT"), jobs.Retried, 30 * time.Second},
		"503 in a hundred years":  {header(503, "3153600000"), jobs.Retried, 24 * time.Hour},
		"503 negative":            {header(503, "-5"), jobs.Retried, 30 * time.Second},
		"503 with garbage":        {header(503, "soon"), jobs.Retried, 30 * time.Second},
		"503 with a huge number":  {header(503, strings.Repeat("9", 400)), jobs.Retried, 30 * time.Second},
		"connection dropped":      {drop, jobs.Retried, 30 * time.Second},
		"dropped inside the body": {halfAnswer, jobs.Done, 0}, // the status had been told
		"an endless body":         {endless, jobs.Done, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.answer)
			w.tell(joined())
			w.wantEnd(c.want)
			if c.want == jobs.Retried {
				if next := w.nextTry(); next != c.next {
					t.Errorf("next try in %v, want %v", next, c.next)
				}
			}
		})
	}
}

func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func halfAnswer(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Length", "1000")
	rw.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(rw, "half")
	_ = http.NewResponseController(rw).Flush()
	panic(http.ErrAbortHandler)
}

func endless(rw http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := rw.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
			return
		}
	}
}

// A receiver that takes its time loses its turn, not our worker.
func TestSlowReceiver(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { <-release })
	w.sender.timeout = 50 * time.Millisecond
	w.tell(joined())
	w.wantEnd(jobs.Retried)
	close(release)
}

// An endpoint that is gone is asked once; everything for it goes to the list of dead
// jobs, and can be told after a restart with a mended configuration.
func TestGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusGone))
	w.tell(joined())
	w.wantEnd(jobs.Buried)
	for range 3 {
		w.tell(joined())
		w.wantEnd(jobs.Buried)
	}
	if n := len(w.messages()); n != 1 {
		t.Errorf("%d messages were sent to an endpoint that is gone", n)
	}
	if n, _, err := w.store.Operations.ReviveJobs(t.Context(), "webhook.crm", w.now()); err != nil || n != 4 {
		t.Errorf("%d revived, %v", n, err)
	}
}

// After three days it is over, and a person can begin it anew.
func TestGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusBadGateway))
	start := w.now()
	w.tell(joined())
	for range options().Tries - 1 {
		w.wantEnd(jobs.Retried)
		w.after(w.nextTry())
	}
	w.wantEnd(jobs.Buried)
	if took := w.now().Sub(start); took < 60*time.Hour || took > 84*time.Hour {
		t.Errorf("given up after %v, want about three days", took)
	}
	if why := w.why(); why != "http_502" {
		t.Errorf("why: %s", why)
	}
}

// What the database says does not choose where a message goes, and a payload that
// somebody has spoilt is given up.
func TestSpoiltPayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(200))
	for _, payload := range []string{`{}`, `[]`, `{"id":"x"}`, `{"id":1,"body":"x"}`} {
		j := queue.Job{ID: login.NewID(), Kind: "webhook.crm", Payload: []byte(payload), At: w.now(), CreatedAt: w.now()}
		if err := w.store.Operations.AddJobs(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		w.runner.Wake()
		w.wantEnd(jobs.Buried)
	}
	if n := len(w.messages()); n != 0 {
		t.Errorf("%d messages sent", n)
	}
}

// Each endpoint has jobs of a kind of its own, so that none delays another.
func TestEndpointsAreApart(t *testing.T) {
	t.Parallel()
	endpoint := func(id string, events ...Type) Endpoint {
		return Endpoint{ID: id, URL: "https://" + id + ".example.com/", Secret: secret.Of(someSecret), Events: events}
	}
	s, err := New([]Endpoint{endpoint("crm"), endpoint("stats", SessionCreated), endpoint("dw", PersonErased, PersonActivated)}, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Types() {
		want := map[Type][]string{SessionCreated: {"webhook.crm", "webhook.stats"}, PersonErased: {"webhook.crm", "webhook.dw"}, PersonActivated: {"webhook.crm", "webhook.dw"}}[e]
		if want == nil {
			want = []string{"webhook.crm"}
		}
		var kinds []string
		for _, j := range s.Jobs(Event{Type: e}) {
			kinds = append(kinds, j.Kind)
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("%s goes to %v, want %v", e, kinds, want)
		}
	}
	runner := jobs.New(jobs.Config{})
	s.Register(runner)
	if got := runner.Kinds(); !slices.Equal(got, []string{"webhook.crm", "webhook.stats", "webhook.dw"}) {
		t.Errorf("kinds: %v", got)
	}
	if none, err := New(nil, time.Now, nil); err != nil || len(none.Jobs(joined())) != 0 {
		t.Errorf("without endpoints: %v", err)
	}
}
