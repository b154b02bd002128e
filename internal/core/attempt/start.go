package attempt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/secret"
)

// StartRequest is what a client asks for, already checked against its profile.
type StartRequest struct {
	Client  string
	Method  login.Method
	Request login.Request
	Device  login.Device
	Key     string // DPoP thumbprint; empty without DPoP
	// ClockOff is how far the clock of the device is ahead, or behind when negative: for
	// support. 0 without a proof.
	ClockOff time.Duration
	Browser  secret.Text // when a browser starts it by itself (compatible profile); empty for PAR
	Place    login.Place
	Source   login.Source // whom it counts against
	Label    string       // the browser, as the timeline names it
	Once     []login.ReplayKey
	// Because is why a password was not enough, for the login that goes on from there:
	// support must find it under the code that the person is shown. Else empty.
	Because login.Reason
}

// Started is a new attempt with the secrets that name it. They exist only here
// and at the client.
type Started struct {
	Attempt     login.Attempt
	RequestURI  secret.Text // without the URN prefix
	AuthSession secret.Text
	Link        secret.Text
}

// Start begins an attempt. Until somebody opens it it has two minutes to live: whoever
// starts logins that nobody comes for shall not fill the database for ten. Errors: ReasonProofReplayed when one of the marks was
// set before.
func (s *Attempts) Start(ctx context.Context, in StartRequest) (Started, error) {
	now := s.d.Now()
	out := Started{RequestURI: secret.New(), AuthSession: secret.New()}
	hashes := login.AttemptSecrets{RequestURI: out.RequestURI.Hash(), AuthSession: out.AuthSession.Hash()}
	if in.Method == login.MethodLink {
		out.Link = secret.NewShort()
		hashes.Link = out.Link.Hash()
	}
	a := login.Attempt{
		ID: login.NewID(), Method: in.Method, State: login.StateCreated,
		Client: in.Client, Request: in.Request, Device: in.Device, Key: in.Key, Place: in.Place,
		Source:    in.Source,
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(min(s.d.Lifetimes.Unopened, s.d.Lifetimes.Attempt)),
		Timeline: []login.Event{{At: now, Step: login.StepStart, Outcome: login.OutcomeOK, Browser: in.Label, Detail: clockDetail(in.ClockOff)}},
	}
	if in.Because != "" {
		a.Timeline = append(a.Timeline, login.Event{At: now, Step: login.StepPassword, Outcome: login.OutcomeRefused, Reason: in.Because})
	}
	if !in.Browser.Empty() {
		a.Browser = browsersession.Binding(in.Browser, a.ID)
	}
	// 26⁶ codes: among a million attempts a collision comes once in 300 starts.
	for range 8 {
		a.SupportCode = login.NewSupportCode()
		err := s.d.Attempts.StartAttempt(ctx, a, hashes, in.Once...)
		switch {
		case err == nil:
			out.Attempt = a
			s.d.Observe(a, a.Timeline[0])
			return out, nil
		case errors.Is(err, fault.ErrReplayed):
			return Started{}, fault.New(fault.Invalid, login.ReasonProofReplayed, err)
		case !errors.Is(err, fault.ErrExists):
			return Started{}, fmt.Errorf("start attempt: %w", err)
		}
	}
	return Started{}, fault.New(fault.Unavailable, login.ReasonInternal, errors.New("no free support code in eight tries"))
}

// clockDetail is what the timeline says of a device whose clock is off by more than what
// the network and a slow phone explain; else nothing.
func clockDetail(off time.Duration) string {
	if off.Abs() <= time.Minute {
		return ""
	}
	direction := "behind"
	if off > 0 {
		direction = "ahead"
	}
	return "clock." + direction + "_" + off.Abs().Round(time.Second).String()
}
