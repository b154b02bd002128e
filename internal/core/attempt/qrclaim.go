package attempt

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// ClaimRequest is what an app sends that has scanned a QR code, or whose person has typed
// one, already checked against the client's profile.
type ClaimRequest struct {
	Scanned string // what the QR code says; or
	Typed   string // what the person typed
	Client  string
	Request login.Request
	Device  login.Device
	Key     string // DPoP thumbprint

	ClockOff time.Duration // of the device, as in Start

	Network string // of the app; empty when unknown
	Source  login.Source
	Place   login.Place
	Label   string
}

// Claimed is the login that a claim began.
type Claimed struct {
	Attempt     login.Attempt
	AuthSession secret.Text
	Number      string // two digits, for the phone to show
}

// Claim begins the login of the phone that scanned a page, first come, first served:
// from then on the page shows no code but asks for the phone's number. A second phone
// means that the code has got into other eyes, so neither gets in (threat 3). Errors:
// ReasonQRUnknown, ReasonQRExpired, ReasonQRUsed, those of the gate, and
// ReasonQRReused with the login that was burned.
func (s *Attempts) Claim(ctx context.Context, in ClaimRequest) (Claimed, error) {
	if in.Key == "" || in.Request.CodeChallenge == "" {
		// A login that is bound to no phone could be fetched by anybody (threat 36).
		return Claimed{}, fault.New(fault.Invalid, login.ReasonProofInvalid, nil).WithDetail("a QR login needs a key and a code_challenge")
	}
	p, typed, err := s.scanned(ctx, in)
	if err != nil {
		return Claimed{}, err
	}
	if err := s.mayLogIn(ctx, login.Attempt{Method: login.MethodQR, Person: p.Person}); err != nil {
		return Claimed{}, err
	}
	out := Claimed{AuthSession: s.frames.of(p).authSession(p.ID, in.Key, in.Request.CodeChallenge)}
	for range 8 { // support codes may collide: see Start
		a := s.claimOf(in, p)
		taken, err := s.d.QRPages.ClaimQRPage(ctx, login.QRClaim{
			Page: p.ID, Typed: typed, At: a.CreatedAt, Elsewhere: s.elsewhere(p, in), Attempt: a,
			Secrets: login.AttemptSecrets{AuthSession: out.AuthSession.Hash()},
		})
		switch {
		case err == nil:
			for _, e := range a.Timeline {
				s.d.Observe(a, e)
			}
			s.d.Scanned(p.ID)
			out.Attempt, out.Number = a, s.frames.of(p).number(p.ID, a.ID)
			return out, nil
		case errors.Is(err, fault.ErrMoved):
			return s.claimAgain(ctx, taken, in, out)
		case !errors.Is(err, fault.ErrExists):
			return Claimed{}, fmt.Errorf("claim QR page: %w", err)
		}
	}
	return Claimed{}, fault.New(fault.Unavailable, login.ReasonInternal, errors.New("no free support code in eight tries"))
}

// scanned finds the page of what was scanned or typed.
func (s *Attempts) scanned(ctx context.Context, in ClaimRequest) (p login.QRPage, typed secret.Hash, err error) {
	if in.Scanned != "" {
		page, reason := s.frames.open(in.Scanned, s.d.Now())
		if reason != "" {
			return p, typed, noClaim(reason)
		}
		p, err = s.d.QRPages.QRPageByID(ctx, page)
	} else {
		code, ok := readTyped(in.Typed)
		if !ok {
			return p, typed, noClaim(login.ReasonQRUnknown)
		}
		for _, key := range s.frames {
			typed = frameKey{key}.typedHash(code)
			if p, err = s.d.QRPages.QRPageByTyped(ctx, typed); !errors.Is(err, fault.ErrNotFound) {
				break
			}
		}
	}
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return p, typed, noClaim(login.ReasonQRUnknown)
	case err == nil && !typed.Zero() && !s.d.Now().Before(p.TypedUntil):
		return p, typed, noClaim(login.ReasonQRExpired)
	default:
		return p, typed, err
	}
}

// noClaim is the answer to an app whose code is of no use.
func noClaim(reason login.Reason) *fault.Error {
	return fault.New(fault.Invalid, reason, nil).WithCode(oauth.AccessDenied)
}

// elsewhere reports whether the phone is in another network than the browser, or may
// be: what is unknown is like nothing else (threat 4).
func (s *Attempts) elsewhere(p login.QRPage, in ClaimRequest) bool {
	here := s.frames.of(p).network(in.Network)
	return here.Zero() || !here.Equal(p.Network)
}

// claimOf is the attempt that a claim begins: bound to the phone's key and challenge,
// with the person of the page and the way in which they proved who they are.
func (s *Attempts) claimOf(in ClaimRequest, p login.QRPage) login.Attempt {
	now := s.d.Now()
	state, _ := Next(login.MethodQR, login.StateCreated, Scan)
	detail := "scanned"
	if in.Scanned == "" {
		detail = "typed"
	}
	return login.Attempt{
		ID: login.NewID(), SupportCode: login.NewSupportCode(), Method: login.MethodQR, State: state,
		Client: in.Client, Request: in.Request, Device: in.Device, Key: in.Key, Place: in.Place, Source: in.Source,
		Person: p.Person, Broker: p.Broker, Means: p.Means, ACR: p.ACR, AuthTime: p.AuthTime,
		AMR:       append(slices.Clone(p.AMR), methodReference),
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(s.d.Lifetimes.Approval),
		Timeline: []login.Event{
			{At: now, Step: login.StepStart, Outcome: login.OutcomeOK, Browser: in.Label, Detail: clockDetail(in.ClockOff)},
			{At: now, Step: login.StepClaim, Outcome: login.OutcomeOK, Detail: detail, Means: p.Means, Broker: p.Broker},
		},
	}
}

