package attempt

import (
	"context"
	"errors"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// AttemptStore moves attempts. Each method is one transaction.
type AttemptStore interface {
	// StartAttempt writes a new row. fault.ErrExists: the support code is taken.
	// fault.ErrReplayed: one of the marks was set before.
	StartAttempt(ctx context.Context, a login.Attempt, s login.AttemptSecrets, once ...login.ReplayKey) error
	// TryDigits spends one of most tries, and one of the budget. fault.ErrNotFound: no
	// digits, or no try left. A fault.TooMany says how long to wait for the budget.
	TryDigits(ctx context.Context, attempt string, hashes []secret.Hash, at time.Time, most int, b login.RateLimit) (right bool, tries int, err error)
	// MoveAttempt carries out a move if its conditions hold, else answers
	// fault.ErrMoved with the row as it is, fault.ErrNotFound, fault.ErrReplayed, or a
	// fault.TooMany that says how long to wait for the move's budget.
	MoveAttempt(ctx context.Context, m login.Transition) (login.Attempt, error)
	// NoteAttempt adds a line to the timeline and changes nothing else, but for what the
	// line says of the page.
	NoteAttempt(ctx context.Context, id string, n login.Note) error
	// MakeRoom ends an attempt that costs nobody anything. fault.ErrNotFound: there is
	// none.
	MakeRoom(ctx context.Context, r login.Room) (login.Attempt, error)
	// RedeemCode moves the attempt to redeemed and writes the session, once.
	RedeemCode(ctx context.Context, r login.Redemption) (login.Attempt, error)
}

// HandleStore finds attempts by what names them to a browser or an app.
type HandleStore interface {
	// The look-ups return fault.ErrNotFound.
	AttemptByID(ctx context.Context, id string) (login.Attempt, error)
	AttemptByRequestURI(ctx context.Context, hash secret.Hash) (login.Attempt, error)
	AttemptByCode(ctx context.Context, hash secret.Hash) (login.Attempt, error)
	AttemptByLink(ctx context.Context, hash secret.Hash) (login.Attempt, error)
	AttemptByAuthSession(ctx context.Context, hash secret.Hash) (login.Attempt, error)
}

// BrokerRequestStore keeps the journeys to brokers. Each method is one transaction.
type BrokerRequestStore interface {
	BrokerRequestByState(ctx context.Context, hash secret.Hash) (login.BrokerRequest, error)
	// ClaimBrokerRequest lends a broker request to one caller for the time of the lease.
	ClaimBrokerRequest(ctx context.Context, hash secret.Hash, at time.Time, lease time.Duration) (login.BrokerRequest, bool, error)
	EndBrokerRequest(ctx context.Context, hash secret.Hash, at time.Time) error
}

// SessionStore keeps sessions. Look-ups return fault.ErrNotFound.
type SessionStore interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
}

// People answers who may log in. fault.ErrNotFound when there is no such person.
type People interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
}

// Lifetimes of an attempt and its secrets (protocol.md, "The attempt").
type Lifetimes struct {
	Attempt         time.Duration // from start to the end of everything
	Unopened        time.Duration // from start until a browser must have opened it
	Confirm         time.Duration // from authentication to "Vahvista"
	Code            time.Duration // authorization code
	Digits          time.Duration // six digits
	QRFresh         time.Duration // from authentication until a QR code needs another one
	QRShown         time.Duration // from the click until a QR code is not shown any more
	Typed           time.Duration // code to type instead of scanning
	Approval        time.Duration // from the scan to the number on the page
	SessionIdle     time.Duration // refresh token unused
	SessionAbsolute time.Duration // refresh token, whatever happens
	Access          time.Duration // sessions without a refresh token end with their access token
}

// DefaultLifetimes are those of protocol.md.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{
		Attempt: 10 * time.Minute, Unopened: 2 * time.Minute, Confirm: 2 * time.Minute,
		Code: time.Minute, Digits: 3 * time.Minute,
		QRFresh: 10 * time.Minute, QRShown: 2 * time.Minute, Typed: time.Minute, Approval: time.Minute,
		SessionIdle: 90 * 24 * time.Hour, SessionAbsolute: 365 * 24 * time.Hour,
		Access: 10 * time.Minute,
	}
}

