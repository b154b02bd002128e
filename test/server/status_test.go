package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/platform/webhook"
	"avain/internal/testkit/brokersim"
)

// counted adds up what was counted in the last hours, by value.
func (r *rig) counted(d operations.Dimension) map[string]operations.Counts {
	r.Helper()
	now := r.clock.now()
	all, err := r.Inside.Store.Operations.Tallies(r.Context(), d, now.Add(-2*time.Hour).UTC(), now.Add(time.Hour).UTC())
	if err != nil {
		r.Fatal(err)
	}
	sums := map[string]operations.Counts{}
	for _, t := range all {
		sums[t.Value] = sums[t.Value].Plus(t.Counts)
	}
	return sums
}

// What happens to people reaches the counts: who gets in although a bank has failed, who
// says no, who leaves; and who never came does not count. The alert that a bank lets
// nobody in goes to the operator's system, the metrics and the status page, once.
func TestHowLoginsGo(t *testing.T) {
	t.Parallel()
	endpoint, heard := listener(t)
	endpoint.Events = []webhook.Type{webhook.AlertRaised, webhook.AlertEnded}
	r := newRig(t, func(c *config.Config) { c.Webhooks = config.Webhooks{endpoint} })
	r.clock.pass(-72 * time.Minute) // it ends now: the operator's system looks at its own clock
	if err := r.Inside.Rates.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}

	if err := r.OP.Misbehave(brokersim.TokenDown); err != nil {
		t.Fatal(err)
	}
	l := r.start()
	page := r.press(r.open(l), bank...)
	if err := r.OP.Behave(); err != nil {
		t.Fatal(err)
	}
	page = r.press(page, "revontuli", "aino", "Vahvista")
	if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
		t.Fatal(err, page.Body)
	}
	r.press(r.open(r.start()), "Peruuta") // says no
	r.open(r.start())                     // sees the banks, and leaves
	r.start()                             // never comes
	left := r.start()
	r.press(r.open(left), "kuikka") // leaves at the bank

	r.clock.pass(11 * time.Minute)
	if _, err := r.Inside.Store.Purge(t.Context(), r.clock.now(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	want := map[operations.Dimension]map[string]operations.Counts{
		operations.DimensionAll:      {"": {OK: 1, Gone: 3}},
		operations.DimensionMethod:   {"direct": {OK: 1, Gone: 3}},
		operations.DimensionVersion:  {"1.16.0": {OK: 1, Gone: 3}},
		operations.DimensionPlatform: {"web": {OK: 1, Gone: 3}},
		operations.DimensionMeans:    {"kuikka": {Failed: 1, Gone: 1}, "revontuli": {OK: 1}},
		operations.DimensionBroker:   {"op": {OK: 1, Gone: 1, Failed: 1}},
		operations.DimensionMeansReason: {
			"kuikka " + string(login.ReasonBrokerError): {Failed: 1}, "kuikka " + string(login.ReasonAbandonedAtBank): {Gone: 1},
		},
	}
	r.eventually("it is counted", func() bool { return r.counted(operations.DimensionAll)[""].Tried() == 4 })
	for d, values := range want {
		got := r.counted(d)
		for value, n := range values {
			if got[value] != n {
				t.Errorf("%s %q: %+v, want %+v", d, value, got[value], n)
			}
		}
		if len(got) != len(values) {
			t.Errorf("%s: %+v, want %+v", d, got, values)
		}
	}

	// An hour later nobody gets in. What is usual is read anew each hour.
	r.makeUp("kuikka", operations.Counts{OK: 10}, 1, 2, 3, 4, 5)
	r.makeUp("kuikka", operations.Counts{Failed: 30}, 0)
	r.clock.pass(time.Hour)
	for range 3 {
		if err := r.Inside.Rates.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	raised := hear(t, heard, 1)[webhook.AlertRaised]
	if raised.Data["dimension"] != "means" || raised.Data["value"] != "kuikka" || raised.Data["alert"] == "" || len(raised.Data) != 3 {
		t.Errorf("told %s", raised.raw)
	}
	r.clock.pass(time.Minute)
	if state := r.state("kuikka"); state != "down" {
		t.Errorf("the bank is %s", state)
	}
	if state := r.state("revontuli"); state != "up" {
		t.Errorf("the other bank is %s", state)
	}
	metrics := httptest.NewRecorder()
	r.Inside.Admin.ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if line := `avain_alert{dimension="means",value="kuikka"} 1`; !strings.Contains(metrics.Body.String(), line) {
		t.Errorf("the metrics lack %s", line)
	}
	select {
	case again := <-heard:
		t.Errorf("told twice: %s", again.raw)
	default:
	}
}

// makeUp adds counts of a bank so many days ago, in the hour after this time of day.
func (r *rig) makeUp(bank string, n operations.Counts, daysAgo ...int) {
	r.Helper()
	var all []operations.Tally
	for _, ago := range daysAgo {
		all = append(all, operations.Tally{
			Dimension: operations.DimensionMeans, Hour: r.clock.now().Add(operations.TallyHour).UTC().AddDate(0, 0, -ago).Truncate(operations.TallyHour), Value: bank,
			Counts: n, People: n.Strangers(),
		})
	}
	if err := r.Inside.Store.Operations.AddTallies(r.Context(), all); err != nil {
		r.Fatal(err)
	}
}

// state is what the status document says of a bank.
func (r *rig) state(bank string) string {
	r.Helper()
	code, body, header := r.send(http.MethodGet, "/status.json", nil, nil)
	if code != http.StatusOK || header.Get("Cache-Control") != "public, max-age=30" {
		r.Fatalf("%d, %s", code, header.Get("Cache-Control"))
	}
	var d struct{ Means []struct{ ID, State string } }
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		r.Fatal(err)
	}
	for _, m := range d.Means {
		if m.ID == bank {
			return m.State
		}
	}
	return "not there"
}

// The page that people look at when nothing works does not need what is broken.
func TestStatusWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.Inside.Store.Close(); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	for path, want := range map[string]string{"/status": "Kirjautuminen ei juuri nyt toimi.", "/status.json": `"stale":true`} {
		if status, body, _ := r.send(http.MethodGet, path, nil, http.Header{"Accept-Language": {"fi"}}); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
