package server_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// unhurried lets one network begin as many logins as it likes; a bank has one broker,
// whose circuit opens at the first failure.
func unhurried(c *config.Config) {
	oneBroker(c)
	endless := config.Rate{Count: 1_000_000, Per: time.Minute}
	c.Limits.StartsPerKey, c.Limits.StartsPerNetwork, c.Limits.RequestsPerNetwork = endless, endless, endless
}

// usualDays makes a month of logins at this time of day, nine in ten of which got in, and
// some of today.
func (r *rig) usualDays() {
	r.Helper()
	r.usually(map[operations.Dimension]string{
		operations.DimensionAll: "", operations.DimensionMethod: "direct", operations.DimensionMeans: "kuikka", operations.DimensionBroker: "op", operations.DimensionPlatform: "web",
	})
}

// usually is usualDays of some values.
func (r *rig) usually(values map[operations.Dimension]string) {
	r.Helper()
	var all []operations.Tally
	for ago := range 29 {
		n := operations.Counts{OK: 90, Gone: 5, Failed: 5}
		for d, value := range values {
			hour := r.clock.now().UTC().AddDate(0, 0, -ago).Truncate(operations.TallyHour)
			all = append(all, operations.Tally{Dimension: d, Hour: hour, Value: value, Counts: n, People: n.Strangers()})
		}
	}
	if err := r.Inside.Store.Operations.AddTallies(r.Context(), all); err != nil {
		r.Fatal(err)
	}
}

// public is what everybody is told about how logins go.
func (r *rig) public() (all [2]string) {
	r.Helper()
	for i, path := range []string{"/status.json?lang=fi", "/status?lang=fi"} {
		code, body, _ := r.send(http.MethodGet, path, nil, http.Header{"Accept-Language": {"fi"}})
		if code != http.StatusOK {
			r.Fatalf("%s: %d", path, code)
		}
		all[i] = body
	}
	return all
}

// noAlarm fails when an alert lasts or the broker's circuit is not closed.
func (r *rig) noAlarm(when string) {
	r.Helper()
	for range 3 { // the first look learns what there is
		r.clock.pass(time.Minute)
		if err := r.Inside.Rates.Evaluate(r.Context()); err != nil {
			r.Fatal(err)
		}
	}
	alerts, err := r.Inside.Store.Operations.Alerts(r.Context(), r.clock.now().AddDate(0, 0, -90))
	if err != nil || len(alerts) > 0 {
		r.Errorf("%s: alerts %+v, %v", when, alerts, err)
	}
	if line := `avain_broker_circuit_open{broker="op"} 0`; !strings.Contains(r.metrics(), line) {
		r.Errorf("%s: the metrics lack %s", when, line)
	}
}

// leaves chooses the bank and returns the state that the browser brings to the broker.
func (r *rig) leaves(means robot.Page) (state string) {
	r.Helper()
	r.browser.Stop = r.Banks
	defer func() { r.browser.Stop = r.App }()
	address := mustParse(r.T, r.press(means, "kuikka").App)
	parts := strings.Split(address.Query().Get("request"), ".")
	if len(parts) != 3 {
		r.Fatalf("no request object in %s", address)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		r.Fatal(err)
	}
	var claims struct{ State string }
	if err := json.Unmarshal(raw, &claims); err != nil || claims.State == "" {
		r.Fatalf("no state: %v", err)
	}
	return claims.State
}

// A browser with cookies of its own brings a thousand answers that no broker ever gave:
// errors, codes that nobody made, cancellations. That says nothing about the bank: the
// status page, its document, the circuit and the alerts stay as they were; support still
// sees in each login what came back. When the broker's token endpoint really fails,
// everybody is told.
func TestThreat43ForgedErrorsAreNoEvidence(t *testing.T) {
	t.Parallel()
	r := newRig(t, unhurried)
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	r.clock.pass(time.Until(time.Date(now.Year(), now.Month(), now.Day(), 14, 10, 0, 0, zone)))
	r.usualDays()
	r.noAlarm("before")
	before := r.public()
	if state := r.state("kuikka"); state != "up" {
		t.Fatalf("before: %s", state)
	}

	answers := []url.Values{
		{"error": {"server_error"}},
		{"error": {"temporarily_unavailable"}},
		{"error": {"whatever"}},
		{"code": {"nobody-made-this"}},
		{"code": {""}},
		{"error": {"access_denied"}, "error_description": {"bank is down"}},
		{"error": {"cancel"}},
		{"error": {"server_error"}, "iss": {"https://foreign.example"}},
	}
	const logins, each = 20, 50
	var last string
	for i := range logins {
		l := r.start()
		means := r.open(l)
		for k := range each {
			answer := url.Values{"state": {r.leaves(means)}}
			maps.Copy(answer, answers[(i+k)%len(answers)])
			if k == each-1 { // the last one, which support is asked about
				answer = url.Values{"state": answer["state"], "error": {"server_error"}}
			}
			page, err := r.browser.Open(t.Context(), r.Service+"/callback/op?"+answer.Encode())
			if err != nil || page.Status != http.StatusOK {
				t.Fatalf("%v: %d, %v", answer, page.Status, err)
			}
			means = page
		}
		last = l.SupportCode
	}
	came := diagnosis.Of(r.attempt(last), r.clock.now())
	if came.Reason != login.ReasonBrokerError || came.Detail != "callback.server_error" || came.Means != "kuikka" {
		t.Errorf("support sees %s, %s at %s", came.Reason, came.Detail, came.Means)
	}

	r.clock.pass(21 * time.Minute) // nobody goes on
	if _, err := r.Inside.Store.Purge(t.Context(), r.clock.now(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	r.eventually("it is counted", func() bool {
		return r.counted(operations.DimensionAll)[""].Tried() >= 100+logins && r.counted(operations.DimensionMeans)["kuikka"].Tried() >= 100+logins*each
	})
	for d, value := range map[operations.Dimension]string{operations.DimensionMeans: "kuikka", operations.DimensionBroker: "op", operations.DimensionMethod: "direct", operations.DimensionAll: ""} {
		if n := r.counted(d)[value]; n.Failed != 5 {
			t.Errorf("%s: %+v", d, n)
		}
	}
	r.noAlarm("after a thousand forged answers")
	if after := r.public(); after != before {
		t.Errorf("after a thousand forged answers: %s\nbefore: %s", after[0], before[0])
	}

	if err := r.OP.Misbehave(brokersim.TokenDown); err != nil {
		t.Fatal(err)
	}
	r.press(r.open(r.start()), bank...)
	r.clock.pass(time.Second)
	if state := r.state("kuikka"); state != "down" {
		t.Errorf("the token endpoint fails, and the bank is %s", state)
	}
	if page := r.public()[1]; !strings.Contains(page, "Kirjautumisessa on häiriöitä juuri nyt") {
		t.Errorf("the page does not say so: %s", page)
	}
	r.eventually("it is counted", func() bool { return r.counted(operations.DimensionMeans)["kuikka"].Failed == 6 })
}
