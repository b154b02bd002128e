package attempt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// QRStore is what QR pages need of the database. Each method is one transaction.
type QRStore interface {
	// ShowQRPage writes a page. fault.ErrExists: the person has had too many since, the
	// oldest of them at the time that is answered.
	ShowQRPage(ctx context.Context, p login.QRPage, most int, since time.Time) (oldest time.Time, err error)
	// The look-ups return fault.ErrNotFound.
	QRPageByID(ctx context.Context, id string) (login.QRPage, error)
	QRPageByTyped(ctx context.Context, hash secret.Hash) (login.QRPage, error)
	// TypeQRPage gives a page that is being shown a typed code, or returns fault.ErrMoved.
	TypeQRPage(ctx context.Context, id string, hash secret.Hash, until, at time.Time) (login.QRPage, error)
	// ClaimQRPage gives the page away and writes the attempt, or answers the page as it
	// is with fault.ErrMoved. fault.ErrNotFound, fault.ErrExists, fault.ErrReplayed.
	ClaimQRPage(ctx context.Context, c login.QRClaim) (login.QRPage, error)
}

const (
	methodReference = "qr" // what a QR login adds to amr (RFC 8176 leaves such words to us)

	// A person may show so many codes in so much time: enough for clumsy hands, and a
	// bound on how often anybody can be asked for a number (threats 4, 33).
	maxPages    = 12
	pagesWithin = 10 * time.Minute
)

// ShowQR begins to show QR codes in a browser whose person is signed in. What the
// code gives away is a login, so the person must have proved who they are a short
// while ago, and not by a QR code themselves (threats 4, 12). Errors:
// ReasonSignInAgain, ReasonRateLimited, and those of the gate.
func (s *Attempts) ShowQR(ctx context.Context, session login.Session, network string) (login.QRPage, error) {
	now := s.d.Now()
	if !s.fresh(session, now) {
		return login.QRPage{}, fault.New(fault.Forbidden, login.ReasonSignInAgain, nil)
	}
	if err := s.mayLogIn(ctx, login.Attempt{Method: login.MethodQR, Person: session.Person}); err != nil {
		return login.QRPage{}, err
	}
	p := login.QRPage{
		ID: login.NewID(), Session: session.ID, State: login.QRShown, Person: session.Person,
		Broker: session.Broker, Means: session.Means, ACR: session.ACR, AMR: session.AMR, AuthTime: session.AuthTime,
		Key: s.frames.first().key.Name(), Network: s.frames.first().network(network), CreatedAt: now, ShownUntil: now.Add(s.d.Lifetimes.QRShown),
	}
	oldest, err := s.d.QRPages.ShowQRPage(ctx, p, maxPages, now.Add(-pagesWithin))
	if errors.Is(err, fault.ErrExists) {
		e := fault.New(fault.TooMany, login.ReasonRateLimited, err)
		e.RetryAfter = max(time.Second, oldest.Add(pagesWithin).Sub(now))
		return login.QRPage{}, e
	}
	if err != nil {
		return login.QRPage{}, fmt.Errorf("show QR page: %w", err)
	}
	return p, nil
}

// fresh reports whether the session's person has proved who they are recently enough
// for what gives a login away (RFC 9470). A login by QR code keeps the time and means
// of the authentication behind it and can never pass for one itself (Pocket ID
// GHSA-hp74-gm6m-2qm5).
func (s *Attempts) fresh(session login.Session, now time.Time) bool {
	return session.Live(now) && session.Method != login.MethodQR && !slices.Contains(session.AMR, methodReference) &&
		now.Before(session.AuthTime.Add(s.d.Lifetimes.QRFresh))
}

// QR finds a page for the session that shows it, and the login that has claimed it, if
// one has. To every other session it does not exist.
func (s *Attempts) QR(ctx context.Context, session login.Session, page string) (login.QRPage, login.Attempt, error) {
	unknown := fault.New(fault.NotFound, login.ReasonPageUnknown, fault.ErrNotFound)
	if !login.ValidID(page) {
		return login.QRPage{}, login.Attempt{}, unknown
	}
	p, err := s.d.QRPages.QRPageByID(ctx, page)
	if errors.Is(err, fault.ErrNotFound) || err == nil && (p.Session != session.ID || p.Person != session.Person) {
		return login.QRPage{}, login.Attempt{}, unknown
	}
	if err != nil || p.Attempt == "" {
		return p, login.Attempt{}, err
	}
	a, err := s.d.Handles.AttemptByID(ctx, p.Attempt)
	if err == nil {
		a, err = s.expireIfDue(ctx, a)
	}
	return p, a, err
}

// Frame is what the QR code of a page says now.
func (s *Attempts) Frame(p login.QRPage) string { return s.frames.of(p).frame(p.ID, s.d.Now()) }

// Typed is the code to type of a page, empty when it has none that is alive.
func (s *Attempts) Typed(p login.QRPage) string {
	if p.State != login.QRShown || !s.d.Now().Before(p.TypedUntil) {
		return ""
	}
	return s.frames.of(p).typed(p.ID, p.TypedUntil)
}

// TypeQR makes a code to type for somebody who cannot scan. The page then lives as
// long as the code. Errors: ReasonSignInAgain, ReasonQRExpired.
func (s *Attempts) TypeQR(ctx context.Context, session login.Session, p login.QRPage) (login.QRPage, error) {
	now := s.d.Now()
	if !s.fresh(session, now) {
		return p, fault.New(fault.Forbidden, login.ReasonSignInAgain, nil)
	}
	until := now.Add(s.d.Lifetimes.Typed).Truncate(time.Millisecond)
	code := s.frames.of(p).typed(p.ID, until)
	typed, err := s.d.QRPages.TypeQRPage(ctx, p.ID, s.frames.of(p).typedHash(code), until, now)
	if errors.Is(err, fault.ErrMoved) {
		return p, fault.New(fault.Gone, login.ReasonQRExpired, err)
	}
	return typed, err
}
