package broker

import (
	"sync"
	"time"
)

// State is where a broker's circuit breaker stands.
type State string

// The states. In a half-open circuit a probe has succeeded: people are let in again,
// and the first failure opens it anew.
const (
	CircuitClosed   State = "closed"
	CircuitOpen     State = "open"
	CircuitHalfOpen State = "half_open"
)

// maxCoolDown bounds the doubling: a broker that is back must be found within it.
const maxCoolDown = 5 * time.Minute

// circuit keeps people away from a broker that does not answer. It opens after a
// number of failures in a row: transport errors, time-outs and 5xx, never a person who
// cancels or a single refused login. Whoever asks for the state after the cool-down
// is told that a probe is due; one caller gets to make it.
type circuit struct {
	now      func() time.Time
	failures int
	coolDown time.Duration
	changed  func(State) // may be nil; called without the lock

	mu      sync.Mutex
	state   State
	inARow  int
	wait    time.Duration
	retryAt time.Time
	probing bool
	reason  string
}

func newCircuit(config Circuit, now func() time.Time, changed func(State)) *circuit {
	return &circuit{
		now: now, failures: config.Failures, coolDown: config.CoolDown, changed: changed,
		state: CircuitClosed, wait: config.CoolDown,
	}
}

// lets reports whether a person may be sent to the broker.
func (c *circuit) lets() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != CircuitOpen
}

// probeDue reports whether the caller should probe the broker now, and then tell
// the result with probed. It returns true to one caller per cool-down.
func (c *circuit) probeDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != CircuitOpen || c.probing || c.now().Before(c.retryAt) {
		return false
	}
	c.probing = true
	return true
}

// probed ends a probe. The reason is empty when it succeeded.
func (c *circuit) probed(reason string) {
	c.mu.Lock()
	before := c.state
	c.probing = false
	if c.state == CircuitOpen {
		if reason == "" {
			c.state = CircuitHalfOpen
		} else {
			c.open(reason)
		}
	}
	c.unlockAndTell(before)
}

// success closes the circuit: a login went through.
func (c *circuit) success() {
	c.mu.Lock()
	before := c.state
	c.inARow = 0
	if c.state != CircuitOpen {
		c.state, c.wait, c.reason = CircuitClosed, c.coolDown, ""
	}
	c.unlockAndTell(before)
}

// failure counts. A login that began before the circuit opened may still fail
// while it is open: that changes nothing.
func (c *circuit) failure(reason string) {
	c.mu.Lock()
	before := c.state
	c.reason = reason
	c.inARow++
	if c.state == CircuitHalfOpen || (c.state == CircuitClosed && c.inARow >= c.failures) {
		c.open(reason)
	}
	c.unlockAndTell(before)
}

// open is called with the lock held.
func (c *circuit) open(reason string) {
	if c.state != CircuitClosed {
		c.wait = min(2*c.wait, maxCoolDown)
	}
	c.state, c.reason, c.inARow = CircuitOpen, reason, 0
	c.retryAt = c.now().Add(c.wait)
}

func (c *circuit) unlockAndTell(before State) {
	state := c.state
	c.mu.Unlock()
	if c.changed != nil && state != before {
		c.changed(state)
	}
}

// look tells the state, the last failure's machine word, and how long to wait.
func (c *circuit) look() (state State, reason string, retry time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == CircuitOpen {
		retry = max(c.retryAt.Sub(c.now()), time.Second)
	}
	return c.state, c.reason, retry
}
