package broker

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"pgregory.net/rapid"
)

func TestCircuitOpensAndHeals(t *testing.T) {
	t.Parallel()
	clock, told := newClock(), []State{}
	c := newCircuit(Circuit{Failures: 3, CoolDown: 10 * time.Second}, clock.Now, func(s State) { told = append(told, s) })
	c.failure("a")
	c.failure("b")
	c.success() // not in a row
	c.failure("c")
	c.failure("d")
	expectState(t, c, CircuitClosed, "d")
	c.failure("e")
	expectState(t, c, CircuitOpen, "e")
	if c.lets() || c.probeDue() {
		t.Fatal("open: nobody passes before the cool-down")
	}
	clock.advance(10 * time.Second)
	if !c.probeDue() || c.probeDue() {
		t.Fatal("one caller gets to probe")
	}
	c.probed("still down")
	clock.advance(19 * time.Second)
	if c.probeDue() {
		t.Fatal("the cool-down has not doubled")
	}
	clock.advance(time.Second)
	if !c.probeDue() {
		t.Fatal("no second probe")
	}
	c.probed("")
	expectState(t, c, CircuitHalfOpen, "still down")
	c.failure("again")
	expectState(t, c, CircuitOpen, "again")
	clock.advance(maxCoolDown)
	if !c.probeDue() {
		t.Fatal("no third probe")
	}
	c.probed("")
	c.success()
	expectState(t, c, CircuitClosed, "")
	want := []State{CircuitOpen, CircuitHalfOpen, CircuitOpen, CircuitHalfOpen, CircuitClosed}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func expectState(t *testing.T, c *circuit, want State, reason string) {
	t.Helper()
	state, why, _ := c.look()
	if state != want || why != reason {
		t.Fatalf("state is %s (%s), want %s (%s)", state, why, want, reason)
	}
}

// Whatever happens in whatever order: people pass exactly when the circuit is not
// open, it never opens without a failure, and within the longest cool-down of an
// opening a probe comes due.
func TestCircuitProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := newClock()
		config := Circuit{Failures: rapid.IntRange(1, 5).Draw(t, "failures"), CoolDown: time.Second}
		c, inARow, probing := newCircuit(config, clock.Now, nil), 0, false
		t.Repeat(map[string]func(*rapid.T){
			"success": func(*rapid.T) { c.success(); inARow = 0 },
			"failure": func(*rapid.T) { c.failure("x"); inARow++ },
			"time":    func(t *rapid.T) { clock.advance(time.Duration(rapid.IntRange(0, 400).Draw(t, "s")) * time.Second) },
			"probe": func(t *rapid.T) {
				if c.probeDue() {
					if probing {
						t.Fatal("two probes at once")
					}
					probing = true
				}
			},
			"probed": func(t *rapid.T) {
				if probing {
					c.probed(rapid.SampledFrom([]string{"", "x"}).Draw(t, "result"))
					probing = false
				}
			},
			"": func(t *rapid.T) {
				state, _, retry := c.look()
				if c.lets() != (state != CircuitOpen) {
					t.Fatal("lets disagrees with the state")
				}
				if retry > maxCoolDown || (retry > 0) != (state == CircuitOpen) {
					t.Fatalf("%s: retry after %s", state, retry)
				}
				if state == CircuitClosed && inARow >= config.Failures {
					t.Fatalf("closed after %d failures", inARow)
				}
			},
		})
	})
}

// twoBrokers serves the same bank by two brokers; the first can be taken down.
func twoBrokers(t *testing.T) (first, second *world, registry *Registry, down *atomic.Bool) {
	t.Helper()
	down = &atomic.Bool{}
	fast := func(c *Config) { c.Circuit = Circuit{Failures: 2, CoolDown: 10 * time.Second} }
	first, second = newWorld(t, PresetTelia, fast), newWorld(t, PresetOP, fast)
	for _, path := range []string{"token", "signed"} {
		normal := first.paths()[path]
		first.handle(path, func(rw http.ResponseWriter, r *http.Request) {
			if down.Load() {
				panic(http.ErrAbortHandler)
			}
			switch normal {
			case first.paths()["token"]:
				answerJSON(rw, 200, map[string]any{"id_token": first.idToken()})
			default:
				textHandler(200, first.signedJWKS(nil))(rw, r)
			}
		})
	}
	a, b := first.config, second.config
	a.ID, b.ID = "one", "two"
	second.clock = first.clock
	registry = newRegistry(t, first, a, b)
	first.registry, second.registry = registry, registry
	return first, second, registry, down
}

