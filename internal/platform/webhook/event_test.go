package webhook

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// What receivers rely on, word by word.
func TestBodies(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 14, 0, 0, 0, time.FixedZone("EET", 2*60*60))
	for want, e := range map[string]Event{
		`{"type":"person.activated","timestamp":"2026-11-22T12:00:00Z","data":{"person":"P","employer":"E","employment":"W"}}`: {Type: PersonActivated, Person: "P", Employer: "E", Employment: "W"},
		`{"type":"person.joined","timestamp":"2026-11-22T12:00:00Z","data":{"person":"P","former":"Q"}}`:                       {Type: PersonJoined, Person: "P", Former: "Q"},
		`{"type":"session.created","timestamp":"2026-11-22T12:00:00Z","data":{"person":"P","session":"S","client":"smartumpay","method":"link"}}`: {
			Type: SessionCreated, Person: "P", Session: "S", Client: "smartumpay", Method: login.MethodLink,
		},
		`{"type":"session.revoked","timestamp":"2026-11-22T12:00:00Z","data":{"person":"P","session":"S","why":"logout"}}`: {Type: SessionRevoked, Person: "P", Session: "S", Why: "logout"},
		`{"type":"invitation.bounced","timestamp":"2026-11-22T12:00:00Z","data":{"employer":"E","invitation":"I"}}`:        {Type: InvitationBounced, Employer: "E", Invitation: "I"},
		`{"type":"person.erased","timestamp":"2026-11-22T12:00:00Z","data":{"person":"P"}}`:                                {Type: PersonErased, Person: "P"},
		`{"type":"alert.raised","timestamp":"2026-11-22T12:00:00Z","data":{"alert":"A","dimension":"means","value":"op"}}`: {Type: AlertRaised, Alert: "A", Dimension: operations.DimensionMeans, Value: "op"},
		`{"type":"alert.ended","timestamp":"2026-11-22T12:00:00Z","data":{"alert":"A","dimension":"all"}}`:                 {Type: AlertEnded, Alert: "A", Dimension: operations.DimensionAll},
	} {
		e.At = at
		if got := e.body(); got != want {
			t.Errorf("body\n%s, want\n%s", got, want)
		}
	}
}

// Every field of an event reaches the body, and every field is one that tells an id or
// a word of ours: a new one must be thought about here.
func TestEventFields(t *testing.T) {
	t.Parallel()
	known := map[string]bool{
		"Type": true, "At": true, "Person": true, "Former": true, "Employer": true, "Employment": true,
		"Invitation": true, "Session": true, "Client": true, "Method": true, "Why": true,
		"Alert": true, "Dimension": true, "Value": true,
	}
	var e Event
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !known[name] {
			t.Errorf("%s: may a receiver, and its logs, learn this?", name)
		}
		if v.Field(i).Kind() == reflect.String {
			v.Field(i).SetString("x")
		}
	}
	var m struct{ Data map[string]string }
	if err := json.Unmarshal([]byte(e.body()), &m); err != nil || len(m.Data) != v.NumField()-2 {
		t.Errorf("%v of %d fields (%v)", m.Data, v.NumField()-2, err)
	}
}

// The jobs of an event carry one message, are due at once, and are taken by the store.
func TestJobs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s, err := New([]Endpoint{
		{ID: "a", URL: "https://a.example.com/", Secret: secret.Of(someSecret)},
		{ID: "b", URL: "https://b.example.com/", Secret: secret.Of(otherSecret)},
	}, func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := s.Jobs(joined()), s.Jobs(joined())
	if len(first) != 2 || !bytes.Equal(first[0].Payload, first[1].Payload) || first[0].ID == first[1].ID || !first[0].At.Equal(now) {
		t.Fatalf("jobs %+v", first)
	}
	var one, other delivery
	for job, d := range map[*queue.Job]*delivery{&first[0]: &one, &second[0]: &other} {
		if err := json.Unmarshal(job.Payload, d); err != nil {
			t.Fatal(err)
		}
	}
	if one.ID == other.ID || one.Body != other.Body || one.Body != joined().body() {
		t.Errorf("%+v and %+v", one, other)
	}
}
