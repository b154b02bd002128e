package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/platform/outbound"

	"github.com/go-jose/go-jose/v4"
)

func (v validator) clients(clients []Client) {
	if len(clients) == 0 {
		v.add("clients", "missing; describe at least one app that people log in to")
	}
	ids := map[string]int{}
	for i, c := range clients {
		path := at("clients", i)
		if first, taken := ids[c.ID]; taken {
			v.add(path+".id", "is the id of clients[%d] too", first)
		} else {
			ids[c.ID] = i
		}
		v.client(path, c)
	}
}

// clientID keeps ids to what needs no escaping in a URL, a form, a Basic header or
// a metric label.
var clientID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (v validator) client(path string, c Client) {
	if !clientID.MatchString(c.ID) {
		v.add(path+".id", "must be 1 to 64 letters, digits and . _ -")
	}
	if strings.EqualFold(c.ID, login.WebClient) {
		v.add(path+".id", "is the name of the service's own pages; choose another")
	}
	v.oneOf(path+".profile", string(c.Profile), string(login.ProfileStrict), string(login.ProfileCompatible))
	v.clientAuth(path, c)
	if len(c.RedirectURIs) == 0 && !c.Introspection {
		v.add(path+".redirect_uris", "missing; name where people may be sent back to")
	}
	for i, uri := range c.RedirectURIs {
		v.redirectURI(at(path+".redirect_uris", i), uri, c)
	}
	for i, uri := range c.PostLogoutRedirectURIs {
		v.redirectURI(at(path+".post_logout_redirect_uris", i), uri, c)
	}
	v.backchannel(path, c)
	if c.AppLink != "" {
		v.redirectURI(path+".app_link", c.AppLink, c)
	}
	if c.OpenLink != "" {
		v.redirectURI(path+".open_link", c.OpenLink, c)
	}
	for i, origin := range c.Origins {
		v.origin(at(path+".origins", i), origin)
	}
	for i, scope := range c.Scopes {
		if !slices.Contains(knownScopes(), scope) {
			v.add(at(path+".scopes", i), "must be one of %s", strings.Join(knownScopes(), ", "))
		}
	}
	for i, audience := range c.Audiences {
		v.audience(at(path+".audiences", i), audience)
	}
	v.idTokenAlg(path+".id_token_signed_response_alg", c)
	if c.Introspection && c.Public() {
		v.add(path+".introspection", "needs auth: private_key_jwt or client_secret_basic; anybody could ask otherwise")
	}
}

// backchannel checks where the app is told of the ends of its sessions.
func (v validator) backchannel(path string, c Client) {
	if c.BackchannelLogoutURI == "" {
		if c.BackchannelLogoutSessionRequired {
			v.add(path+".backchannel_logout_session_required", "needs backchannel_logout_uri")
		}
		return
	}
	if err := outbound.CheckURL(c.BackchannelLogoutURI); err != nil {
		v.add(path+".backchannel_logout_uri", "%s", err)
	}
	if len(c.RedirectURIs) == 0 {
		v.add(path+".backchannel_logout_uri", "is for apps that people log in to; this one has no redirect_uris")
	}
}

// audience checks the name of a resource (RFC 8707 §2).
func (v validator) audience(path, uri string) {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "" || strings.Contains(uri, "#") || strings.ContainsFunc(uri, unsafeInURI) || len(uri) > 512 {
		v.add(path, "must be an absolute URI without a fragment, such as https://api.example.com/ (at most 512 characters)")
	}
}

func (v validator) idTokenAlg(path string, c Client) {
	switch {
	case c.IDTokenAlg == "":
	case c.IDTokenAlg == string(jose.RS256) && c.Profile == login.ProfileStrict:
		v.add(path, "RS256 is not for profile strict (FAPI 2.0 §5.4.1); use ES256, PS256 or EdDSA")
	default:
		v.oneOf(path, c.IDTokenAlg, "RS256", "ES256", "PS256", "EdDSA")
	}
}

// Public reports whether the client cannot keep a secret.
func (c Client) Public() bool { return c.Auth == login.AuthNone }

