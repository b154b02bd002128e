package web

import (
	"fmt"
	"net/http"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/protocol/oauth"
)

// oauthDocument is the error document of RFC 6749 §5.2, with members of ours: the
// reason lets an app show the right words, the support code goes with them.
type oauthDocument struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Reason      string `json:"reason"`
	Support     string `json:"support_code"`
}

func (k *Kit) oauthError(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	code := OAuthCode(e)
	if e.Code != "" {
		status = statusOfCode(code, status)
	}
	retryAfter(w.Header(), e)
	if status == http.StatusUnauthorized || code == oauth.InsufficientScope {
		challenge(w.Header(), r, code)
	}
	WriteJSON(w, status, oauthDocument{
		Error: code, Description: Description(e), Reason: string(e.Reason), Support: SupportCode(r.Context()),
	})
}

// OAuthCode is the OAuth error code of an error: its own, or the one that its kind
// implies. Redirects with an error response use it too.
func OAuthCode(e *fault.Error) string {
	if e.Code != "" {
		return e.Code
	}
	switch e.Kind {
	case fault.Invalid, fault.NotFound:
		return oauth.InvalidRequest
	case fault.Unauthenticated:
		return oauth.InvalidClient
	case fault.Forbidden:
		return oauth.AccessDenied
	case fault.Conflict, fault.Gone:
		return oauth.InvalidGrant
	case fault.TooMany, fault.Unavailable:
		return oauth.TemporarilyUnavailable
	default:
		return oauth.ServerError
	}
}

// statusOfCode is the status that a code's own specification demands; other codes
// keep the status of the error's kind.
func statusOfCode(code string, status int) int {
	switch code {
	case oauth.InvalidGrant, oauth.UnauthorizedClient, oauth.UnsupportedGrantType, oauth.InvalidScope,
		oauth.UnsupportedResponseType,            // RFC 6749 §5.2
		oauth.InvalidSession, oauth.AccessDenied: // draft-ietf-oauth-first-party-apps-04 §5.2.2
		return http.StatusBadRequest
	case oauth.InvalidClient, oauth.InvalidToken: // RFC 6749 §5.2, RFC 6750 §3.1
		return http.StatusUnauthorized
	case oauth.InsufficientScope, // RFC 6750 §3.1
		oauth.InsufficientAuthorization, oauth.RedirectToWeb: // draft-ietf-oauth-first-party-apps-04 §5.2.2.1
		return http.StatusForbidden
	default:
		return status
	}
}

// Description is English for the developer of the client. It is written by us,
// names the parameter, and is kept to the characters of RFC 6749 §5.2.
func Description(e *fault.Error) string {
	text := e.Detail
	if e.Kind == fault.Internal || text == "" {
		text = plainWords(e.Kind)
	}
	if e.Param != "" {
		text = paramName(e.Param) + ": " + text
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return '_'
		}
		return c
	}, text)
}

func plainWords(kind fault.Kind) string {
	switch kind {
	case fault.Invalid:
		return "The request is invalid."
	case fault.Unauthenticated:
		return "The caller could not be authenticated."
	case fault.Forbidden:
		return "This is not allowed."
	case fault.NotFound:
		return "There is nothing here."
	case fault.Conflict:
		return "This has happened already."
	case fault.Gone:
		return "This is used, expired or ended."
	case fault.TooMany:
		return "Too many requests. Wait before the next one."
	case fault.Unavailable:
		return "A service that is needed does not answer. Try again later."
	default:
		return "Something went wrong on our side."
	}
}

// challenge says how to authenticate (RFC 9110 §11.6.1). The resource endpoints
// speak in error codes of their own; everything else is client authentication.
func challenge(h http.Header, r *http.Request, code string) {
	switch code {
	case oauth.InvalidToken, oauth.InsufficientScope, oauth.InvalidDPoPProof, oauth.UseDPoPNonce:
	default:
		// Only to a client that tried this header (RFC 6749 §5.2): anybody else's
		// browser would ask the person for a password.
		if r.Header.Get("Authorization") != "" {
			h.Set("WWW-Authenticate", `Basic realm="avain", charset="UTF-8"`)
		}
		return
	}
	failure := fmt.Sprintf(`, error="%s"`, code)
	bearer, dpop := `Bearer realm="avain"`, `DPoP algs="ES256 PS256 EdDSA"` // RFC 9449 §7.1
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme == "": // RFC 6750 §3.1: no error code for a caller who sent no token
	case strings.EqualFold(scheme, oauth.TokenTypeBearer):
		bearer += failure // DPoP stays beside it: the token may be a bound one (RFC 9449 §7.2, figure 18)
	case strings.EqualFold(scheme, oauth.TokenTypeDPoP):
		h.Add("WWW-Authenticate", dpop+failure) // alone: Bearer would invite to send a bound token without proof
		return
	default:
		bearer, dpop = bearer+failure, dpop+failure
	}
	h.Add("WWW-Authenticate", bearer)
	h.Add("WWW-Authenticate", dpop)
}

// paramName keeps a name that came from outside to the alphabet of parameter names,
// because it is repeated in the answer.
func paramName(name string) string {
	if len(name) == 0 || len(name) > 40 {
		return "(unnamed)"
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return "(unnamed)"
		}
	}
	return name
}
