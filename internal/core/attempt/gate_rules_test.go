package attempt

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// one is a table of one person.
type one struct {
	person login.Person
	err    error
}

func (o one) PersonByID(context.Context, string) (login.Person, error) { return o.person, o.err }

// A lock holds for all ways in, a pause for link and QR code alone and until its end, and a
// password for nobody who logs in with strong authentication only.
func TestWhoMayLogIn(t *testing.T) {
	t.Parallel()
	now := noon()
	away := errors.New("the database does not answer")
	byPassword := login.Attempt{Method: login.MethodCredentials, AMR: []string{login.AMRPassword}}
	for name, c := range map[string]struct {
		a    login.Attempt
		who  one
		want login.Reason
	}{
		"anybody":                       {login.Attempt{Method: login.MethodDirect}, one{}, ""},
		"nobody":                        {login.Attempt{Method: login.MethodDirect}, one{err: fault.ErrNotFound}, login.ReasonNoBenefits},
		"who cannot be looked up":       {login.Attempt{Method: login.MethodDirect}, one{err: away}, login.ReasonInternal},
		"locked":                        {login.Attempt{Method: login.MethodDirect}, one{person: login.Person{LockedAt: now}}, login.ReasonPersonLocked},
		"password":                      {byPassword, one{}, ""},
		"password, strong only":         {byPassword, one{person: login.Person{SmartumPlus: true}}, login.ReasonStrongRequired},
		"bank, strong only":             {login.Attempt{Method: login.MethodDirect, Broker: "op"}, one{person: login.Person{SmartumPlus: true}}, ""},
		"link, paused":                  {login.Attempt{Method: login.MethodLink}, one{person: login.Person{PausedUntil: now.Add(1)}}, login.ReasonMethodsPaused},
		"QR code, paused":               {login.Attempt{Method: login.MethodQR}, one{person: login.Person{PausedUntil: now.Add(1)}}, login.ReasonMethodsPaused},
		"link, at the end of the pause": {login.Attempt{Method: login.MethodLink}, one{person: login.Person{PausedUntil: now}}, ""},
		"direct, paused":                {login.Attempt{Method: login.MethodDirect}, one{person: login.Person{PausedUntil: now.Add(1)}}, ""},
		"password, paused":              {byPassword, one{person: login.Person{PausedUntil: now.Add(1)}}, ""},
	} {
		s := &Attempts{d: Deps{People: c.who, Now: noon}}
		err := s.mayLogIn(t.Context(), c.a)
		if reasonFor(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Everything that a code is bound to, one at a time.
func TestWhatACodeIsBoundTo(t *testing.T) {
	t.Parallel()
	const uri = "https://app.example/return"
	verifier := secret.Of(strings.Repeat("v", 43))
	challenge := challengeFor(verifier)
	full := login.Attempt{Client: "app", Key: "key", Request: login.Request{RedirectURI: uri, CodeChallenge: challenge}}
	right := RedeemRequest{Client: "app", RedirectURI: uri, Verifier: verifier, Key: "key"}
	for name, c := range map[string]struct {
		change func(a *login.Attempt, in *RedeemRequest)
		want   login.Reason
	}{
		"all is right":          {func(*login.Attempt, *RedeemRequest) {}, ""},
		"another client":        {func(_ *login.Attempt, in *RedeemRequest) { in.Client = "other" }, login.ReasonClientRefused},
		"no address, with PKCE": {func(_ *login.Attempt, in *RedeemRequest) { in.RedirectURI = "" }, ""},
		"another address":       {func(_ *login.Attempt, in *RedeemRequest) { in.RedirectURI = uri + "/" }, login.ReasonRedirectUnknown},
		"no address, without PKCE": {func(a *login.Attempt, in *RedeemRequest) {
			a.Request.CodeChallenge, in.Verifier, in.RedirectURI = "", secret.Text{}, ""
		}, login.ReasonRedirectUnknown},
		"none was ever said": {func(a *login.Attempt, in *RedeemRequest) {
			a.Request, in.Verifier, in.RedirectURI = login.Request{}, secret.Text{}, ""
		}, ""},
		"without PKCE":                       {func(a *login.Attempt, in *RedeemRequest) { a.Request.CodeChallenge, in.Verifier = "", secret.Text{} }, ""},
		"a verifier where none was promised": {func(a *login.Attempt, _ *RedeemRequest) { a.Request.CodeChallenge = "" }, login.ReasonVerifierWrong},
		"no verifier":                        {func(_ *login.Attempt, in *RedeemRequest) { in.Verifier = secret.Text{} }, login.ReasonVerifierWrong},
		"another verifier":                   {func(_ *login.Attempt, in *RedeemRequest) { in.Verifier = secret.Of(strings.Repeat("w", 43)) }, login.ReasonVerifierWrong},
		"a short one that fits": {func(a *login.Attempt, in *RedeemRequest) {
			in.Verifier = secret.Of(strings.Repeat("v", 42))
			a.Request.CodeChallenge = challengeFor(in.Verifier)
		}, login.ReasonVerifierWrong},
		"another key":          {func(_ *login.Attempt, in *RedeemRequest) { in.Key = "other" }, login.ReasonKeyWrong},
		"no key":               {func(_ *login.Attempt, in *RedeemRequest) { in.Key = "" }, login.ReasonKeyWrong},
		"begun without a key":  {func(a *login.Attempt, _ *RedeemRequest) { a.Key = "" }, ""},
		"without a key at all": {func(a *login.Attempt, in *RedeemRequest) { a.Key, in.Key = "", "" }, ""},
	} {
		a, in := full, right
		c.change(&a, &in)
		if reason, detail := mismatch(a, in); reason != c.want || (detail == "") != (c.want == "") {
			t.Errorf("%s: %q (%s), want %q", name, reason, detail, c.want)
		}
	}
}

// challengeFor is the challenge of RFC 7636 §4.2, by what verifies takes for it.
func challengeFor(v secret.Text) string {
	hash := v.Hash()
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// RFC 7636 §4.1: 43 to 128 characters, each unreserved.
func TestFormOfAVerifier(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{0: false, 42: false, 43: true, 128: true, 129: false} {
		if got := isVerifier(strings.Repeat("a", n)); got != want {
			t.Errorf("%d characters: %t", n, got)
		}
	}
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	for c := range 256 {
		want := strings.IndexByte(unreserved, byte(c)) >= 0
		if got := isVerifier(strings.Repeat("a", 42) + string([]byte{byte(c)})); got != want {
			t.Errorf("%q in a verifier: %t", byte(c), got)
		}
	}
}

// Without offline_access a session ends with its access token. Our own pages shorten it, by
// both lives or not at all.
func TestLifeOfASession(t *testing.T) {
	t.Parallel()
	l := DefaultLifetimes()
	s := &Attempts{d: Deps{Lifetimes: l, Now: noon}}
	for name, c := range map[string]struct {
		scopes         []string
		idle, absolute time.Duration
		wantIdle, want time.Duration
	}{
		"online":           {[]string{oauth.ScopeOpenID}, 0, 0, l.Access, l.Access},
		"stays":            {[]string{oauth.ScopeOpenID, oauth.ScopeOfflineAccess}, 0, 0, l.SessionIdle, l.SessionAbsolute},
		"our pages":        {[]string{oauth.ScopeOfflineAccess}, 1, 2, 1, 2},
		"only idle":        {[]string{oauth.ScopeOfflineAccess}, 1, 0, l.SessionIdle, l.SessionAbsolute},
		"only absolute":    {[]string{oauth.ScopeOfflineAccess}, 0, 2, l.SessionIdle, l.SessionAbsolute},
		"online, our page": {nil, 1, 2, l.Access, l.Access},
	} {
		session, refresh := s.newSession(login.Attempt{Request: login.Request{Scopes: c.scopes}}, RedeemRequest{Idle: c.idle, Absolute: c.absolute}, noon())
		if !session.IdleUntil.Equal(noon().Add(c.wantIdle)) || !session.EndsAt.Equal(noon().Add(c.want)) || refresh.Empty() != (c.want == l.Access) {
			t.Errorf("%s: idle until %s, ends at %s, token %t", name, session.IdleUntil, session.EndsAt, !refresh.Empty())
		}
	}
}

// The browser that owns a login is told its code until the moment that it expires.
func TestCodeIsToldAgainUntilItExpires(t *testing.T) {
	t.Parallel()
	owner := secret.New()
	a := login.Attempt{ID: "a", CodeExpiresAt: noon()}
	a.Browser = browsersession.Binding(owner, a.ID)
	for now, want := range map[time.Time]login.Reason{noon().Add(-1): "", noon(): login.ReasonCodeExpired} {
		s := &Attempts{d: Deps{Now: func() time.Time { return now }}}
		code, _, err := s.again(a, owner)
		if got := reasonFor(err); got != want || code.Empty() != (want != "") {
			t.Errorf("at %s: %v", now, err)
		}
		if _, _, err := s.again(a, secret.New()); reasonFor(err) != login.ReasonOtherBrowser {
			t.Errorf("another browser: %v", err)
		}
	}
}

func reasonFor(err error) login.Reason {
	if err == nil {
		return ""
	}
	return fault.AsError(err).Reason
}
