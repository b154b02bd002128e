package token

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
)

// holder is who presents an access token: its claims, and the session as it is now.
type holder struct {
	claims  accessClaims
	session login.Session
	person  login.Person
}

// userinfo answers OpenID Connect Core §5.3.
func (f *Feature) userinfo(w http.ResponseWriter, r *http.Request) error {
	h, err := f.authorize(w, r)
	if err != nil {
		return err
	}
	scopes := strings.Fields(h.claims.Scope)
	answer := struct {
		Subject string `json:"sub"`
		profile
		*address
		Benefits *[]login.Benefit `json:"benefits,omitempty"`
	}{Subject: h.claims.Subject, profile: profileOf(h.person, scopes)}
	if slices.Contains(scopes, oauth.ScopeBenefits) {
		all := append([]login.Benefit{}, h.person.Benefits...) // [] rather than null
		answer.Benefits = &all
	}
	if slices.Contains(scopes, oauth.ScopeEmail) {
		if answer.address, err = f.address(r.Context(), h.person); err != nil {
			return err
		}
	}
	web.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// address is an e-mail address, as its reader must know it. An employer can write
// anybody's: only one that is verified says that the person reads what is sent there.
type address struct {
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

func (f *Feature) address(ctx context.Context, p login.Person) (*address, error) {
	email, err := f.d.People.EmailOf(ctx, p.ID)
	if err != nil || email.Address == "" {
		return nil, err
	}
	return &address{email.Address, email.Proved}, nil
}

// Holder is whose access token a request brings, for resources of other features:
// the session, which lives, and its person. See authorize for what is checked.
func (f *Feature) Holder(w http.ResponseWriter, r *http.Request) (login.Session, login.Person, error) {
	h, err := f.authorize(w, r)
	return h.session, h.person, err
}

// authorize checks an access token at a resource of ours (RFC 9449 §7.1): the
// signature, the key it is bound to, and that the session still lives. A bound token
// that comes as Bearer is stolen goods, and refused.
func (f *Feature) authorize(w http.ResponseWriter, r *http.Request) (holder, error) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	isDPoP, isBearer := strings.EqualFold(scheme, oauth.TokenTypeDPoP), strings.EqualFold(scheme, oauth.TokenTypeBearer)
	if !isDPoP && !isBearer {
		return holder{}, fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken).WithDetail("no access token")
	}
	h, once, err := f.present(w, r, secret.Of(strings.TrimSpace(value)), isDPoP)
	if err == nil {
		h.session, err = f.d.Sessions.UseSession(r.Context(), h.session.ID, f.d.Now(), h.session.IdleUntil, once...)
	}
	if errors.Is(err, fault.ErrReplayed) {
		err = fault.New(fault.Unauthenticated, login.ReasonProofReplayed, err).WithCode(oauth.InvalidDPoPProof).WithDetail("the proof has been used before")
	}
	if err == nil && !h.session.Live(f.d.Now()) {
		err = invalidToken("the session has ended")
	}
	if err != nil {
		return holder{}, err
	}
	return h, nil
}

func (f *Feature) present(w http.ResponseWriter, r *http.Request, token secret.Text, isDPoP bool) (holder, []login.ReplayKey, error) {
	h, err := f.inspect(r.Context(), token)
	if err != nil {
		return holder{}, nil, err
	}
	web.Note(r.Context(), web.FieldClient, h.claims.Client)
	if h.claims.Audience != f.d.BaseURL {
		return holder{}, nil, invalidToken("the token is for another resource")
	}
	bound := h.claims.Confirm != nil
	if bound != isDPoP {
		return holder{}, nil, invalidToken("the token is bound to a key: present it with the DPoP scheme, and only such a token")
	}
	if !bound {
		return h, nil, nil
	}
	w.Header().Set("DPoP-Nonce", f.d.Proofs.Nonce(f.d.Now()))
	c, _ := f.d.Clients.Get(h.claims.Client)
	proof, err := f.d.Proofs.Check(dpop.Request{
		Proofs: r.Header.Values("DPoP"), Method: r.Method, URL: f.d.BaseURL + r.URL.Path,
		AccessToken: token, Exact: c.Exact,
	})
	if err != nil {
		e := *fault.AsError(err)
		e.Kind = fault.Unauthenticated // at a resource a bad proof is a 401 (RFC 9449 §7.1)
		return holder{}, nil, &e
	}
	if proof.Thumbprint != h.claims.Confirm.Thumbprint {
		return holder{}, nil, fault.New(fault.Unauthenticated, login.ReasonKeyWrong, nil).WithCode(oauth.InvalidToken).WithDetail("the token is bound to another key")
	}
	return h, []login.ReplayKey{proof.Once}, nil
}

// inspect verifies an access token and looks up what stands behind it now.
func (f *Feature) inspect(ctx context.Context, token secret.Text) (holder, error) {
	raw, err := f.d.Signer.Verify(ctx, token.Reveal(), signing.Expect{Typ: signing.TypAccessToken})
	if err != nil {
		return holder{}, err
	}
	var h holder
	if err := json.Unmarshal(raw, &h.claims); err != nil {
		return holder{}, invalidToken("not an access token of this service")
	}
	if h.session, err = f.d.Sessions.SessionByID(ctx, h.claims.Session); err != nil {
		return holder{}, gone(err)
	}
	if !h.session.Live(f.d.Now()) || h.session.Client != h.claims.Client {
		return holder{}, invalidToken("the session has ended")
	}
	if h.person, err = f.d.People.PersonByID(ctx, h.session.Person); err != nil {
		return holder{}, gone(err)
	}
	if h.person.Locked() {
		return holder{}, invalidToken("the person may not log in")
	}
	if h.session.Outgrown(h.person) {
		return holder{}, invalidToken("the session has ended")
	}
	return h, nil
}

func gone(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return invalidToken("the session has ended")
	}
	return err
}

func invalidToken(detail string) *fault.Error {
	return fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken).WithDetail(detail)
}
