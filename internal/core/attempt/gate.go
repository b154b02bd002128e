package attempt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// letOut is the single gate through which every authorization code goes out, whatever
// the method: a person who is locked gets none, here and nowhere else (a lock that one
// path forgets was Authelia CVE-2025-24806).
func (s *Attempts) letOut(ctx context.Context, a login.Attempt, event Event, code secret.Text, m login.Transition) (login.Attempt, error) {
	if err := s.mayLogIn(ctx, a); err != nil {
		ended, endErr := s.End(ctx, a, Deny, fault.AsError(err).Reason, login.Event{Step: m.Event.Step})
		return ended, errors.Join(err, endErr)
	}
	m.SetCode, m.SetCodeEnds = code.Hash(), s.d.Now().Add(s.d.Lifetimes.Code)
	return s.move(ctx, a, event, m)
}

// Issue lets the code of a direct login out as soon as the person has proved who
// they are. Asking again gets the same code while it lives.
func (s *Attempts) Issue(ctx context.Context, a login.Attempt, browserSecret secret.Text, e login.Event) (secret.Text, login.Attempt, error) {
	return s.issue(ctx, a, browserSecret, e, false)
}

// issue lets out the code of a direct or link login. It is derived from the bearer,
// the secret of the browser that may have it. With digits, the browser may show six
// digits from now on too.
func (s *Attempts) issue(ctx context.Context, a login.Attempt, browserSecret secret.Text, e login.Event, digits bool) (secret.Text, login.Attempt, error) {
	event := Confirm
	if a.State == login.StateConfirmed {
		if !digits {
			return s.again(a, browserSecret)
		}
		event = Recode
	}
	if _, ok := Next(a.Method, a.State, event); !ok {
		return secret.Text{}, a, whyNot(a, login.Transition{At: s.d.Now()})
	}
	code := codeFor(a, browserSecret)
	e.Step, e.Outcome = login.StepConfirm, login.OutcomeOK
	m := login.Transition{Event: e, IfBrowser: browsersession.Binding(browserSecret, a.ID)}
	if digits {
		m.Event.Detail = withDigits
		m.Digits = s.newDigits(a, browserSecret)
		spend := s.budget("confirms of a person", a.Person, confirmsAtOnce, confirmsEach)
		m.Spend = &spend
	}
	moved, err := s.letOut(ctx, a, event, code, m)
	if errors.Is(err, fault.ErrMoved) && moved.State == login.StateConfirmed && owns(moved, browserSecret) {
		return s.again(moved, browserSecret) // two clicks at once: both get the one code
	}
	if err != nil {
		return secret.Text{}, moved, err
	}
	return code, moved, nil
}

func codeFor(a login.Attempt, browserSecret secret.Text) secret.Text {
	return browserSecret.Derive("authorization code", a.ID)
}

// again answers with the code that has gone out already, to the browser that owns
// the attempt.
func (s *Attempts) again(a login.Attempt, browserSecret secret.Text) (secret.Text, login.Attempt, error) {
	if !owns(a, browserSecret) {
		return secret.Text{}, a, fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	if !s.d.Now().Before(a.CodeExpiresAt) {
		return secret.Text{}, a, fault.New(fault.Gone, login.ReasonCodeExpired, nil)
	}
	return codeFor(a, browserSecret), a, nil
}

// mayLogIn is asked before every code and every session: a lock holds for all ways in,
// a pause for those by which somebody can be led to log another in (product.md J9).
func (s *Attempts) mayLogIn(ctx context.Context, a login.Attempt) error {
	p, err := s.d.People.PersonByID(ctx, a.Person)
	if errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.Forbidden, login.ReasonNoBenefits, err)
	}
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	if p.Locked() {
		return fault.New(fault.Forbidden, login.ReasonPersonLocked, nil)
	}
	if p.SmartumPlus && login.ByPassword(a.Broker, a.AMR) {
		// They have become one since the password was typed (pre-hijacking, threat 42).
		return fault.New(fault.Forbidden, login.ReasonStrongRequired, nil)
	}
	if (a.Method == login.MethodLink || a.Method == login.MethodQR) && s.d.Now().Before(p.PausedUntil) {
		return fault.New(fault.Forbidden, login.ReasonMethodsPaused, nil)
	}
	return nil
}

