package server_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
	"avain/internal/platform/store/storetest"
	"avain/internal/platform/webhook"
)

// A person downloads what is known of them, shortly after proving who they are: a
// browser that was left signed in gives nothing away.
func TestOwnDataNeedsAFreshProof(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Kahvila Oy")
	m, _ := r.invite(e, "aino@example.com", func(m *employment.Employment) { m.GivenName = "Aino-Kaisa" })
	other, _ := r.invite(e, "toinen@example.com")
	_, link := r.letter("aino@example.com", 1)

	if page := r.at(r.Service + "/me/data"); strings.Contains(page.Body, "Lataa tietosi") {
		t.Error("offered to somebody who is not signed in")
	}
	r.activate(link, "aino")
	offer := r.at(r.Service + "/me/data")
	data := r.press(offer, "Lataa tietosi")
	var d struct {
		ID   string
		Data []struct {
			Table string
			Rows  []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(data.Body), &d); err != nil {
		t.Fatalf("%v: %s", err, data.Body)
	}
	for _, word := range []string{"Aino-Kaisa", "aino@example.com", "Kahvila Oy", m.ID, "kuikka", "session.create", "lunch"} {
		if !strings.Contains(data.Body, word) {
			t.Errorf("%q is not in the document", word)
		}
	}
	person, err := r.Inside.Store.People.PersonByID(t.Context(), r.personOf(m.ID))
	if err != nil || d.ID != person.ID || len(d.Data) < 10 {
		t.Errorf("document of %s with %d sections, %v", d.ID, len(d.Data), err)
	}
	for _, word := range []string{"toinen@example.com", other.ID, "hetu_", "refresh", `"hash"`, `"token"`, "jkt"} {
		if strings.Contains(data.Body, word) {
			t.Errorf("%q is in the document", word)
		}
	}

	r.clock.pass(11 * time.Minute)
	if late := r.press(offer, "Lataa tietosi"); strings.Contains(late.Body, m.ID) || !strings.Contains(late.Body, "Vahvista ensin uudelleen") {
		t.Errorf("eleven minutes later: %s", late.Body)
	}
	again := r.press(r.at(r.Service+"/me/data"), "Vahvista", "kuikka", "aino", "Vahvista")
	if again.URL != r.Service+"/me/data" {
		t.Errorf("the new proof leads to %s", again.URL)
	}
	if data := r.press(again, "Lataa tietosi"); !strings.Contains(data.Body, m.ID) {
		t.Errorf("after the new proof: %s", data.Body)
	}
}

// Erasing logs a person out everywhere, tells the operator's systems, and leaves them a
// stranger; whoever stays notices nothing.
func TestErasedPersonIsAStranger(t *testing.T) {
	t.Parallel()
	endpoint, heard := listener(t)
	r := newRig(t, func(c *config.Config) {
		endpoint.Events = []webhook.Type{webhook.SessionRevoked, webhook.PersonErased}
		c.Webhooks = config.Webhooks{endpoint}
	})
	e := r.employer("Kahvila Oy")
	m, i := r.invite(e, "aino@example.com")
	other, _ := r.invite(e, "toinen@example.com")
	_, link := r.letter("aino@example.com", 1)
	r.activate(link, "aino")
	person := r.personOf(m.ID)
	gone, err := r.Inside.Privacy.Erase(t.Context(), audit.System, m.ID, "request")
	if err != nil || gone.Sessions == 0 || len(gone.Persons) == 0 {
		t.Fatalf("%+v, %v", gone, err)
	}
	told := hear(t, heard, int(gone.Sessions)+len(gone.Persons))
	if told[webhook.PersonErased].Data["person"] != person || told[webhook.SessionRevoked].Data["why"] != "erased" {
		t.Errorf("told %v", told)
	}
	if page := r.at(r.Service + "/me"); strings.Contains(page.Body, "aktivoituneet") {
		t.Error("still signed in")
	}
	if page := r.at(link); strings.Contains(page.Body, "Aktivoi edut") {
		t.Errorf("the invitation %s still works", i.ID)
	}
	if _, err := r.Inside.Store.People.PersonByID(t.Context(), person); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the person: %v", err)
	}
	if _, err := r.Inside.Store.Employments.EmploymentByID(t.Context(), other.ID); err != nil {
		t.Errorf("the other: %v", err)
	}
	if _, err := r.Inside.Privacy.Erase(t.Context(), audit.System, person, "request"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	entries, err := storetest.ReadAudit(t.Context(), r.Inside.Store, 0, 1000)
	if err != nil || entries[len(entries)-1].Action != "person.erase" || entries[len(entries)-1].Detail["why"] != "request" {
		t.Errorf("audit: %+v, %v", entries, err)
	}
}
