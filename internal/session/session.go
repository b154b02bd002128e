package session

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"avain/internal/secret"
)

// Idle is how long a browser is remembered after its last page. It must outlast an
// attempt (10 min) with its journey to the bank.
const Idle = 15 * time.Minute

// The names of the cookie. The prefix makes browsers refuse the cookie unless it
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

// Cookies reads and writes the cookie.
type Cookies struct {
	name   string
	secure bool
	life   time.Duration
}

// New makes it for a service at the base URL.
func New(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{cookieSecure, true, Idle}
	}
	return &Cookies{cookiePlain, false, Idle}
}

// NewWeb makes the cookie of a person who is signed in to our own pages. It holds the
// secret of their session, a new one after every sign-in (session fixation, threat 15),
// and is set with [Cookies.Keep] alone.
func NewWeb(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{webSecure, true, Idle}
	}
	return &Cookies{webPlain, false, Idle}
}

// NewDevice makes the cookie of a browser in which somebody has got in. It opens nothing:
// it says that a password that is typed here is not a stranger's guess. It names nobody,
// and outlasts every session. It is set with [Cookies.Keep] alone.
func NewDevice(base *url.URL) *Cookies {
	if base.Scheme == "https" {
		return &Cookies{deviceSecure, true, deviceLife}
	}
	return &Cookies{devicePlain, false, deviceLife}
}

// Browser is the secret of the browser that sent the request, false when it has
// none. A cookie that we cannot have made counts as none; so do two that differ,
// because then one of them was planted and nothing says which.
func (c *Cookies) Browser(r *http.Request) (secret.Text, bool) {
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

// Ensure is the secret of the browser; one without gets a new one with the answer.
// Each call renews the cookie for another [Idle].
func (c *Cookies) Ensure(w http.ResponseWriter, r *http.Request) secret.Text {
	browser, ok := c.Browser(r)
	if !ok {
		browser = secret.New()
	}
	c.set(w, browser.Reveal(), c.life)
	return browser
}

// Keep sets the cookie to a secret of 256 bits, for another span of its life.
func (c *Cookies) Keep(w http.ResponseWriter, value secret.Text) { c.set(w, value.Reveal(), c.life) }

// Forget removes the cookie.
func (c *Cookies) Forget(w http.ResponseWriter) { c.set(w, "", -time.Second) }

func (c *Cookies) set(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name, Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: c.secure, HttpOnly: true,
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
