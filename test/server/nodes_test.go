package server_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

// onPostgres moves the service to PostgreSQL, and hands its configuration out, for
// another node.
func onPostgres(t *testing.T, out *config.Config) func(*config.Config) {
	dsn := storetest.FreshPostgres(t)
	return func(c *config.Config) {
		c.Database.Driver, c.Database.Connection, c.Database.MaxConnections = config.Postgres, secret.Of(dsn), 4
		*out = *c
	}
}

// node is one more node of the same installation. Apps reach it under the same
// name, as behind a load balancer.
func node(t *testing.T, r *rig, c config.Config) http.RoundTripper {
	t.Helper()
	s, err := app.New(t.Context(), c, app.Deps{Log: slog.New(slog.NewJSONHandler(r.log, nil)), Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Public)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var house sync.WaitGroup
	house.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		s.Drain()
		server.Close()
		stop()
		house.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	service := mustParse(t, r.Service).Host
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == service {
			address = server.Listener.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
}

// Each step of a login on another node: all state is in the database.
func TestLoginAcrossNodes(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	first, second := r.app.HTTP.Transport, node(t, r, c)
	l := r.start()
	r.browser.HTTP.Transport = second
	page := r.press(r.open(l), "kuikka", "aino")
	r.browser.HTTP.Transport = first
	page = r.press(page, "Vahvista")
	r.app.HTTP.Transport = second
	tokens, err := r.app.Finish(t.Context(), l, page.App)
	if err != nil {
		t.Fatal(err)
	}
	r.app.HTTP.Transport = first
	if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil {
		t.Error(err)
	}
}

// Logged out on one node, out on the other at the next call.
func TestThreat27RevocationHoldsOnEveryNode(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	here, there := r.app.HTTP.Transport, node(t, r, c)
	for name, end := range map[string]func(refresh string){
		"logged out by the app": func(refresh string) {
			if err := r.app.Revoke(t.Context(), refresh); err != nil {
				t.Fatal(err)
			}
		},
		"person locked": func(string) {
			if err := r.Inside.Store.People.LockPerson(t.Context(), r.person("aino").ID, r.clock.now()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		r.app.HTTP.Transport = here
		tokens := r.login()
		r.app.HTTP.Transport = there
		if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
			t.Fatalf("%s: before: %v", name, err)
		}
		r.app.HTTP.Transport = here
		end(tokens.RefreshToken)
		r.app.HTTP.Transport = there
		if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
			t.Errorf("%s: refresh on the other node: %v", name, err)
		}
		if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); code(err) != "invalid_token" {
			t.Errorf("%s: access token on the other node: %v", name, err)
		}
		if name == "person locked" {
			if err := r.Inside.Store.People.UnlockPerson(t.Context(), r.person("aino").ID, r.clock.now()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A proof that was used on one node is spent on the other.
func TestThreat17ReplayOnAnotherNode(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	here, there := r.app.HTTP.Transport, node(t, r, c)
	tokens := r.login()
	_, _, header := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + tokens.AccessToken}})
	proof, err := r.app.Key.Prove(proofFor(r, "/userinfo", header.Get("DPoP-Nonce"), tokens.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	stolen := http.Header{"Authorization": {"DPoP " + tokens.AccessToken}, "Dpop": {proof}}
	r.browser.HTTP.Transport = here
	if status, body, _ := r.send(http.MethodGet, "/userinfo", nil, stolen); status != http.StatusOK {
		t.Fatalf("the first use: %d %s", status, body)
	}
	r.browser.HTTP.Transport = there
	if status, _, _ := r.send(http.MethodGet, "/userinfo", nil, stolen); status != http.StatusUnauthorized {
		t.Errorf("the replay on another node: %d", status)
	}
}

// Answered requests are finished and the login goes on after the service has been
// stopped and started again.
func TestRestartInTheMiddleOfALogin(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, func(change *config.Config) { c = *change })
	l := r.start()
	confirm := r.press(r.open(l), "kuikka", "aino")
	again := node(t, r, c) // another process over the same file
	r.browser.HTTP.Transport, r.app.HTTP.Transport = again, again
	page := r.press(confirm, "Vahvista")
	if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
		t.Fatal(err)
	}
	if d := time.Until(r.attempt(l.SupportCode).ExpiresAt); d > 10*time.Minute {
		t.Errorf("the restart gave the login more time: %s", d)
	}
}

// The app waits at one node, the person confirms at another: the app is told all the
// same.
func TestWaitingAppIsToldByTheOtherNode(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	l := r.link(r.Service + "/return")
	confirm := r.walkLink(l)
	waiter := *r.app
	waiter.HTTP = &http.Client{Transport: node(t, r, c)}
	if _, err := waiter.Status(t.Context(), l, ""); err != nil { // has its nonce now
		t.Fatal(err)
	}
	told := make(chan string, 1)
	go func() {
		s, err := waiter.Status(t.Context(), l, "authenticated")
		if err != nil {
			t.Error(err)
		}
		told <- s.State
	}()
	r.press(confirm, "Vahvista kirjautuminen")
	if state := <-told; state != "confirmed" {
		t.Errorf("told %q", state)
	}
}
