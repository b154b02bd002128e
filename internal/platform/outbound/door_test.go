package outbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A name that turns out to be this machine although its endpoint does not say so, as
// after DNS rebinding, is not connected to; nor is anything that is no endpoint.
func TestThreat35Rebinding(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(receiver.Close)
	u, err := url.Parse(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	name := net.JoinHostPort("localhost", u.Port())
	for what, d := range map[string]dialer{
		"rebound":     {loopback: map[string]bool{name: false}},
		"no endpoint": {loopback: map[string]bool{"crm.example.com:443": false}},
	} {
		conn, err := d.dial(context.Background(), "tcp", name)
		if conn != nil {
			_ = conn.Close()
		}
		if !errors.Is(err, errAddress) || !errors.Is(trouble(&url.Error{Err: err}), errAddress) {
			t.Errorf("%s: %v", what, err)
		}
	}
	conn, err := dialer{proxies: map[string]bool{name: true}}.dial(t.Context(), "tcp", name)
	if err != nil {
		t.Fatalf("the operator's proxy: %v", err)
	}
	_ = conn.Close()
	if visits.Load() != 0 {
		t.Error("the receiver was visited")
	}
}

func TestDialled(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://crm.example.com/x": "crm.example.com:443", "http://localhost": "localhost:80", "https://[::1]:8443/": "[::1]:8443",
		"https://Crm.Example.com": "Crm.Example.com:443", "socks5://proxy": "proxy:1080",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := dialled(u); got != want {
			t.Errorf("%s dials %s, want %s", raw, got, want)
		}
	}
}

// Threat 35: what a receiver answers leads us nowhere else.
func TestThreat35RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(foreign.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, foreign.URL, code) }))
		t.Cleanup(receiver.Close)
		door, err := NewDoor([]string{receiver.URL, foreign.URL}, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(door.Close)
		if status, _, err := door.Post(t.Context(), receiver.URL, http.Header{}, "x"); err != nil || status != code {
			t.Errorf("%d: %d, %v", code, status, err)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the foreign host was visited %d times", n)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "0": 0, "-5": 0, "soon": 0,
		"Sun, 22 Nov 2026 12:10:00 GMT": 10 * time.Minute, "Sun, 22 Nov 2020 12:10:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
