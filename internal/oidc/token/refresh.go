package token

import (
	"context"
	"errors"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// refreshToken answers the grant of RFC 6749 §6. Person, session and client are
// checked anew each time: a device that was logged out, or a person who was locked,
// is out at this call (a refresh after revocation was Pocket ID CVE-2026-43983).
func (f *Feature) refreshToken(ctx context.Context, c call) (Response, error) {
	presented := secret.Of(c.params.Get("refresh_token"))
	if presented.Empty() {
		return Response{}, fault.BadParam("refresh_token", "missing")
	}
	session, err := f.d.Sessions.SessionByRefresh(ctx, presented.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return Response{}, f.unknown(ctx, c, presented)
	}
	if err != nil {
		return Response{}, err
	}
	if err := f.mayRefresh(ctx, session, c); err != nil {
		return Response{}, err
	}
	scopes, err := narrowed(c.params.Words("scope"), session.Scopes, c.client)
	if err != nil {
		return Response{}, err
	}
	if err := reachable(c); err != nil {
		return Response{}, err
	}
	if session, err = aimed(session, c); err != nil {
		return Response{}, err
	}
	target := session.Resource
	person, err := f.d.People.PersonOnly(ctx, session.Person)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return Response{}, err
	}
	if err != nil || person.Locked() {
		return Response{}, lockedOut(err)
	}
	if session.Outgrown(person) {
		return Response{}, outgrown()
	}
	now := f.d.Now()
	idleUntil := earlier(now.Add(f.d.IdleLife), session.EndsAt)
	var next secret.Text
	if c.client.Profile == login.ProfileStrict {
		// Bound to the key and not rotated: a lost answer must not log anybody out.
		session, err = f.d.Sessions.UseSession(ctx, session.ID, now, idleUntil, c.once...)
	} else {
		session, next, err = f.rotate(ctx, session, presented, now, idleUntil, c.once)
	}
	if err != nil {
		return Response{}, err
	}
	if !session.Live(now) {
		return Response{}, ended("the session has ended") // revoked between look-up and use
	}
	session.Key = c.key // of these tokens; the row keeps the first one
	session.Resource = target
	answer, err := f.answer(ctx, c.client, session, person, scopes)
	if err != nil || next.Empty() {
		return answer, err
	}
	answer.RefreshToken = next.Reveal()
	// A fresh ID token, too (OpenID Connect Core §12.2): these clients log out with it,
	// and the key that signed the first one does not live as long as the session.
	answer.IDToken, err = f.idToken(ctx, c.client, session, person, answer.AccessToken)
	return answer, err
}

func (f *Feature) mayRefresh(ctx context.Context, s login.Session, c call) error {
	switch {
	case s.Client != c.client.ID:
		return ended("the refresh token was issued to another client")
	case !mayHold(s, c):
		return fault.New(fault.Invalid, login.ReasonKeyWrong, nil).WithCode(oauth.InvalidGrant).WithDetail("the DPoP key is not the one of this session")
	case s.RevokedWhy == string(login.ReasonStrongRequired):
		return outgrown()
	case s.RevokedWhy == string(login.ReasonPersonLocked):
		return f.afterLock(ctx, s)
	case !s.Live(f.d.Now()):
		return ended("the session has ended")
	default:
		return nil
	}
}

// afterLock tells a person whose session a lock has ended that they are locked out, for as
// long as they are.
func (f *Feature) afterLock(ctx context.Context, s login.Session) error {
	person, err := f.d.People.PersonOnly(ctx, s.Person)
	switch {
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		return err
	case err == nil && person.Locked():
		return lockedOut(nil)
	default:
		return ended("the session has ended")
	}
}

func lockedOut(cause error) *fault.Error {
	return fault.New(fault.Invalid, login.ReasonPersonLocked, cause).WithCode(oauth.InvalidGrant).WithDetail("the person may not log in")
}

// mayHold reports whether the refresh token of the session works with the key of the
// call. That of a public client is bound to its first key. A confidential client proves
// itself, so its refresh tokens are bound to no key and it may come with a new one
// (RFC 9449 §5); but where a key was proved once, one is always asked for: whoever
// steals secret and token must not turn them into a bearer token.
func mayHold(s login.Session, c call) bool {
	if c.client.Public() {
		return s.Key == c.key
	}
	return s.Key == "" || c.key != ""
}