func TestBrokerThatIsDownIsSkipped(t *testing.T) {
	t.Parallel()
	first, _, registry, down := twoBrokers(t)
	if _, err := first.login("metsa"); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	for range 2 {
		_, err := first.login("metsa")
		mustFail(t, err, login.ReasonBrokerDown, "token.unreachable")
	}
	j := first.mustBegin("metsa")
	if j.redirect.Broker != "two" {
		t.Fatalf("went to %s, want the second broker", j.redirect.Broker)
	}
	status := registry.Brokers()
	if status[0].Circuit != CircuitOpen || status[0].Reason != "token.unreachable" || status[1].Circuit != CircuitClosed {
		t.Errorf("status is %+v", status)
	}
	offer := registry.Offer(context.Background(), "fi")
	if offer.Means[0].ID != "metsa" || !offer.Means[0].Available || offer.Means[0].Broker != "two" {
		t.Errorf("offered: %+v", offer.Means[0])
	}
	// Back again: the probe finds it, and the next login closes the circuit.
	down.Store(false)
	first.clock.advance(10 * time.Second)
	registry.Brokers()
	registry.life.work.Wait()
	if got := registry.Brokers()[0].Circuit; got != CircuitHalfOpen {
		t.Fatalf("after the probe: %s", got)
	}
	if _, err := first.login("metsa"); err != nil {
		t.Fatal(err)
	}
	if got := registry.Brokers()[0].Circuit; got != CircuitClosed {
		t.Errorf("after a login: %s", got)
	}
}

func TestEveryBrokerDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.Circuit = Circuit{Failures: 1, CoolDown: 20 * time.Second} })
	w.handle("token", textHandler(503, ""))
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "token.http_503")
	_, err = w.begin("metsa")
	mustFail(t, err, login.ReasonBrokerDown, "circuit.open")
	if got := fault.AsError(err).RetryAfter; got != 20*time.Second {
		t.Errorf("retry after %s", got)
	}
	if offer := w.registry.Offer(context.Background(), "fi"); offer.Means[0].Available {
		t.Error("offered as available")
	}
	// With nobody else to go to, the person who comes after the cool-down makes the probe.
	w.clock.advance(20 * time.Second)
	w.handle("token", nil)
	if _, err := w.login("metsa"); err != nil {
		t.Fatal(err)
	}
}

func TestRankOrdersTheBrokers(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t, PresetTelia, nil), newWorld(t, PresetOP, nil)
	first, second := a.config, b.config
	first.ID, second.ID = "one", "two"
	first.Means[0].Rank = 2
	second.Means[0].Rank = 1
	a.registry = newRegistry(t, a, first, second)
	if got := a.mustBegin("metsa").redirect.Broker; got != "two" {
		t.Errorf("metsa goes to %s", got)
	}
	if got := a.mustBegin("koivu").redirect.Broker; got != "one" {
		t.Errorf("koivu goes to %s", got)
	}
}

// PAR is a request of ours: when it fails, the next broker gets the person.
func TestFailedPushGoesToTheNextBroker(t *testing.T) {
	t.Parallel()
	a := newWorld(t, PresetIdura, func(c *Config) { c.Request.Transport = TransportPAR })
	b := newWorld(t, PresetOP, nil)
	a.handle("par", textHandler(500, ""))
	first, second := a.config, b.config
	first.ID, second.ID = "one", "two"
	a.registry = newRegistry(t, a, first, second)
	if got := a.mustBegin("metsa").redirect.Broker; got != "two" {
		t.Errorf("went to %s", got)
	}
}

// Many people at once, some of whose logins fail: no race, one fetch of the keys.
func TestConcurrentLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetIdura, nil)
	journeys := make([]journey, 16)
	w.lie(func(c map[string]any) { c["nonce"] = "shared" }, nil)
	for i := range journeys {
		journeys[i] = w.mustBegin("metsa")
	}
	var work sync.WaitGroup
	failed := make([]error, len(journeys))
	for i, j := range journeys {
		work.Go(func() { _, failed[i] = w.registry.Finish(context.Background(), j.back()) })
	}
	work.Wait()
	for _, err := range failed {
		mustFail(t, err, login.ReasonBrokerResponse, "id_token.nonce")
	}
	if got := len(w.received("jwks")); got != 1 {
		t.Errorf("keys were fetched %d times", got)
	}
}

func TestObservations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	mustLogin(t, w)
	w.handle("token", textHandler(500, ""))
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "token.http_500")
	w.registry.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []string
	for _, o := range w.observed {
		got = append(got, fmt.Sprintf("%s %s %s", o.Broker, o.Step, o.Outcome))
	}
	for _, want := range []string{"brk jwks ok", "brk token ok", "brk id_token ok", "brk token http_500"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q was not observed in %q", want, got)
		}
	}
}
