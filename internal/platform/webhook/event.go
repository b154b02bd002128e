package webhook

import (
	"encoding/json"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
)

// Type says what has happened.
type Type string

// The events. Receivers know them by these words: they never change their meaning.
const (
	PersonActivated   Type = "person.activated"   // a person took their benefits into use
	PersonJoined      Type = "person.joined"      // two records turned out to be one human; Former is the one that ended
	SessionCreated    Type = "session.created"    // a person logged in on a device
	SessionRevoked    Type = "session.revoked"    // a device was logged out by somebody; Why says by whom
	InvitationBounced Type = "invitation.bounced" // an invitation did not reach its address
	PersonErased      Type = "person.erased"      // what the law does not ask us to keep is gone; erase yours
	AlertRaised       Type = "alert.raised"       // fewer logins than usual succeed; Dimension and Value say which
	AlertEnded        Type = "alert.ended"        // as many as usual again
)

// Types lists the events.
func Types() []Type {
	return []Type{PersonActivated, PersonJoined, SessionCreated, SessionRevoked, InvitationBounced, PersonErased, AlertRaised, AlertEnded}
}

// Event is what has happened. Who receives it learns ids, and asks the admin API for
// the rest if they may: a message lies in queues and logs of others for years, and an
// id tells them nothing. That is why the fields are these and not a map.
type Event struct {
	Type Type
	At   time.Time

	Person     string // ids, each empty where it does not apply
	Former     string
	Employer   string
	Employment string
	Invitation string
	Session    string
	Client     string
	Method     login.Method
	Why        string // a word of ours, such as "logout"

	Alert     string // id
	Dimension operations.Dimension
	Value     string // of the dimension, such as a bank's id
}

// message is the body of a delivery.
type message struct {
	Type      Type   `json:"type"`
	Timestamp string `json:"timestamp"` // RFC 3339, UTC: when it happened
	Data      data   `json:"data"`
}

type data struct {
	Person     string       `json:"person,omitempty"`
	Former     string       `json:"former,omitempty"`
	Employer   string       `json:"employer,omitempty"`
	Employment string       `json:"employment,omitempty"`
	Invitation string       `json:"invitation,omitempty"`
	Session    string       `json:"session,omitempty"`
	Client     string       `json:"client,omitempty"`
	Method     login.Method `json:"method,omitempty"`
	Why        string       `json:"why,omitempty"`

	Alert     string               `json:"alert,omitempty"`
	Dimension operations.Dimension `json:"dimension,omitempty"`
	Value     string               `json:"value,omitempty"`
}

func (e Event) body() string {
	b, _ := json.Marshal(message{ // texts alone can always be encoded
		Type: e.Type, Timestamp: e.At.UTC().Format(time.RFC3339Nano),
		Data: data{e.Person, e.Former, e.Employer, e.Employment, e.Invitation, e.Session, e.Client, e.Method, e.Why, e.Alert, e.Dimension, e.Value},
	})
	return string(b)
}

// kindPrefix begins the kind of the jobs of an endpoint. Each endpoint has a kind, and
// so workers and a list of dead jobs, of its own: one that hangs delays no other.
const kindPrefix = "webhook."

// delivery is the payload of a job.
type delivery struct {
	ID   string `json:"id"`   // webhook-id: the same in each try, and for all endpoints
	Body string `json:"body"` // as it is signed: the same bytes in each try
}

// Jobs are the deliveries of an event to the endpoints that listen to it. Order them in
// the transaction of the act, so that no event is lost and none is told that did not
// happen.
func (s *Sender) Jobs(e Event) []queue.Job {
	payload, _ := json.Marshal(delivery{ID: "msg_" + login.NewID(), Body: e.body()}) // as above
	var ordered []queue.Job
	for _, to := range s.endpoints {
		if to.listensTo(e.Type) {
			now := s.now()
			ordered = append(ordered, queue.Job{ID: login.NewID(), Kind: kindPrefix + to.ID, Payload: payload, At: now, CreatedAt: now})
		}
	}
	return ordered
}