// Deps are what attempts need.
type Deps struct {
	Attempts       AttemptStore
	Handles        HandleStore
	BrokerRequests BrokerRequestStore
	QRPages        QRStore
	Sessions       SessionStore
	People         People
	Now            func() time.Time
	Lifetimes      Lifetimes
	DigitsKeys     secret.Ring // key the hashes of six digits and budgets; outside the database, shared by all nodes
	QRKeys         secret.Ring // key everything about QR codes; likewise
	// Observe is told of every move and note that was written; may be nil.
	Observe func(login.Attempt, login.Event)
	// Scanned is told of every QR page that was claimed; may be nil.
	Scanned func(page string)
	// LoggedIn answers the jobs that a login orders: events for the operator's systems.
	// They are written in its transaction. It may be nil.
	LoggedIn func(login.Session) []queue.Job
	// Audit is told of what an operator must be able to reconstruct; may be nil.
	Audit Auditor
}

// Auditor writes the security log, in the transaction of what it is told of.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	SessionCreated(ctx context.Context, s login.Session)
	CodeReplayed(ctx context.Context, a login.Attempt)
	LinkReused(ctx context.Context, a login.Attempt)
	QRReused(ctx context.Context, a login.Attempt)
}

// nobody is an auditor who is not told anything.
type nobody struct{ Auditor }

func (nobody) Atomically(ctx context.Context, act func(ctx context.Context) error) error {
	return act(ctx)
}
func (nobody) SessionCreated(context.Context, login.Session) {}
func (nobody) CodeReplayed(context.Context, login.Attempt)   {}
func (nobody) LinkReused(context.Context, login.Attempt)     {}
func (nobody) QRReused(context.Context, login.Attempt)       {}

// Attempts moves attempts.
type Attempts struct {
	d      Deps
	frames frames
}

// New makes the one mover of attempts.
func New(d Deps) *Attempts {
	if d.Observe == nil {
		d.Observe = func(login.Attempt, login.Event) {}
	}
	if d.Scanned == nil {
		d.Scanned = func(string) {}
	}
	if d.LoggedIn == nil {
		d.LoggedIn = func(login.Session) []queue.Job { return nil }
	}
	if d.Audit == nil {
		d.Audit = nobody{}
	}
	return &Attempts{d, frames(d.QRKeys)}
}

// move carries out one event. The conditions come from the picture; the caller
// adds what the event sets, and may narrow the states that it may happen in.
func (s *Attempts) move(ctx context.Context, a login.Attempt, event Event, m login.Transition) (login.Attempt, error) {
	return s.moveTold(ctx, a, event, m, nil)
}

// moveTold is move with what the security log is told of it; told may be nil.
func (s *Attempts) moveTold(ctx context.Context, a login.Attempt, event Event, m login.Transition, told func(context.Context)) (login.Attempt, error) {
	m.Attempt = a.ID
	only := m.From
	m.From, m.To = sources(a.Method, event)
	if only != nil {
		m.From = slices.DeleteFunc(m.From, func(state login.State) bool { return !slices.Contains(only, state) })
	}
	m.At = s.d.Now()
	m.Event.At = m.At
	if _, m.Late = ending(event); !m.Late {
		m.Event, m.Instead = a.Fold(m.Event)
	}
	moved, err := s.write(ctx, m, told)
	switch {
	case err == nil:
		s.d.Observe(moved, m.Event)
		return moved, nil
	case errors.Is(err, fault.ErrMoved):
		return moved, whyNot(moved, m)
	case errors.Is(err, fault.ErrNotFound):
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, err)
	case errors.Is(err, fault.ErrReplayed):
		return login.Attempt{}, fault.New(fault.Invalid, login.ReasonProofReplayed, err)
	default:
		return login.Attempt{}, err
	}
}

// whyNot explains a move that did not happen, from the row as it is now.
func whyNot(a login.Attempt, m login.Transition) error {
	switch {
	case !m.IfBrowser.Zero() && !a.Browser.Zero() && !a.Browser.Equal(m.IfBrowser):
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, fault.ErrMoved)
	case a.State == login.StateRedeemed:
		return fault.New(fault.Gone, login.ReasonAttemptUsed, fault.ErrMoved)
	case a.State == login.StateExpired, !m.At.Before(a.ExpiresAt):
		return fault.New(fault.Gone, login.ReasonAttemptExpired, fault.ErrMoved)
	case a.State.Over():
		return fault.New(fault.Gone, login.ReasonAttemptEnded, fault.ErrMoved)
	default:
		return fault.New(fault.Conflict, login.ReasonAttemptUsed, fault.ErrMoved)
	}
}

