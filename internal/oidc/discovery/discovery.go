package discovery

import (
	"context"
	"net/http"
	"strings"

	"avain/internal/broker"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
)

// Brokers publish our registration, and know which banks can be reached: package
// broker.
type Brokers interface {
	Offer(ctx context.Context, locale string) broker.Offer
	SignedJWKS(broker string) ([]byte, error)
	EntityStatement(broker string) ([]byte, error)
	JWKS(broker string) ([]byte, error)
}

// Deps are what the feature needs.
type Deps struct {
	Signer  *signing.Signer
	Brokers Brokers
	Gate    Gate
	Notices Notices
	Clients Clients
	Web     *web.Kit
	BaseURL string // issuer; no trailing slash
	Scopes  []string
	ACR     []string // levels that our brokers may answer
	Locales []string
	Stores  Stores
	Apps    Apps
}

// Feature serves the metadata.
type Feature struct{ d Deps }

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the endpoints to the mux. Anybody may read them from any web origin:
// they are public, and standard libraries in browsers fetch them.
func (f *Feature) Mount(mux *http.ServeMux) {
	anyOrigin := func(string) bool { return true }
	public := func(path string, h web.Handler) {
		web.MountCORS(mux, path, anyOrigin, f.d.Web.OAuth(h), http.MethodGet)
	}
	public("/.well-known/openid-configuration", f.discovery)
	public("/.well-known/oauth-authorization-server", f.discovery)
	public("/jwks", f.jwks)
	web.MountCORS(mux, "/login-options", f.d.Clients.OriginAllowed, f.d.Web.Problem(f.options), http.MethodGet)
	f.mountApps(mux)
	mux.Handle("GET /ftn/{broker}/signed-jwks.jwt", f.d.Web.OAuth(f.published("application/jwk-set+jwt", f.d.Brokers.SignedJWKS)))
	mux.Handle("GET /ftn/{broker}/entity-statement.jwt", f.d.Web.OAuth(f.published("application/entity-statement+jwt", f.d.Brokers.EntityStatement)))
	mux.Handle("GET /ftn/{broker}/jwks", f.d.Web.OAuth(f.published("application/jwk-set+json", f.d.Brokers.JWKS)))
}

// document is the metadata of RFC 8414 and OpenID Connect Discovery, one for both.
type document struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	PAR                   string   `json:"pushed_authorization_request_endpoint"`
	Challenge             string   `json:"authorization_challenge_endpoint"` // draft-ietf-oauth-first-party-apps-04 §4
	AttemptStatus         string   `json:"attempt_status_endpoint"`          // ours
	UserInfo              string   `json:"userinfo_endpoint"`
	Revocation            string   `json:"revocation_endpoint"`
	Introspection         string   `json:"introspection_endpoint"`
	EndSession            string   `json:"end_session_endpoint"`
	JWKS                  string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	Grants                []string `json:"grant_types_supported"`
	ACR                   []string `json:"acr_values_supported,omitempty"`
	Subjects              []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
	DPoPAlgs              []string `json:"dpop_signing_alg_values_supported"`
	Claims                []string `json:"claims_supported"`
	UILocales             []string `json:"ui_locales_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"` // OpenID Connect Back-Channel Logout 1.0 §2.1
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
	ISS                   bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
}

func (f *Feature) discovery(w http.ResponseWriter, r *http.Request) error {
	at := func(path string) string { return f.d.BaseURL + path }
	proofs, assertions := []string{"ES256", "PS256", "EdDSA"}, []string{"ES256", "PS256", "EdDSA", "RS256"}
	confidential := []string{string(login.AuthPrivateKeyJWT), string(login.AuthSecretBasic), string(login.AuthSecretPost)}
	everybody := append([]string{string(login.AuthNone)}, confidential...)
	w.Header().Set("Cache-Control", "public, max-age=300")
	web.WriteJSON(w, http.StatusOK, document{
		Issuer: f.d.BaseURL, Authorization: at("/authorize"), Token: at("/token"), PAR: at("/par"),
		Challenge: at("/authorize-challenge"), AttemptStatus: at("/attempt-status"),
		UserInfo: at("/userinfo"), Revocation: at("/revoke"), Introspection: at("/introspect"),
		EndSession: at("/logout"), JWKS: at("/jwks"),
		Scopes: f.d.Scopes, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		Grants: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		ACR:    f.d.ACR, Subjects: []string{"public", "pairwise"}, IDTokenAlgs: signing.Algs(),
		TokenAuth: everybody, TokenAuthAlgs: assertions,
		IntrospectionAuth: confidential, IntrospectionAuthAlgs: assertions,
		RevocationAuth: everybody, RevocationAuthAlgs: assertions,
		Challenges: []string{oauth.ChallengeS256}, DPoPAlgs: proofs,
		Claims: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid",
			"name", "given_name", "family_name", "locale", "email", "email_verified", "benefits",
		},
		UILocales: f.d.Locales, Prompts: []string{"login"}, BackchannelLogout: true, BackchannelSession: true, ISS: true,
	})
	return nil
}

// jwks serves our signing keys. Clients may keep them for five minutes; the next
// key is published long before it signs (package signing).
func (f *Feature) jwks(w http.ResponseWriter, r *http.Request) error {
	body, etag, err := f.d.Signer.JWKS(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write(body) // the caller has gone; there is nobody left to tell
	return nil
}

// published serves what a broker fetches about us (ftn.md §1).
func (f *Feature) published(contentType string, document func(string) ([]byte, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := document(r.PathValue("broker"))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
		return nil
	}
}
