package diagnosis

import (
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// Diagnosis is what became of a login: the entry of the catalogue, and where and when
// it came to it. It holds no name, no secret and no identity code.
type Diagnosis struct {
	reasons.Entry

	Good    bool      `json:"good"`    // the app is logged in
	Web     bool      `json:"web"`     // on our own pages: an activation, or signing in there; no app is involved
	Running bool      `json:"running"` // the login can still go on; the entry says what went wrong last, if anything
	At      time.Time `json:"at"`      // of the line of the timeline that decided; else when the login began
	Step    string    `json:"step,omitempty"`
	Detail  string    `json:"detail,omitempty"` // a machine word, such as "token.http_503"
	Means   string    `json:"means,omitempty"`  // id of the bank or method that was chosen last
	Broker  string    `json:"broker,omitempty"` // id of the broker behind it
	Browser string    `json:"browser,omitempty"`
	// Began is the browser in which the person chose the means, when Browser is another.
	Began string `json:"began,omitempty"`
	// Earlier is what went wrong on the way and ended nothing, in the order of time.
	Earlier []login.Reason `json:"earlier,omitempty"`
}

// Of says what became of a login, as far as it can be known now. It always has an
// answer, whatever stands in the timeline.
func Of(a login.Attempt, now time.Time) Diagnosis {
	reason, decided := verdict(a, now)
	d := Diagnosis{
		Entry: reasons.Of(reason), Running: running(a, now), Web: a.Client == login.WebClient,
		At: a.CreatedAt, Means: a.Means, Broker: a.Broker,
	}
	d.Good = d.Reason == login.ReasonWentWell
	if decided >= 0 {
		e := a.Timeline[decided]
		d.At, d.Step, d.Detail = e.At, e.Step, e.Detail
		d.where(a.Timeline[:decided+1])
	}
	d.Earlier = earlier(a.Timeline, decided, d.Reason)
	return d
}

// where names the browser and the means of the last of the lines, or of the nearest one
// before it that tells.
func (d *Diagnosis) where(lines []login.Event) {
	for _, e := range slices.Backward(lines) {
		if e.Step == login.StepStart {
			break // the app, not a browser
		}
		if d.Browser == "" {
			d.Browser = e.Browser
		}
		if d.Began == "" && e.Step == login.StepChoose {
			d.Began = e.Browser
		}
		if d.Means == "" && e.Means != "" {
			d.Means, d.Broker = e.Means, e.Broker
		}
	}
	if d.Began == d.Browser {
		d.Began = ""
	}
}

// running reports whether the login can still go on.
func running(a login.Attempt, now time.Time) bool {
	return !a.State.Over() && now.Before(a.ExpiresAt)
}

// earlier lists the reasons of what was refused or failed, but for the line that
// decided and what merely says the same.
func earlier(lines []login.Event, decided int, verdict login.Reason) (all []login.Reason) {
	for i, e := range lines {
		if i == decided || e.Outcome == login.OutcomeOK || e.Reason == "" || e.Step == login.StepExpire {
			continue
		}
		if e.Reason != verdict && told(e.Reason) && !slices.Contains(all, e.Reason) {
			all = append(all, e.Reason)
		}
	}
	return all
}
