package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/platform/connlimit"
	"avain/internal/testkit/patience"
)

// A few networks hold as many connections as they may, with requests that trickle in and
// with nothing at all; people from elsewhere log in as ever, their apps wait for news,
// and who stands behind an attacker's address gets in too.
func TestThreat53StrangersLogInBesideSlowBodies(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs all of 127.0.0.0/8")
	}
	r := newRig(t, func(c *config.Config) { c.Limits.Connections, c.Limits.ConnectionsPerNetwork = 100, 60 })
	var attackers []string
	for i := range 8 {
		attackers = append(attackers, fmt.Sprint("127.0.0.", 2+i))
	}
	const n = 240
	for i := range n {
		c := r.connect(attackers[i%len(attackers)])
		for _, part := range [][]string{
			{"POST /par HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nclient_id=sm"},
			{"GET /authorize?client_id=smartum"},
			{"POST /static/none HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"},
			{},
		}[i/len(attackers)%4] {
			_, _ = io.WriteString(c, part) // it may have been refused
		}
	}
	r.connections("the attackers are in", func(s connlimit.Stats) bool { return open(s) >= 80 && came(s) == n })
	r.clock.pass(3 * time.Second)

	l := r.link(r.App + "/return")
	waits := r.follow(r.app, l, "created")
	for range 5 {
		r.app, r.browser = r.phone() // with connections of their own
		r.login()
	}
	page, err := r.browser.Open(t.Context(), l.LoginLink)
	if err != nil {
		t.Fatal(err)
	}
	r.press(page, "Kirjaudu")
	r.mustTellState(waits, "opened")
	behind := r.connect(attackers[0])
	_, _ = io.WriteString(behind, "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if answer, err := io.ReadAll(behind); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("behind an attacker's address: %.40q, %v", answer, err)
	}
	w := httptest.NewRecorder()
	r.Inside.Admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, metric := range []string{`avain_connections_open{stage="waiting"} 1`, `avain_connections_evicted_total{stage="moving"} `, `avain_connections_refused_total{full="network"} `} {
		if !strings.Contains(w.Body.String(), metric) {
			t.Errorf("no %s in the metrics", metric)
		}
	}
	if s := r.Inside.Connections.Stats(); s.Refused["node"] > 0 {
		t.Errorf("%+v", s)
	}
	if strings.Contains(w.Body.String()+r.log.String(), attackers[0]) {
		t.Error("an address is in the metrics or the log")
	}
}

// connect opens a connection to the service from another address of this machine.
func (r *rig) connect(from string) net.Conn {
	r.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := dialer.DialContext(r.Context(), "tcp4", mustParse(r.T, r.Service).Host)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(patience.End()); err != nil {
		r.Fatal(err)
	}
	return c
}

// connections waits until they are as they must be.
func (r *rig) connections(what string, ok func(connlimit.Stats) bool) {
	r.Helper()
	r.Cleanup(func() {
		if r.Failed() {
			r.Logf("at the end the connections are %+v", r.Inside.Connections.Stats())
		}
	})
	patience.Until(r, what, func() bool { return ok(r.Inside.Connections.Stats()) })
}

func open(s connlimit.Stats) (n int) {
	for _, in := range s.Open {
		n += in
	}
	return n
}

func came(s connlimit.Stats) int {
	return open(s) + int(s.Refused["network"]+s.Refused["node"]+s.Evicted["quiet"]+s.Evicted["moving"])
}
