package broker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// Start is a person who has chosen a means. State, Nonce and Verifier belong to this
// one journey: the caller makes them (256 bits each) and keeps or derives them again.
type Start struct {
	Means    string
	State    secret.Text
	Nonce    secret.Text
	Verifier secret.Text // PKCE code verifier (RFC 7636); sent to brokers that know PKCE
	Locale   string      // fi, sv, en
}

// Redirect sends the browser to the broker: by 303 to URL, or, when Fields is not
// nil, by a form that posts them to URL.
type Redirect struct {
	Broker string
	URL    string
	Fields url.Values
}

// Begin picks the broker for the means and prepares the journey there: the first
// broker of the means' ordered list whose circuit is not open; failing that, one
// whose probe is due and succeeds. It answers ReasonMeansUnavailable for a means
// that nobody serves, and ReasonBrokerDown when all of its brokers are down.
func (r *Registry) Begin(ctx context.Context, s Start) (Redirect, error) {
	routes := r.patientRoutes(ctx, s.Means)
	if len(routes) == 0 {
		return Redirect{}, fault.New(fault.NotFound, login.ReasonMeansUnavailable, nil).WithDetail("means.unknown")
	}
	failed := down(routes)
	for _, ready := range []func(*upstream) bool{
		func(u *upstream) bool { return u.circuit.lets() },
		func(u *upstream) bool { return u.probe(ctx) },
	} {
		for _, route := range routes {
			if !ready(route.broker) {
				continue
			}
			redirect, err := route.broker.begin(ctx, s, route.means)
			if err == nil {
				return redirect, nil
			}
			// Only a broker that does not answer is passed over. An error of our own
			// making would be the same everywhere.
			if failed = fault.AsError(err); failed.Kind != fault.Unavailable {
				return Redirect{}, failed
			}
		}
	}
	return Redirect{}, failed
}

// down makes the error for a means whose brokers all have an open circuit; it says
// when the first of them may be asked again.
func down(routes []route) *fault.Error {
	e := fault.New(fault.Unavailable, login.ReasonBrokerDown, nil).WithDetail("circuit.open")
	for _, route := range routes {
		if _, _, retry := route.broker.circuit.look(); e.RetryAfter == 0 || retry < e.RetryAfter {
			e.RetryAfter = retry
		}
	}
	return e
}

// begin makes the request object and hands it to the transport.
func (u *upstream) begin(ctx context.Context, s Start, means Means) (Redirect, error) {
	if s.State.Empty() || s.Nonce.Empty() || (*u.config.Request.PKCE && s.Verifier.Empty()) {
		return Redirect{}, fault.New(fault.Internal, login.ReasonInternal, nil).WithDetail("start.incomplete")
	}
	found, err := u.endpoints(ctx)
	if err != nil {
		return Redirect{}, u.failed(ctx, err)
	}
	u.keys.warm()
	object, err := u.sign(u.requestClaims(s, means))
	if err != nil {
		return Redirect{}, fault.New(fault.Internal, login.ReasonInternal, err).WithDetail("request.sign")
	}
	return u.carry(ctx, found, object)
}

// carry hands the request object to the transport.
func (u *upstream) carry(ctx context.Context, found endpoints, object string) (Redirect, error) {
	fields := url.Values{"request": {object}}
	if *u.config.Request.OuterClientID {
		fields.Set("client_id", u.config.ClientID)
	}
	if *u.config.Request.OuterScope {
		fields.Set("scope", strings.Join(u.config.Request.Scopes, " "))
		fields.Set("response_type", responseType)
	}
	switch u.config.Request.Transport {
	case TransportPOST:
		return Redirect{Broker: u.config.ID, URL: found.authorization, Fields: fields}, nil
	case TransportPAR:
		reference, err := u.push(ctx, found, object)
		if err != nil {
			return Redirect{}, u.failed(ctx, err)
		}
		fields = url.Values{"client_id": {u.config.ClientID}, "request_uri": {reference}}
	case TransportQuery:
	}
	return Redirect{Broker: u.config.ID, URL: withQuery(found.authorization, fields)}, nil
}