// RedeemRequest is what a client brings to the token endpoint.
type RedeemRequest struct {
	Code        secret.Text
	Client      string
	RedirectURI string        // empty when the client did not send it; PKCE makes up for it (OAuth 2.1 §10.2)
	Verifier    secret.Text   // PKCE
	Key         string        // DPoP thumbprint of the proof; empty without one. It becomes the session's
	ClockOff    time.Duration // of the device, as in Start
	Once        []login.ReplayKey
	Exact       bool // the client is exact: a lost answer is not given again

	// Refresh makes the first refresh token of a session from a secret that a retry
	// yields again; nil: the secret itself is the token.
	Refresh func(session string, seed secret.Text) secret.Text

	// Idle and Absolute shorten the session's life, for our own pages; 0: as usual.
	Idle, Absolute time.Duration
}

// Granted is a new session with its refresh token.
type Granted struct {
	Attempt login.Attempt
	Session login.Session
	Refresh secret.Text // empty when offline_access was not granted
}

// Redeem turns a code into a session, once. Wrong client, redirect URI, verifier or
// key are refused and written into the timeline, and do not burn the code for its
// rightful owner: otherwise whoever sees a code could stop the login.
//
// A code that comes twice means that one of the two was stolen (RFC 6749 §4.1.2):
// the session ends. One exception saves a login whose answer was lost: a client that
// proves the same key and verifier within the code's life, before any token of the
// session was used, gets the same tokens again (docs/decisions).
func (s *Attempts) Redeem(ctx context.Context, in RedeemRequest) (Granted, error) {
	a, err := s.d.Handles.AttemptByCode(ctx, in.Code.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return Granted{}, refused(login.ReasonCodeWrong, "unknown authorization code")
	}
	if err != nil {
		return Granted{}, err
	}
	if reason, detail := mismatch(a, in); reason != "" {
		err := s.Note(ctx, a, login.Event{Step: login.StepRedeem, Outcome: login.OutcomeRefused, Reason: reason})
		return Granted{}, errors.Join(refused(reason, detail), err)
	}
	if a.State == login.StateRedeemed {
		return s.redeemAgain(ctx, a, in)
	}
	now := s.d.Now()
	if !now.Before(a.CodeExpiresAt) {
		err := s.Note(ctx, a, login.Event{Step: login.StepRedeem, Outcome: login.OutcomeRefused, Reason: login.ReasonCodeExpired})
		return Granted{}, errors.Join(refused(login.ReasonCodeExpired, "the authorization code has expired"), err)
	}
	if err := s.mayLogIn(ctx, a); err != nil {
		_, endErr := s.End(ctx, a, Deny, fault.AsError(err).Reason, login.Event{Step: login.StepRedeem})
		return Granted{}, errors.Join(fault.AsError(err).WithCode(oauth.InvalidGrant), endErr)
	}
	session, refresh := s.newSession(a, in, now)
	event := login.Event{At: now, Step: login.StepRedeem, Outcome: login.OutcomeOK, Means: a.Means, Broker: a.Broker, Detail: clockDetail(in.ClockOff)}
	redemption := login.Redemption{
		Code: in.Code.Hash(), Attempt: a.ID, At: now, Session: session, Event: event, ReplayKeys: in.Once,
		Jobs: s.d.LoggedIn(session),
	}
	var moved login.Attempt
	err = s.d.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
		s.d.Audit.SessionCreated(ctx, session)
		moved, err = s.d.Attempts.RedeemCode(ctx, redemption)
		return err
	})
	switch {
	case err == nil:
		s.d.Observe(moved, event)
		return Granted{moved, session, refresh}, nil
	case errors.Is(err, fault.ErrReplayed):
		return Granted{}, fault.New(fault.Invalid, login.ReasonProofReplayed, err)
	case errors.Is(err, fault.ErrMoved) && moved.State == login.StateRedeemed:
		return s.redeemAgain(ctx, moved, in) // lost a race against ourselves
	case errors.Is(err, fault.ErrMoved):
		return Granted{}, refused(login.ReasonAttemptEnded, "the login was ended before the code was redeemed")
	case errors.Is(err, fault.ErrNotFound): // six digits have just replaced it
		return Granted{}, refused(login.ReasonCodeWrong, "another code has replaced the authorization code")
	default:
		return Granted{}, err
	}
}

