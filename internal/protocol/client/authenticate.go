package client

import (
	"net/http"
	"net/url"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// Caller is a client that has proved who it is.
type Caller struct {
	Client login.Client

	// Once holds the mark of the client assertion, if one was used. The caller is
	// not fully authenticated until the marks are written in the same transaction
	// as the act: fault.ErrReplayed then means that the assertion was used before.
	Once []login.ReplayKey
}

// Authenticate finds out which client sent the request, from its Authorization
// header and its form body, never from the URL. The web layer has parsed the form
// (with its size limit) before. Its errors are *fault.Error: Unauthenticated with
// code invalid_client, or Invalid for a malformed request. They say the same of a
// client that does not exist and of one that has not proved who it is.
func (g *Registry) Authenticate(r *http.Request) (Caller, error) {
	sent, err := credentialsOf(r)
	if err != nil {
		return Caller{}, err
	}
	switch sent.method {
	case login.AuthSecretBasic:
		return g.bySecret(sent)
	case login.AuthPrivateKeyJWT:
		return g.byAssertion(sent)
	default:
		return g.byName(sent)
	}
}

// Claimed names the client that a request says it comes from, if there is one of that
// name; else it is empty. It proves nothing: it is for the record of a refusal.
func (g *Registry) Claimed(r *http.Request) string {
	sent, err := credentialsOf(r)
	if _, known := g.clients[sent.id]; err != nil || !known {
		return ""
	}
	return sent.id
}

// credentials are what a request says about its sender.
type credentials struct {
	method    login.ClientAuth
	id        string         // client_id; for an assertion it may be empty
	secret    [2]secret.Text // as the form reads it, and as it was sent; mostly the same
	assertion string
}

// credentialsOf reads them. More than one method at once is refused (RFC 6749
// §2.3): a proxy could check one and we the other.
func credentialsOf(r *http.Request) (credentials, error) {
	for _, name := range []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"} {
		if len(r.PostForm[name]) > 1 {
			return credentials{}, fault.BadParam(name, "sent more than once")
		}
	}
	sent := credentials{
		method:    login.AuthNone,
		id:        r.PostForm.Get("client_id"),
		assertion: r.PostForm.Get("client_assertion"),
	}
	assertionType, inForm := r.PostForm.Get("client_assertion_type"), r.PostForm.Get("client_secret")
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1, len(headers) == 1 && (inForm != "" || sent.assertion != "" || assertionType != ""):
		return credentials{}, fault.BadParam("Authorization", "one way of client authentication at a time is expected").WithCode(oauth.InvalidRequest)
	case inForm != "" && (sent.assertion != "" || assertionType != ""):
		return credentials{}, fault.BadParam("client_secret", "one way of client authentication at a time is expected").WithCode(oauth.InvalidRequest)
	case len(headers) == 1:
		return basic(r, sent)
	case inForm != "":
		sent.method, sent.secret = login.AuthSecretBasic, [2]secret.Text{secret.Of(inForm), secret.Of(inForm)}
		return sent, nil
	case sent.assertion == "" && assertionType == "":
		return sent, nil
	case assertionType != oauth.AssertionJWTBearer:
		return credentials{}, fault.BadParam("client_assertion_type", "must be "+oauth.AssertionJWTBearer)
	}
	sent.method = login.AuthPrivateKeyJWT
	return sent, nil
}

// basic reads the Authorization header. RFC 6749 §2.3.1 wants both parts form-encoded
// before they are joined, so that either may hold a colon. Many libraries send them as
// they are (RFC 7617), so the secret is kept in both readings: which one was meant
// cannot be told, and only one of the two can be right. An id needs no encoding.
func basic(r *http.Request, sent credentials) (credentials, error) {
	id, password, ok := r.BasicAuth()
	if !ok {
		return credentials{}, refuse("the Authorization header is not of scheme Basic", nil)
	}
	if decoded, err := url.QueryUnescape(id); err == nil {
		id = decoded
	}
	if sent.id != "" && sent.id != id {
		return credentials{}, fault.BadParam("client_id", "is not the client of the Authorization header")
	}
	raw := secret.Of(password)
	sent = credentials{method: login.AuthSecretBasic, id: id, secret: [2]secret.Text{raw, raw}}
	if decoded, err := url.QueryUnescape(password); err == nil {
		sent.secret[0] = secret.Of(decoded)
	}
	return sent, nil
}

// byName takes a client at its word: what it cannot prove, PKCE and DPoP do.
func (g *Registry) byName(sent credentials) (Caller, error) {
	if sent.id == "" {
		return Caller{}, refuse("no client is named", nil)
	}
	c, ok := g.clients[sent.id]
	if !ok || c.Auth != login.AuthNone {
		return Caller{}, refuse(unproved, nil)
	}
	return Caller{Client: c.Client}, nil
}

func (g *Registry) bySecret(sent credentials) (Caller, error) {
	c, usual := g.find(sent.id, login.AuthSecretBasic)
	// Both are compared always: time must not tell which one was near.
	decoded, raw := c.secret.Equal(sent.secret[0].Hash()), c.secret.Equal(sent.secret[1].Hash())
	if !usual || !decoded && !raw {
		return Caller{}, refuse(unproved, nil)
	}
	return Caller{Client: c.Client}, nil
}

// find returns the client, or the stand-in when there is none or when it must prove
// itself in another way.
func (g *Registry) find(id string, method login.ClientAuth) (c registered, usual bool) {
	c, usual = g.clients[id]
	if !usual || c.Auth != method {
		return g.nobody, false
	}
	return c, true
}

const unproved = "the client is unknown, or has not proved who it is in the way registered for it"

func refuse(detail string, cause error) *fault.Error {
	return fault.New(fault.Unauthenticated, login.ReasonClientRefused, cause).WithCode(oauth.InvalidClient).WithDetail(detail)
}