// responseType is the only one of the authorization code flow.
const responseType = "code"

// requestClaims is the payload of the request object (RFC 9101). There is never a
// "sub": a request object must not pass for a client assertion (RFC 9101 §10.8).
func (u *upstream) requestClaims(s Start, means Means) map[string]any {
	c, now := u.config.Request, u.now()
	claims := map[string]any{}
	for name, value := range c.ExtraClaims {
		claims[name] = value
	}
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	set("iss", u.config.ClientID) // OP demands it because there is a jti
	set("aud", c.Audience)
	set("client_id", u.config.ClientID)
	set("response_type", responseType)
	set("redirect_uri", u.callback)
	set("scope", strings.Join(c.Scopes, " "))
	set("state", s.State.Reveal())
	set("nonce", s.Nonce.Reveal())
	set("jti", login.NewID())
	set("acr_values", strings.Join(c.ACRValues, " "))
	if c.Prompt != omit {
		set("prompt", c.Prompt)
	}
	set("ui_locales", inLocale(c.Locales, s.Locale))
	if c.ServiceNameClaim != "" {
		set(c.ServiceNameClaim, inLocale(c.ServiceName, s.Locale))
	}
	if c.MaxAge != nil {
		claims["max_age"] = *c.MaxAge
	}
	if *c.PKCE {
		// Inside the signed object: outside, Telia would ignore it, and a browser could strip it.
		set("code_challenge", challenge(s.Verifier))
		set("code_challenge_method", oauth.ChallengeS256)
	}
	u.preselect(set, means)
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(c.TTL).Unix()
	return claims
}

// preselect tells the broker which means was chosen, so that the person does not
// choose twice.
func (u *upstream) preselect(set func(name, value string), means Means) {
	switch u.config.Request.Preselect {
	case PreselectFTNIdP:
		set("ftn_idp_id", means.Value)
	case PreselectACR:
		// Telia takes the short id here (guide §2.4.3, §2.4.5); the URL is how "amr" says it.
		set("acr_values", means.Value)
	case PreselectLoginHint:
		set("login_hint", means.Value)
	case PreselectClaim:
		set(u.config.Request.PreselectParam, means.Value)
	case PreselectNone:
	}
}

// challenge is the S256 code challenge (RFC 7636 §4.2).
func challenge(verifier secret.Text) string {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// inLocale picks a text for the person's language, or the Finnish one.
func inLocale(texts map[string]string, locale string) string {
	if text := texts[locale]; text != "" {
		return text
	}
	return texts["fi"]
}

// sign makes a compact JWS.
func (u *upstream) sign(claims map[string]any) (string, error) { return compact(u.requests, claims) }

func compact(signer jose.Signer, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// push sends the request object ahead (RFC 9126) and answers its request_uri.
func (u *upstream) push(ctx context.Context, found endpoints, object string) (string, error) {
	form, err := u.authenticated(found, url.Values{"request": {object}})
	if err != nil {
		return "", err
	}
	var body struct {
		RequestURI string `json:"request_uri"`
	}
	if err := u.exchange(ctx, "par", found.par, form, &body); err != nil {
		return "", err
	}
	if !plain(body.RequestURI, 1024) {
		return "", &brokerError{word: "par.request_uri", down: true}
	}
	return body.RequestURI, nil
}

// failed turns a fault into the caller's error and counts it, unless it is the
// person who went away.
func (u *upstream) failed(ctx context.Context, err error) error {
	f, ok := asFault(err)
	if !ok {
		if ctx.Err() != nil {
			return fault.New(fault.Unavailable, login.ReasonBrokerSlow, err).WithDetail("request.cancelled")
		}
		return err
	}
	if f.down {
		u.circuit.failure(f.word)
	}
	u.log.Warn("broker does not answer as it should", "detail", f.word, "error", f)
	return transport(f)
}

// withQuery adds parameters to an endpoint that may already have some.
func withQuery(endpoint string, fields url.Values) string {
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	return endpoint + separator + fields.Encode()
}