// Note adds a line to an attempt's timeline; what it repeats becomes one line. A timeline that cannot be written
// stops nobody from logging in, so the error is only handed to the observer's
// sibling, the request record, by whoever wants it.
func (s *Attempts) Note(ctx context.Context, a login.Attempt, e login.Event) error {
	return s.note(ctx, a, e, time.Time{})
}

// Shown records that a browser was shown the page of the attempt. From now on there is
// somebody who would lose it, so it lives to its full length.
func (s *Attempts) Shown(ctx context.Context, a login.Attempt, e login.Event) error {
	e.Step, e.Outcome = login.StepPage, login.OutcomeOK
	return s.note(ctx, a, e, s.end(a))
}

func (s *Attempts) note(ctx context.Context, a login.Attempt, e login.Event, shown time.Time) error {
	e.At = s.d.Now()
	line, instead := a.Fold(e)
	if err := s.d.Attempts.NoteAttempt(ctx, a.ID, login.Note{Event: line, Instead: instead, Shown: shown}); err != nil {
		return err
	}
	s.d.Observe(a, e)
	return nil
}

// end is the end of an attempt that somebody has opened.
func (s *Attempts) end(a login.Attempt) time.Time { return a.CreatedAt.Add(s.d.Lifetimes.Attempt) }

// End ends an attempt: Deny, Fail or Burn, with the reason that support reads.
func (s *Attempts) End(ctx context.Context, a login.Attempt, event Event, reason login.Reason, e login.Event) (login.Attempt, error) {
	return s.endIn(ctx, a, event, reason, e, nil)
}

func (s *Attempts) write(ctx context.Context, m login.Transition, told func(context.Context)) (moved login.Attempt, err error) {
	if told == nil {
		return s.d.Attempts.MoveAttempt(ctx, m)
	}
	err = s.d.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
		told(ctx)
		moved, err = s.d.Attempts.MoveAttempt(ctx, m)
		return err
	})
	return moved, err
}

// burn ends an attempt whose secret has got into other hands, and tells the security log.
func (s *Attempts) burn(ctx context.Context, a login.Attempt, reason login.Reason, e login.Event, told func(context.Context)) (login.Attempt, error) {
	e.Outcome, e.Reason = login.OutcomeRefused, reason
	return s.moveTold(ctx, a, Burn, login.Transition{Event: e, SetReason: reason}, told)
}

// Cancel ends an attempt because its person cancelled it in the app that started it. One
// that is over stays as it is: who cancels twice has cancelled.
func (s *Attempts) Cancel(ctx context.Context, a login.Attempt, e login.Event) error {
	if a.State.Over() {
		return nil
	}
	e.Step, e.Detail = login.StepCancel, "app"
	ended, err := s.End(ctx, a, Deny, login.ReasonCancelledByPerson, e)
	if ended.State.Over() {
		return nil
	}
	return err
}

// endIn is End for an attempt that is in one of the states; nil means any.
func (s *Attempts) endIn(ctx context.Context, a login.Attempt, event Event, reason login.Reason, e login.Event, only []login.State) (login.Attempt, error) {
	e.Outcome, e.Reason = login.OutcomeRefused, reason
	if event == Fail {
		e.Outcome = login.OutcomeFailed
	}
	return s.move(ctx, a, event, login.Transition{Event: e, SetReason: reason, From: only})
}

// expireIfDue ends an attempt whose time is over, so that whoever looks at it sees
// the truth even before the purge comes by.
func (s *Attempts) expireIfDue(ctx context.Context, a login.Attempt) (login.Attempt, error) {
	if a.State.Over() || s.d.Now().Before(a.ExpiresAt) {
		return a, nil
	}
	reason := login.ReasonAttemptExpired
	if a.State == login.StateClaimed {
		reason = login.ReasonApprovalLate
	}
	ended, err := s.move(ctx, a, Expire, login.Transition{
		Event:     login.Event{Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: reason},
		SetReason: reason,
	})
	if errors.Is(err, fault.ErrMoved) {
		return ended, nil // somebody else ended it first
	}
	return ended, err
}