// rotate replaces the refresh token of a compatible client. For a short while the
// old one gets the same successor again, for a caller who lost our answer; after
// that it can only be a stolen copy, and the whole session ends (RFC 9700 §4.14.2).
func (f *Feature) rotate(ctx context.Context, s login.Session, presented secret.Text, now, idleUntil time.Time, once []login.ReplayKey) (login.Session, secret.Text, error) {
	if presented.Hash().Equal(s.Refresh) {
		next := f.d.Families.next(s.ID, s.Generation+1, presented)
		rotated, err := f.d.Sessions.RotateRefresh(ctx, s.ID, s.Refresh, next.Hash(), now.Add(f.d.RotationGrace), now, once...)
		switch {
		case err == nil:
			used, err := f.d.Sessions.UseSession(ctx, s.ID, now, idleUntil)
			return used, next, err
		case !errors.Is(err, fault.ErrMoved):
			return s, secret.Text{}, err
		}
		s = rotated // another request was faster; this one is its retry
	}
	if next, ok := f.d.Families.again(s, presented); ok && now.Before(s.PreviousUntil) {
		used, err := f.d.Sessions.UseSession(ctx, s.ID, now, idleUntil, once...)
		return used, next, err
	}
	return s, secret.Text{}, f.endFamily(ctx, s, now)
}

// unknown answers a refresh token that is neither the current one of a session nor the
// one before. If we have made it and it is of an older generation, two parties have the
// session: its owner, and somebody who has rotated a stolen copy more than once. Which of
// them asks, nobody can tell, so the session ends for both. Whatever else it says, it has
// no effect: to know a session's id must log nobody out (threat 39).
func (f *Feature) unknown(ctx context.Context, c call, presented secret.Text) error {
	id, generation, ours := f.d.Families.read(presented)
	if !ours {
		return ended("unknown refresh token")
	}
	s, err := f.d.Sessions.SessionByID(ctx, id)
	if errors.Is(err, fault.ErrNotFound) || err == nil && generation >= s.Generation {
		return ended("unknown refresh token") // of a session that is forgotten, or that a restored backup has not seen
	}
	if err == nil {
		err = f.mayRefresh(ctx, s, c)
	}
	if err != nil {
		return err
	}
	return f.endFamily(ctx, s, f.d.Now())
}

func (f *Feature) endFamily(ctx context.Context, s login.Session, now time.Time) error {
	err := f.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.d.Audit.RefreshReused(ctx, s)
		return f.d.Sessions.RevokeSession(ctx, s.ID, string(login.ReasonCodeReplayed), now)
	})
	return errors.Join(ended("the refresh token has been used before"), err)
}

// narrowed returns the scopes of this access token: those asked for, never more than
// the session has. What the client is not configured for was left out at the login, and
// is again: some libraries repeat here what they asked for there.
func narrowed(asked, had []string, c login.Client) ([]string, error) {
	if len(asked) == 0 {
		return had, nil
	}
	var scopes []string
	for _, scope := range asked {
		switch {
		case slices.Contains(scopes, scope):
		case slices.Contains(had, scope):
			scopes = append(scopes, scope)
		case c.Allows(scope):
			return nil, fault.BadParam("scope", "asks for more than was granted").WithCode(oauth.InvalidScope)
		}
	}
	if len(scopes) == 0 {
		return nil, fault.BadParam("scope", "names nothing that was granted").WithCode(oauth.InvalidScope)
	}
	return scopes, nil
}

func ended(detail string) *fault.Error {
	return fault.New(fault.Invalid, login.ReasonSessionEnded, nil).WithCode(oauth.InvalidGrant).WithDetail(detail)
}

// outgrown tells an app why its session is over, so that it can lead on: the person has
// become a SmartumPlus user, and what a password has begun has ended.
func outgrown() *fault.Error {
	return fault.New(fault.Invalid, login.ReasonStrongRequired, nil).WithCode(oauth.InvalidGrant).WithDetail("the session was begun with a password, and the person logs in with strong authentication only by now")
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