func (v validator) clientAuth(path string, c Client) {
	hasSecret := c.SecretFile != "" || c.SecretEnv != ""
	if c.Auth == login.AuthSecretPost {
		v.add(path+".auth", "write client_secret_basic: an app that has a secret may send it in the form too")
		return
	}
	v.oneOf(path+".auth", string(c.Auth), string(login.AuthNone), string(login.AuthPrivateKeyJWT), string(login.AuthSecretBasic))
	switch c.Auth {
	case login.AuthSecretBasic:
		if c.Profile == login.ProfileStrict {
			v.add(path+".auth", "client_secret_basic is too weak for profile strict (FAPI 2.0); use private_key_jwt")
		}
		if !hasSecret {
			v.add(path+".secret_file", "missing; client_secret_basic needs secret_file or secret_env")
		} else if !c.Secret.Empty() && len(c.Secret.Reveal()) < minSecret {
			v.add(path+".secret_file", "is too short to be safe: at least %d characters; make one with: openssl rand -hex 32", minSecret)
		}
	case login.AuthPrivateKeyJWT:
		if c.JWKSFile == "" {
			v.add(path+".jwks_file", "missing; private_key_jwt needs the client's public keys")
		} else if len(c.JWKS) > 0 {
			v.jwks(path+".jwks_file", c.JWKS)
		}
	case login.AuthNone, login.AuthSecretPost, login.AuthInternal: // the last two were refused above
	}
	if hasSecret && c.Auth != login.AuthSecretBasic {
		v.add(path+".secret_file", "is for auth: client_secret_basic; remove it")
	}
	if c.JWKSFile != "" && c.Auth != login.AuthPrivateKeyJWT {
		v.add(path+".jwks_file", "is for auth: private_key_jwt; remove it")
	}
}

// jwks checks a client's keys: public halves only, of a kind that signs.
func (v validator) jwks(path string, text []byte) {
	var set jose.JSONWebKeySet
	if err := jsonUnmarshal(text, &set); err != nil {
		v.add(path, "is not a JSON Web Key Set (RFC 7517 §5)")
		return
	}
	if len(set.Keys) == 0 {
		v.add(path, "holds no key")
	}
	for i, key := range set.Keys {
		where := fmt.Sprintf("key %d", i+1)
		switch {
		case !key.IsPublic():
			v.add(path, "%s is a private or symmetric key; only public keys belong here. Give the client a new key: this one has been copied", where)
		case !key.Valid():
			v.add(path, "%s is not valid", where)
		case key.Use == "enc":
			v.add(path, "%s is for encryption; only signature keys belong here", where)
		case weakKey(key):
			v.add(path, "%s is too weak: RSA of at least 2048 bits, P-256 or Ed25519", where)
		}
	}
}

// privateScheme is the form of a private-use scheme: the reversed domain of its
// owner (RFC 8252 §7.1). The dot keeps out javascript:, data: and their kin.
var privateScheme = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$`)

// redirectURI keeps out what makes exact matching unsafe or a browser misread the
// address (threat 14).
func (v validator) redirectURI(path, uri string, c Client) {
	u, err := url.Parse(uri)
	switch {
	case uri == "":
		v.add(path, "is empty")
	case err != nil || strings.ContainsFunc(uri, unsafeInURI):
		v.add(path, "is not a valid address")
	case strings.Contains(uri, "#"):
		v.add(path, "must not have a fragment (#)")
	case strings.Contains(uri, "*"):
		v.add(path, "must not have a wildcard: addresses match exactly; write each out")
	case u.User != nil:
		v.add(path, "must not have a user name")
	case hasDotSegment(u.Path):
		v.add(path, "must not have . or .. in its path")
	case u.Scheme == "https" && u.Hostname() != "":
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme == "http" || u.Scheme == "https":
		v.add(path, "must be https with a host name; http is only for loopback addresses")
	case !privateScheme.MatchString(u.Scheme):
		v.add(path, "must be https; a private-use scheme must look like com.example.app")
	case c.Profile == login.ProfileStrict:
		v.add(path, "must be https for profile strict: another app can claim a private-use scheme")
	case !c.Public():
		v.add(path, "must be https for a client with a secret or key: private-use schemes are for apps on phones")
	}
}

// unsafeInURI finds what browsers drop, trim or turn into a slash.
func unsafeInURI(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`\"<>^{|}`+"`", r)
}

func hasDotSegment(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

// origin checks a web origin, letter by letter as browsers send it.
func (v validator) origin(path, origin string) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+strings.ToLower(u.Host) != origin || strings.Contains(origin, "*") {
		v.add(path, "must be scheme and host in lower case, such as https://app.example.com, without a slash at the end")
		return
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		v.add(path, "must be https; http is only for loopback addresses")
	}
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		v.add(path, "must not name the default port: browsers leave it out")
	}
}
