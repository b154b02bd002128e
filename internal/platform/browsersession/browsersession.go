package browsersession

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Idle is how long a browser is remembered after its last page. It must outlast an
// attempt (10 min) with its journey to the bank.
const Idle = 15 * time.Minute

// The names of the cookies, or how they begin. The prefix makes browsers refuse the cookie unless it
// was set by this very host over TLS: a sibling subdomain cannot plant its own
// (login CSRF, session fixation; threat 15). Plain http, which exists on loopback
// only, cannot have it.
const (
	cookieSecure = "__Host-avain-browser"
	cookiePlain  = "avain-browser"
	webSecure    = "__Host-avain-web"
	webPlain     = "avain-web"
	deviceSecure = "__Host-avain-device"
	devicePlain  = "avain-device"
)

// deviceLife is how long a browser is recognised in which somebody has got in.
const deviceLife = 180 * 24 * time.Hour

// most is how many secrets one browser may have. Each costs a look at the database and
// a place in a header.
const most = 8

// Cookies reads and writes the cookie.
type Cookies struct {
	name   string
	secure bool
	life   time.Duration
	// several: each secret is a cookie of its own, whose name is derived from it. Two tabs
	// that are opened at once, in a browser without a cookie, get one secret each; under
	// one name the later answer would take the earlier login away from its browser.
	several bool
}

// New makes it for a service at the base URL.
func New(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{cookieSecure, true, Idle, true}
	}
	return &Cookies{cookiePlain, false, Idle, true}
}

// NewWeb makes the cookie of a person who is signed in to our own pages. It holds the
// secret of their session, a new one after every sign-in (session fixation, threat 15),
// and is set with [Cookies.Keep] alone.
func NewWeb(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{webSecure, true, Idle, false}
	}
	return &Cookies{webPlain, false, Idle, false}
}

// NewDevice makes the cookie of a browser in which somebody has got in. It opens nothing:
// it says that a password that is typed here is not a stranger's guess. It names nobody,
// and outlasts every session. It is set with [Cookies.Keep] alone.
func NewDevice(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{deviceSecure, true, deviceLife, false}
	}
	return &Cookies{devicePlain, false, deviceLife, false}
}

// Secret is the secret of the browser that sent the request, false when it has
// none. A cookie that we cannot have made counts as none; so do two that differ under
// one name, because then one of them was planted and nothing says which. Of several
// secrets it is the one that the browser has had longest (RFC 6265 §5.4: it comes
// first), whichever tab asks: new logins belong to it.
func (c *Cookies) Secret(r *http.Request) (secret.Text, bool) {
	if c.several {
		all := c.secrets(r)
		if len(all) == 0 {
			return secret.Text{}, false
		}
		return all[0], true
	}
	return c.alone(r)
}

// alone is the secret under the plain name.
func (c *Cookies) alone(r *http.Request) (secret.Text, bool) {
	var found secret.Text
	for _, sent := range r.CookiesNamed(c.name) {
		if !wellFormed(sent.Value) {
			return secret.Text{}, false
		}
		value := secret.Of(sent.Value)
		if !found.Empty() && !found.Equal(value) {
			return secret.Text{}, false
		}
		found = value
	}
	return found, !found.Empty()
}

// secrets are those that came under the names that belong to them, each once. One under
// the plain name is from before a secret had a name of its own: the login that was under
// way goes on.
func (c *Cookies) secrets(r *http.Request) []secret.Text {
	var all []secret.Text
	if value, ok := c.alone(r); ok {
		all = append(all, value)
	}
	for _, sent := range r.Cookies() {
		if len(all) == most || !strings.HasPrefix(sent.Name, c.name+"-") || !wellFormed(sent.Value) {
			continue
		}
		value := secret.Of(sent.Value)
		if sent.Name == c.nameOf(value) && !slices.ContainsFunc(all, value.Equal) {
			all = append(all, value)
		}
	}
	return all
}

// nameOf is the cookie's name. A name that belongs to one value cannot be planted over.
func (c *Cookies) nameOf(value secret.Text) string {
	if !c.several {
		return c.name
	}
	return c.name + "-" + value.Derive("cookie name").Reveal()[:8]
}

// Try looks for a login with the first secret, and then with the others of the browser
// that sent the request, until it is not another browser's. find must change nothing
// for a browser that it refuses.
func (c *Cookies) Try(r *http.Request, first secret.Text, find func(browser secret.Text) error) error {
	err := find(first)
	if !fault.HasReason(err, login.ReasonOtherBrowser) {
		return err
	}
	for _, other := range c.secrets(r) {
		if other.Equal(first) {
			continue
		}
		if err = find(other); !fault.HasReason(err, login.ReasonOtherBrowser) {
			return err
		}
	}
	return err
}

// Owner is the secret by which the browser that sent the request owns an attempt with
// this binding; what [Cookies.Browser] finds when it does not, or nobody does yet.
func (c *Cookies) Owner(r *http.Request, bound secret.Hash, attempt string) (secret.Text, bool) {
	for _, value := range c.secrets(r) {
		if Binding(value, attempt).Equal(bound) {
			return value, true
		}
	}
	return c.Secret(r)
}

// Ensure is the secret of the browser; one without gets a new one with the answer.
// Each call renews all that it has for another [Idle].
func (c *Cookies) Ensure(w http.ResponseWriter, r *http.Request) secret.Text {
	all := c.secrets(r)
	if len(all) == 0 {
		all = []secret.Text{secret.New()}
	}
	for _, value := range all {
		c.Set(w, value)
	}
	return all[0]
}

// Set sets the cookie to a secret of 256 bits, for another span of its life.
func (c *Cookies) Set(w http.ResponseWriter, value secret.Text) {
	c.set(w, c.nameOf(value), value.Reveal(), c.life)
}

// Clear removes the cookie of a signed-in person.
func (c *Cookies) Clear(w http.ResponseWriter) { c.set(w, c.name, "", -time.Second) }

func (c *Cookies) set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: c.secure, HttpOnly: true,
		// Lax, not Strict: the way back from the bank is a navigation from another
		// site, and it must arrive with the cookie.
		SameSite: http.SameSiteLaxMode,
	})
}

// Binding is what an attempt stores of the browser that owns it.
func Binding(browser secret.Text, attempt string) secret.Hash {
	return browser.Derive("browser binding", attempt).Hash()
}

// Key stands for the browser where an app has the thumbprint of its key: whoever holds
// the browser's secret is the one that started the login.
func Key(browser secret.Text) string {
	sum := browser.Derive("browser key").Hash()
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// wellFormed accepts exactly what [secret.New] makes: 256 bits in base64url.
func wellFormed(value string) bool {
	if len(value) != base64.RawURLEncoding.EncodedLen(32) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(value)
	return err == nil
}
