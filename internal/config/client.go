package config

import (
	"slices"

	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// Client is an app that people log in to, as the file describes it.
type Client struct {
	ID                     string           `yaml:"id" doc:"client_id: letters, digits and . _ - (at most 64)."`
	Name                   string           `yaml:"name" doc:"As people read it on pages."`
	Profile                login.Profile    `yaml:"profile" doc:"strict: PAR, PKCE and DPoP are demanded (FAPI 2.0), for apps of our own. compatible: for AppAuth and standard web clients."`
	Auth                   login.ClientAuth `yaml:"auth" doc:"How the app proves itself: none (it is on people's phones), private_key_jwt, or client_secret_basic (compatible only): a secret, which the app may send in the header or in the form, as its library does."`
	SecretFile             string           `yaml:"secret_file" doc:"client_secret_basic: file that holds the secret, at least 32 characters." example:"keys/client-secret"`
	SecretEnv              string           `yaml:"secret_env" doc:"The same from an environment variable." example:"AVAIN_CLIENT_SECRET"`
	JWKSFile               string           `yaml:"jwks_file" doc:"private_key_jwt: file with the client's public keys, a JSON Web Key Set." example:"client.jwks.json"`
	RedirectURIs           []string         `yaml:"redirect_uris" doc:"Where people may be sent back to; matched exactly. https, or http on a loopback address (any port matches there), or for a compatible app without a secret a private-use scheme such as com.example.app:/return."`
	PostLogoutRedirectURIs []string         `yaml:"post_logout_redirect_uris" doc:"The same, after logging out." example:"[https://app.example.com/]"`
	BackchannelLogoutURI   string           `yaml:"backchannel_logout_uri" doc:"Where the app is told that one of its sessions has ended before its time, by a signed logout token (OpenID Connect Back-Channel Logout). https, except for loopback addresses; redirects are not followed." example:"https://app.example.com/backchannel-logout"`
	AppLink                string           `yaml:"app_link" doc:"Opens the app from the page that a browser shows when the phone did not hand our /return to the app; the answer is added to it." example:"https://app.example.com/return"`
	Android                []AndroidApp     `yaml:"android" doc:"Its Android apps, which may open /return and /open of this service (App Links: /.well-known/assetlinks.json)."`
	IOS                    []IOSApp         `yaml:"ios" doc:"The same for iOS (Universal Links: /.well-known/apple-app-site-association)."`
	Harmony                []HarmonyApp     `yaml:"harmony" doc:"The same for HarmonyOS (App Linking: /.well-known/applinking.json)."`
	OpenLink               string           `yaml:"open_link" doc:"Opens the app on a phone that shows a QR code itself; what the code says is added after a #. https, claimed by the app (App Link, Universal Link)." example:"https://app.example.com/open"`
	Origins                []string         `yaml:"origins" doc:"Web origins from which the app calls us in a browser (CORS)." example:"[https://app.example.com]"`
	Scopes                 []string         `yaml:"scopes" doc:"What it gets when it asks for it, of openid, profile, email, offline_access, benefits; whatever else it asks for is left out. Without this setting: openid and profile, for a strict app also offline_access and benefits. An e-mail address goes only to apps where email stands here."`
	Audiences              []string         `yaml:"audiences" doc:"Resources, as absolute URIs, that it may name as resource (RFC 8707): such an access token is for that resource alone." example:"[https://api.example.com/]"`
	IDTokenAlg             string           `yaml:"id_token_signed_response_alg" doc:"Signature algorithm of its ID tokens, and of its access tokens with them: RS256 (compatible only), ES256, PS256 or EdDSA. Left out: tokens.alg where that is set, else RS256 for a compatible app, which is what OpenID Connect libraries expect, and ES256 for a strict one." example:"ES256"`
	Sector                 string           `yaml:"sector" doc:"For apps of other companies: their people get identifiers of their own per sector. Never change it." example:"example.org"`
	Introspection          bool             `yaml:"introspection" doc:"Whether it may ask about tokens: for resource servers. Needs private_key_jwt or client_secret_basic."`

	BackchannelLogoutSessionRequired bool `yaml:"backchannel_logout_session_required" doc:"Whether the app needs sid in logout tokens, as it may have registered elsewhere: it stands in all of them here. Needs backchannel_logout_uri."`

	Exact bool `yaml:"exact" doc:"Turns off what is kinder than the specifications ask for: no lost answer is given again, a request_uri is good until somebody has logged in with it, and proofs from the future are refused. For conformance suites; people are better off without."`

	// What the files or the variable held.
	Secret secret.Text `yaml:"-"`
	JWKS   []byte      `yaml:"-"`
}

// AndroidApp is an app as Android knows it.
type AndroidApp struct {
	Package      string   `yaml:"package" doc:"Application id." example:"com.example.app"`
	Fingerprints []string `yaml:"sha256_fingerprints" doc:"SHA-256 of its signing certificates, 32 pairs of hexadecimal digits with colons; Play Console and AppGallery Connect each show theirs." example:"[\"14:6D:…\"]"`
}

// IOSApp is an app as iOS knows it.
type IOSApp struct {
	TeamID   string `yaml:"team_id" doc:"Application identifier prefix, usually the team id: ten letters and digits." example:"A1B2C3D4E5"`
	BundleID string `yaml:"bundle_id" doc:"Bundle id." example:"com.example.app"`
}

// HarmonyApp is an app as HarmonyOS knows it.
type HarmonyApp struct {
	AppIdentifier string `yaml:"app_identifier" doc:"App id of AppGallery Connect, digits." example:"1234567890123456789"`
}

// login gives the client as the rest of the service knows it, without what depends on
// other settings.
func (c Client) login() login.Client {
	return login.Client{
		ID: c.ID, Name: c.Name, Profile: c.Profile, Auth: c.Auth, Secret: c.Secret, JWKS: c.JWKS,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs, BackchannelLogoutURI: c.BackchannelLogoutURI, Origins: c.Origins, AppLink: c.AppLink, OpenLink: c.OpenLink,
		Scopes: c.Scopes, Audiences: c.Audiences, Sector: c.Sector, Introspection: c.Introspection, Exact: c.Exact,
	}
}

// LoginClients gives all clients as the rest of the service knows them.
func (c Config) LoginClients() []login.Client {
	out := make([]login.Client, len(c.Clients))
	for i := range c.Clients {
		out[i] = c.Clients[i].login()
		out[i].Alg = c.alg(c.Clients[i])
	}
	return out
}

// alg is the algorithm that signs the tokens of a client.
func (c Config) alg(of Client) string {
	switch {
	case of.IDTokenAlg != "":
		return of.IDTokenAlg
	case c.Tokens.Alg != "":
		return c.Tokens.Alg
	case of.Profile == login.ProfileCompatible:
		return string(jose.RS256) // OpenID Connect Core §15.1, RFC 9068 §2.1
	default:
		return string(jose.ES256) // a thirtieth of the time, and FAPI 2.0 §5.4.1 knows no RS256
	}
}

// TokenAlgs lists the algorithms that tokens are signed with: those of the apps that
// people log in to.
func (c Config) TokenAlgs() []string {
	var algs []string
	for _, of := range c.Clients {
		if alg := c.alg(of); len(of.RedirectURIs) > 0 && !slices.Contains(algs, alg) {
			algs = append(algs, alg)
		}
	}
	return algs
}

// withDefaults fills what most clients share.
func (c Client) withDefaults() Client {
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.Profile == "" {
		c.Profile = login.ProfileStrict
	}
	if c.Auth == "" {
		c.Auth = login.AuthNone
	}
	if c.Scopes == nil {
		c.Scopes = []string{oauth.ScopeOpenID, oauth.ScopeProfile}
		if c.Profile == login.ProfileStrict {
			c.Scopes = append(c.Scopes, oauth.ScopeOfflineAccess, oauth.ScopeBenefits)
		}
	}
	return c
}