// claimAgain answers a claim that came second. The same phone that lost our answer
// gets it again; another phone burns the login of the first.
func (s *Attempts) claimAgain(ctx context.Context, p login.QRPage, in ClaimRequest, out Claimed) (Claimed, error) {
	if p.State != login.QRClaimed {
		return Claimed{}, noClaim(login.ReasonQRExpired)
	}
	a, err := s.d.Handles.AttemptByID(ctx, p.Attempt)
	if err != nil {
		return Claimed{}, err
	}
	if a, err = s.expireIfDue(ctx, a); err != nil {
		return Claimed{}, err
	}
	same := a.Key == in.Key && a.Client == in.Client
	switch {
	case same && a.State == login.StateClaimed && a.Request.CodeChallenge == in.Request.CodeChallenge:
		out.Attempt, out.Number = a, s.frames.of(p).number(p.ID, a.ID)
		return out, nil
	case same:
		return Claimed{}, noClaim(login.ReasonQRUsed)
	case a.State.Over():
		reason := login.ReasonQRUsed
		if a.Reason == login.ReasonQRReused {
			reason = login.ReasonQRReused
		}
		note := login.Event{Step: login.StepClaim, Outcome: login.OutcomeRefused, Reason: reason, Browser: in.Label}
		return Claimed{}, errors.Join(noClaim(reason), s.Note(ctx, a, note))
	}
	e := login.Event{Step: login.StepClaim, Browser: in.Label}
	burned, err := s.burn(ctx, a, login.ReasonQRReused, e, func(ctx context.Context) { s.d.Audit.QRReused(ctx, a) })
	if errors.Is(err, fault.ErrMoved) {
		if burned.Reason != login.ReasonQRReused { // it has just come to another end
			return Claimed{}, noClaim(login.ReasonQRUsed)
		}
		err = nil // a third phone has burned it
	}
	return Claimed{Attempt: burned}, errors.Join(noClaim(login.ReasonQRReused), err)
}

// Approve lets the phone in whose number the person has typed on the page. There is
// one try: a wrong number means that the person is looking at another phone than the
// one that scanned (threat 4). Errors: ReasonQRWrongNumber, ReasonApprovalLate, and a
// bad parameter, which spends nothing, for what is not two digits.
func (s *Attempts) Approve(ctx context.Context, p login.QRPage, number string, e login.Event) (login.Attempt, error) {
	if number = strings.TrimSpace(number); len(number) != 2 || strings.Trim(number, "0123456789") != "" {
		return login.Attempt{}, fault.BadParam("number", "must be the two digits that the phone shows")
	}
	if p.Attempt == "" {
		return login.Attempt{}, fault.New(fault.Conflict, login.ReasonAttemptUnknown, fault.ErrMoved)
	}
	a, err := s.d.Handles.AttemptByID(ctx, p.Attempt)
	if err != nil {
		return login.Attempt{}, err
	}
	if a, err = s.expireIfDue(ctx, a); err != nil {
		return login.Attempt{}, err
	}
	e.Step = login.StepApprove
	if a.State != login.StateClaimed {
		return a, whyNot(a, login.Transition{At: s.d.Now()})
	}
	if subtle.ConstantTimeCompare([]byte(number), []byte(s.frames.of(p).number(p.ID, a.ID))) == 0 {
		// Of numbers typed at once the first counts: a wrong one must not undo a right one.
		ended, err := s.endIn(ctx, a, Burn, login.ReasonQRWrongNumber, e, []login.State{login.StateClaimed})
		return ended, errors.Join(fault.New(fault.Gone, login.ReasonQRWrongNumber, nil), err)
	}
	if err := s.mayLogIn(ctx, a); err != nil {
		ended, endErr := s.End(ctx, a, Deny, fault.AsError(err).Reason, e)
		return ended, errors.Join(err, endErr)
	}
	e.Outcome = login.OutcomeOK
	return s.move(ctx, a, Allow, login.Transition{Event: e, SetExpires: a.CreatedAt.Add(s.d.Lifetimes.Attempt)})
}

// Collect gives an approved phone its code, through the gate. It is derived from the
// auth_session, so that a phone that lost our answer gets the same one. Errors, all for
// the app that claimed: ReasonApprovalRequired while the page has not decided, and the
// reason of the end when there is nothing to come any more.
func (s *Attempts) Collect(ctx context.Context, a login.Attempt, authSession secret.Text) (secret.Text, error) {
	switch {
	case a.State == login.StateClaimed:
		return secret.Text{}, fault.New(fault.Invalid, login.ReasonApprovalRequired, nil).WithCode(oauth.InsufficientAuthorization)
	case a.State != login.StateApproved:
		reason := a.Reason
		if reason == "" {
			reason = login.ReasonAttemptUsed
		}
		return secret.Text{}, noClaim(reason)
	}
	code := codeFor(a, authSession)
	_, err := s.letOut(ctx, a, Recode, code, login.Transition{Event: login.Event{Step: login.StepConfirm, Outcome: login.OutcomeOK}})
	if err != nil {
		return secret.Text{}, err
	}
	return code, nil
}
