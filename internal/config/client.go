package config

import (
	"avain/internal/login"
	"avain/internal/oauth"
	"avain/internal/secret"
)

// Client is an app that people log in to, as the file describes it.
type Client struct {
	ID                     string           `yaml:"id" doc:"client_id: letters, digits and . _ - (at most 64)."`
	Name                   string           `yaml:"name" doc:"As people read it on pages."`
	Profile                login.Profile    `yaml:"profile" doc:"strict: PAR, PKCE and DPoP are demanded (FAPI 2.0), for apps of our own. compatible: for AppAuth and standard web clients."`
	Auth                   login.ClientAuth `yaml:"auth" doc:"How the app proves itself: none (it is on people's phones), private_key_jwt, or client_secret_basic (compatible only)."`
	SecretFile             string           `yaml:"secret_file" doc:"client_secret_basic: file that holds the secret, at least 32 characters." example:"keys/client-secret"`
	SecretEnv              string           `yaml:"secret_env" doc:"The same from an environment variable." example:"AVAIN_CLIENT_SECRET"`
	JWKSFile               string           `yaml:"jwks_file" doc:"private_key_jwt: file with the client's public keys, a JSON Web Key Set." example:"client.jwks.json"`
	RedirectURIs           []string         `yaml:"redirect_uris" doc:"Where people may be sent back to; matched exactly. https, or http on a loopback address (any port matches there), or for a compatible app without a secret a private-use scheme such as com.example.app:/return."`
	PostLogoutRedirectURIs []string         `yaml:"post_logout_redirect_uris" doc:"The same, after logging out." example:"[https://app.example.com/]"`
	AppLink                string           `yaml:"app_link" doc:"Opens the app from the page that a browser shows when the phone did not hand our /return to the app; the answer is added to it." example:"https://app.example.com/return"`
	Origins                []string         `yaml:"origins" doc:"Web origins from which the app calls us in a browser (CORS)." example:"[https://app.example.com]"`
	Scopes                 []string         `yaml:"scopes" doc:"What it may ask for, of openid, profile, offline_access, benefits. Left out: everything for a strict app, openid and profile for others."`
	Sector                 string           `yaml:"sector" doc:"For apps of other companies: their people get identifiers of their own per sector. Never change it." example:"example.org"`
	Introspection          bool             `yaml:"introspection" doc:"Whether it may ask about tokens: for resource servers. Needs private_key_jwt or client_secret_basic."`

	// What the files or the variable held.
	Secret secret.Text `yaml:"-"`
	JWKS   []byte      `yaml:"-"`
}

// Login gives the client as the rest of the service knows it.
func (c Client) Login() login.Client {
	return login.Client{
		ID: c.ID, Name: c.Name, Profile: c.Profile, Auth: c.Auth, Secret: c.Secret, JWKS: c.JWKS,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs, Origins: c.Origins, AppLink: c.AppLink,
		Scopes: c.Scopes, Sector: c.Sector, Introspection: c.Introspection,
	}
}

// LoginClients gives all clients as the rest of the service knows them.
func (c Config) LoginClients() []login.Client {
	out := make([]login.Client, len(c.Clients))
	for i := range c.Clients {
		out[i] = c.Clients[i].Login()
	}
	return out
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
			c.Scopes = knownScopes()
		}
	}
	return c
}