// mismatch compares everything that a code is bound to. Comparisons of secrets take
// constant time.
func mismatch(a login.Attempt, in RedeemRequest) (login.Reason, string) {
	switch {
	case in.Client != a.Client:
		return login.ReasonClientRefused, "the code was issued to another client"
	case in.RedirectURI == "" && a.Request.RedirectURI != "" && a.Request.CodeChallenge == "":
		// Without PKCE nothing else ties the code to the request it came from (RFC 6749 §4.1.3).
		return login.ReasonRedirectUnknown, "redirect_uri is missing: without PKCE it must be sent as in the authorization request"
	case in.RedirectURI != "" && in.RedirectURI != a.Request.RedirectURI:
		return login.ReasonRedirectUnknown, "redirect_uri is not the one of the authorization request"
	case a.Request.CodeChallenge == "" && !in.Verifier.Empty():
		// PKCE downgrade (RFC 9700 §2.1.1): someone stripped the challenge on the way.
		return login.ReasonVerifierWrong, "code_verifier sent, but the authorization request had no code_challenge"
	case a.Request.CodeChallenge != "" && !isVerifier(in.Verifier.Reveal()):
		return login.ReasonVerifierWrong, "code_verifier must have 43 to 128 characters, each a letter, a digit or one of - . _ ~"
	case a.Request.CodeChallenge != "" && !verifies(in.Verifier, a.Request.CodeChallenge):
		return login.ReasonVerifierWrong, "code_verifier does not match code_challenge"
	case a.Key != "" && in.Key != a.Key:
		// A login that began without a key gets the one of the proof at /token (RFC 9449 §5).
		return login.ReasonKeyWrong, "the DPoP key is not the one that started this login"
	default:
		return "", ""
	}
}

// isVerifier reports whether the text has the form of a PKCE verifier (RFC 7636 §4.1).
// A short one could be guessed from its challenge.
func isVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~') {
			return false
		}
	}
	return true
}

func verifies(verifier secret.Text, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

func (s *Attempts) redeemAgain(ctx context.Context, a login.Attempt, in RedeemRequest) (Granted, error) {
	session, err := s.d.Sessions.SessionByID(ctx, a.Session)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return Granted{}, err
	}
	now := s.d.Now()
	lostAnswer := err == nil && !in.Exact && in.Key != "" && in.Key == session.Key && !session.Used && session.Live(now) && now.Before(a.CodeExpiresAt)
	if lostAnswer {
		if err := s.Note(ctx, a, login.Event{Step: login.StepRedeem, Outcome: login.OutcomeOK, Detail: "again"}); err != nil {
			return Granted{}, err
		}
		return Granted{a, session, refreshToken(session.ID, a, in)}, nil
	}
	return Granted{}, errors.Join(
		refused(login.ReasonCodeReplayed, "the authorization code has been used before"),
		s.d.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.d.Audit.CodeReplayed(ctx, a)
			return s.d.Sessions.RevokeSession(ctx, a.Session, string(login.ReasonCodeReplayed), now)
		}),
		s.Note(ctx, a, login.Event{Step: login.StepRedeem, Outcome: login.OutcomeRefused, Reason: login.ReasonCodeReplayed}),
	)
}

func (s *Attempts) newSession(a login.Attempt, in RedeemRequest, now time.Time) (login.Session, secret.Text) {
	session := login.Session{
		ID: login.NewID(), Person: a.Person, Client: a.Client, Key: in.Key,
		Method: a.Method, Broker: a.Broker, Means: a.Means,
		ACR: a.ACR, AMR: a.AMR, AuthTime: a.AuthTime, Scopes: a.Request.Scopes, Resource: a.Request.Resource, Nonce: a.Request.Nonce,
		Device: a.Device, Place: a.Place, CreatedAt: now, UsedAt: now,
		IdleUntil: now.Add(s.d.Lifetimes.Access), EndsAt: now.Add(s.d.Lifetimes.Access),
	}
	if slices.Contains(a.Request.Scopes, oauth.ScopeOfflineAccess) {
		refresh := refreshToken(session.ID, a, in)
		session.Refresh = refresh.Hash()
		idle, absolute := s.d.Lifetimes.SessionIdle, s.d.Lifetimes.SessionAbsolute
		if in.Idle > 0 && in.Absolute > 0 {
			idle, absolute = in.Idle, in.Absolute
		}
		session.IdleUntil, session.EndsAt = now.Add(idle), now.Add(absolute)
		return session, refresh
	}
	return session, secret.Text{}
}

func refreshToken(session string, a login.Attempt, in RedeemRequest) secret.Text {
	seed := in.Code.Derive("refresh token", in.Verifier.Reveal(), a.ID)
	if in.Refresh == nil {
		return seed
	}
	return in.Refresh(session, seed)
}

func refused(reason login.Reason, detail string) *fault.Error {
	return fault.New(fault.Invalid, reason, nil).WithCode(oauth.InvalidGrant).WithDetail(detail)
}
