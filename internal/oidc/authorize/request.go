package authorize

import (
	"regexp"
	"slices"
	"strconv"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/client"
	"avain/internal/protocol/oauth"
)

// Lengths that we keep of what a client sends. Rows are bounded (threat 34).
const (
	maxState   = 512
	maxLevels  = 16
	maxLocales = 16
)

// base64url without padding of a SHA-256: the only code_challenge there is (RFC 7636 §4.2).
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// redirectOf checks the redirect URI. Until it is known to be the client's, no
// error may be sent there (open redirector, RFC 9700 §4.11).
func redirectOf(p oauth.Params, c login.Client) (string, error) {
	uri := p.Get("redirect_uri")
	if uri == "" {
		return "", fault.BadParam("redirect_uri", "missing")
	}
	if !client.MatchRedirect(c, uri) {
		e := fault.New(fault.Invalid, login.ReasonRedirectUnknown, nil).WithDetail("redirect_uri is not registered for this client; it must match exactly")
		e.Param = "redirect_uri"
		return "", e
	}
	return uri, nil
}

// requestOf checks everything else that an authorization request may carry, under
// the client's profile. The redirect URI has been checked before.
func requestOf(p oauth.Params, c login.Client, redirectURI string) (login.Request, error) {
	r := login.Request{
		RedirectURI: redirectURI, State: p.Get("state"), Nonce: p.Get("nonce"),
		Scopes: granted(p.Words("scope"), c), Resource: p.Get("resource"), CodeChallenge: p.Get("code_challenge"),
		UILocales: localesOf(p), ACRValues: p.Words("acr_values"),
	}
	for _, check := range []func(oauth.Params, login.Client, login.Request) error{
		supported, flow, scopes, resource, challenge, prompts, acrValues,
	} {
		if err := check(p, c, r); err != nil {
			return login.Request{}, err
		}
	}
	if p.Has("max_age") {
		seconds, err := strconv.Atoi(p.Get("max_age"))
		if err != nil || seconds < 0 {
			return login.Request{}, fault.BadParam("max_age", "must be a whole number of seconds, 0 or more")
		}
		r.MaxAge = &seconds // always kept: every login authenticates afresh
	}
	return r, nil
}

func acrValues(_ oauth.Params, _ login.Client, r login.Request) error {
	if len(r.ACRValues) > maxLevels || slices.ContainsFunc(r.ACRValues, func(w string) bool { return len(w) > 128 }) {
		return fault.BadParam("acr_values", "too many or too long values")
	}
	return nil
}

// supported refuses what we do not do, rather than ignoring what a client may rely on.
func supported(p oauth.Params, _ login.Client, _ login.Request) error {
	for name, code := range map[string]string{
		"request": oauth.RequestNotSupported, "registration": oauth.RegistrationNotSupport, "claims": "",
	} {
		if p.Has(name) {
			return fault.BadParam(name, "not supported").WithCode(code)
		}
	}
	return nil
}

func flow(p oauth.Params, _ login.Client, r login.Request) error {
	switch {
	case p.Get("response_type") == "":
		return fault.BadParam("response_type", "missing")
	case p.Get("response_type") != "code":
		return fault.BadParam("response_type", "only code is supported").WithCode(oauth.UnsupportedResponseType)
	case p.Has("response_mode") && p.Get("response_mode") != "query":
		return fault.BadParam("response_mode", "only query is supported")
	case len(r.State) > maxState:
		return fault.BadParam("state", "longer than 512 bytes")
	case len(r.Nonce) > maxState:
		return fault.BadParam("nonce", "longer than 512 bytes")
	default:
		return p.GivenBack("state", "nonce")
	}
}

// granted are the scopes that the client is configured for, each once. What else it asks
// for is left out (RFC 6749 §3.3): standard clients ask for what others offer, and the
// token's answer tells them what they have got.
func granted(asked []string, c login.Client) []string {
	var scopes []string
	for _, scope := range asked {
		if c.Allows(scope) && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func scopes(_ oauth.Params, _ login.Client, r login.Request) error {
	if !slices.Contains(r.Scopes, oauth.ScopeOpenID) {
		return fault.BadParam("scope", "must contain openid").WithCode(oauth.InvalidScope)
	}
	return nil
}

// resource takes what stands in the client's configuration, letter by letter.
func resource(_ oauth.Params, c login.Client, r login.Request) error {
	if r.Resource != "" && !c.MayReach(r.Resource) {
		return fault.BadParam("resource", "is not a resource of this client").WithCode(oauth.InvalidTarget)
	}
	return nil
}

// challenge demands PKCE of everyone who cannot keep a secret, and of every strict
// client (RFC 9700 §2.1.1). "plain" does not exist here.
func challenge(p oauth.Params, c login.Client, r login.Request) error {
	method := p.Get("code_challenge_method")
	switch {
	case r.CodeChallenge == "" && method != "":
		return fault.BadParam("code_challenge", "missing")
	case r.CodeChallenge == "" && (c.Public() || c.Profile == login.ProfileStrict):
		return fault.BadParam("code_challenge", "missing: this client must use PKCE")
	case r.CodeChallenge == "":
		return nil
	case method != oauth.ChallengeS256:
		return fault.BadParam("code_challenge_method", "must be S256")
	case !challengePattern.MatchString(r.CodeChallenge):
		return fault.BadParam("code_challenge", "must be the base64url-encoded SHA-256 of the verifier, 43 characters")
	default:
		return nil
	}
}

// prompts: every login asks the person afresh, so "none" can never succeed and the
// others are what we do anyway (OpenID Connect Core §3.1.2.1).
func prompts(p oauth.Params, _ login.Client, _ login.Request) error {
	words := p.Words("prompt")
	for _, word := range words {
		switch word {
		case "none":
			if len(words) > 1 {
				return fault.BadParam("prompt", "none cannot be combined with other values")
			}
			e := fault.BadParam("prompt", "every login authenticates the person, so none cannot be served")
			return e.WithCode(oauth.LoginRequired)
		case "login", "consent", "select_account":
		default:
			return fault.BadParam("prompt", "unknown value")
		}
	}
	return nil
}

// deviceOf reads what the app says about itself. It is shown to people and never believed,
// so there is nothing in it to refuse.
func deviceOf(p oauth.Params) login.Device {
	return login.DeviceOf(p.Get("device_name"), p.Get("device_model"), p.Get("device_platform"), p.Get("app_version"))
}

// localesOf are the language tags of ui_locales. It "expresses a preference" (OpenID Connect
// Core §3.1.2.1): what is none falls away, and so does what is too much.
func localesOf(p oauth.Params) []string {
	var tags []string
	for _, word := range p.Words("ui_locales") {
		if tag := login.LanguageTag(word); tag != "" && len(tags) < maxLocales {
			tags = append(tags, tag)
		}
	}
	return tags
}
