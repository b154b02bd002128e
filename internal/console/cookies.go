package console

import (
	"net/http"
	"net/url"
	"regexp"
	"time"

	"avain/internal/secret"
)

// How long somebody of the staff stays signed in.
const (
	Idle    = 30 * time.Minute // after the last page
	Longest = 10 * time.Hour   // whatever is done
)

// cookies are those of the console. The prefix makes browsers refuse them unless this
// very host has set them over TLS; plain http, which exists on loopback only, cannot
// have it. All are Strict: no other site can make a browser send one.
type cookies struct {
	secure bool
	prefix string
}

func newCookies(base *url.URL) cookies {
	if base.Scheme == "https" {
		return cookies{secure: true, prefix: "__Host-"}
	}
	return cookies{}
}

// The cookies by name.
const (
	cookieSession  = "avain-console"
	cookieCeremony = "avain-console-passkey"
	cookieFlash    = "avain-console-done"
	cookieLink     = "avain-console-link"
)

var tokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// session is the secret of the session, false when there is none, or several that
// differ: then one of them was planted.
func (c cookies) session(r *http.Request) (secret.Text, bool) {
	value, ok := c.read(r, cookieSession)
	if !ok || !tokenShape.MatchString(value) {
		return secret.Text{}, false
	}
	return secret.Of(value), true
}

func (c cookies) read(r *http.Request, name string) (string, bool) {
	sent := r.CookiesNamed(c.prefix + name)
	for _, other := range sent {
		if other.Value != sent[0].Value {
			return "", false
		}
	}
	if len(sent) == 0 || sent[0].Value == "" {
		return "", false
	}
	return sent[0].Value, true
}

func (c cookies) set(w http.ResponseWriter, name, value string, life time.Duration) {
	age := int(life.Seconds())
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: c.prefix + name, Value: value, Path: "/", MaxAge: age, Secure: c.secure, HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
}
