package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/platform/webhook"
	"avain/internal/secret"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// message is what the operator's system receives.
type message struct {
	Type string
	Data map[string]string
	id   string
	raw  string
}

// listener is a system of the operator that checks every message with a client that we
// did not write.
func listener(t *testing.T) (webhook.Endpoint, <-chan message) {
	t.Helper()
	text := "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret.NewShort().Reveal()+secret.NewShort().Reveal()))
	client, err := standardwebhooks.NewWebhook(text)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan message, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || client.Verify(body, r.Header) != nil {
			t.Errorf("received %q, %v: %v", body, err, client.Verify(body, r.Header))
		}
		m := message{id: r.Header.Get("webhook-id"), raw: string(body)}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		heard <- m
	}))
	t.Cleanup(server.Close)
	return webhook.Endpoint{ID: "crm", URL: server.URL, Secret: secret.Of(text)}, heard
}

// hear waits for so many messages and gives them by type: their order is not kept.
func hear(t *testing.T, heard <-chan message, n int) map[webhook.Type]message {
	t.Helper()
	all := map[webhook.Type]message{}
	for range n {
		select {
		case m := <-heard:
			all[webhook.Type(m.Type)] = m
		case <-patience.Over():
			t.Fatalf("heard only %v", all)
		}
	}
	return all
}

// The operator's system hears of an activation and of a login, once each, and learns
// ids and nothing about who somebody is.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	endpoint, heard := listener(t)
	r := newRig(t, func(c *config.Config) { c.Webhooks = config.Webhooks{endpoint} })
	e := r.employer("Kahvila Oy")
	m, _ := r.invite(e, "aino@example.com")
	_, link := r.letter("aino@example.com", 1)
	r.activate(link, "aino")

	all := hear(t, heard, 2)
	took, in := all[webhook.PersonActivated], all[webhook.SessionCreated]
	if took.Data["employer"] != e.ID || took.Data["employment"] != m.ID || !login.ValidID(took.Data["person"]) || len(took.Data) != 3 {
		t.Errorf("activation: %s", took.raw)
	}
	// Who activated is signed in to the page with their benefits.
	if in.Data["person"] != took.Data["person"] || in.Data["client"] != login.WebClient || in.Data["session"] == "" || in.id == took.id {
		t.Errorf("login: %s", in.raw)
	}
	for _, m := range []message{took, in} {
		for _, canary := range []string{"aino", "Aino", "example.com", "Kahvila"} {
			if strings.Contains(m.raw, canary) {
				t.Errorf("%q is told: %s", canary, m.raw)
			}
		}
	}
	select {
	case again := <-heard:
		t.Errorf("heard twice: %s", again.raw)
	case <-patience.Quiet():
	}
}

// The operator's system hears of the end of a session, whoever ended it, once, and of an
// invitation that did not arrive.
func TestWebhooksOfEnds(t *testing.T) {
	t.Parallel()
	endpoint, heard := listener(t)
	r := newRig(t, func(c *config.Config) {
		endpoint.Events = []webhook.Type{webhook.SessionRevoked, webhook.InvitationBounced}
		c.Webhooks = config.Webhooks{endpoint}
	})
	e := r.employer("Kahvila Oy")
	m, i := r.invite(e, "bounce@example.com")
	_, link := r.letter("bounce@example.com", 1)
	r.bounce()
	if got := hear(t, heard, 1)[webhook.InvitationBounced]; len(got.Data) != 3 || got.Data["employer"] != e.ID || got.Data["employment"] != m.ID || got.Data["invitation"] != i.ID {
		t.Errorf("bounce: %s", got.raw)
	}

	out := r.activate(link, "aino")
	if again := r.press(out, "Kirjaudu ulos"); strings.Contains(again.Body, "aktivoituneet") {
		t.Errorf("still signed in: %s", again.Body)
	}
	person := r.personOf(m.ID)
	got := hear(t, heard, 1)[webhook.SessionRevoked]
	if got.Data["person"] != person || got.Data["session"] == "" || got.Data["client"] != login.WebClient || got.Data["why"] != "logout_web" || len(got.Data) != 5 {
		t.Errorf("end: %s", got.raw)
	}
	// A second way of ending it ends nothing.
	if _, err := r.Inside.Store.Sessions.RevokeSessionsOfPerson(t.Context(), person, "again", r.clock.now()); err != nil {
		t.Fatal(err)
	}
	select {
	case again := <-heard:
		t.Errorf("heard twice: %s", again.raw)
	case <-patience.Quiet():
	}
}

// bounce hands in the report about a letter that came back.
func (r *rig) bounce() {
	r.Helper()
	r.noJobs()
	var report demo.Mail
	r.eventually("a report comes back", func() bool {
		for _, m := range r.Mailbox.Mails("") {
			if strings.HasPrefix(m.To, "bounces+") {
				report = m
			}
		}
		return report.ID != 0
	})
	if err := r.Inside.Bounced(r.Context(), "system", bytes.NewReader(report.Raw)); err != nil {
		r.Fatal(err)
	}
}

// personOf is who has activated the employment.
func (r *rig) personOf(employment string) string {
	r.Helper()
	m, err := r.Inside.Store.Employments.EmploymentByID(r.Context(), employment)
	if err != nil || m.Person == "" {
		r.Fatalf("%+v, %v", m, err)
	}
	return m.Person
}
