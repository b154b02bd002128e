package diagnosis

import (
	"time"

	"avain/internal/catalogue"
	"avain/internal/login"
)

// Diagnosis is what became of a login.
type Diagnosis struct {
	catalogue.Entry

	Good    bool      `json:"good"`    // the app is logged in
	Running bool      `json:"running"` // the login goes on; the reason is login.ReasonStillRunning
	At      time.Time `json:"at"`      // when it stopped: the event that decided, or the last one
	Step    string    `json:"step,omitempty"`
	Detail  string    `json:"detail,omitempty"` // a machine word, such as "token.http_503"
	Means   string    `json:"means,omitempty"`  // id
	Broker  string    `json:"broker,omitempty"` // id
	Browser string    `json:"browser,omitempty"`
	// Began is the browser in which the login began, when it is another than Browser.
	Began string `json:"began,omitempty"`
	// Earlier are reasons of things that went wrong on the way and ended nothing.
	Earlier []login.Reason `json:"earlier,omitempty"`
}

// Of says what became of a login, as far as it can be known now.
func Of(a login.Attempt, now time.Time) Diagnosis {
	d := Diagnosis{Entry: catalogue.Of(a.Reason), Good: a.State == login.StateRedeemed}
	switch {
	case d.Good:
		d.Entry = catalogue.Of(login.ReasonWentWell)
	case !a.State.Over() && now.Before(a.ExpiresAt):
		d.Entry, d.Running = catalogue.Of(login.ReasonStillRunning), true
	case a.Reason == "":
		d.Entry = catalogue.Of(login.ReasonAttemptExpired)
	}
	return d
}
