package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secureHeaders sets the headers that every answer carries, whatever a handler does.
func (k *Kit) secureHeaders(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY") // for browsers older than frame-ancestors
	// Our URLs carry states and codes, so no other site may learn one. Not
	// "no-referrer": under it browsers send "Origin: null" with our own forms, and
	// those without Sec-Fetch-Site (Safari before 16.4) could then not log in.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), publickey-credentials-create=(), publickey-credentials-get=(), usb=()")
	h.Set("Cache-Control", "no-store")
	if k.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// passkeysAllowed lets a page of ours, and no frame in it, make and use passkeys.
const passkeysAllowed = "camera=(), geolocation=(), microphone=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()"

// policy is the Content-Security-Policy of a page. No login page has a script, so
// that a hole in escaping still runs nothing.
func policy(formAction []string, scripts bool) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self' data:; ")
	if scripts {
		b.WriteString("script-src 'self'; connect-src 'self'; ")
	}
	b.WriteString("form-action 'self'")
	for i, source := range formAction {
		if formSource.MatchString(source) && !slices.Contains(formAction[:i], source) {
			b.WriteString(" " + source)
		}
	}
	b.WriteString("; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
	return b.String()
}

// formSource is what may stand in form-action: a scheme, or a scheme and a host.
// Anything else could end the directive and begin another.
var formSource = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|https?://[a-zA-Z0-9.-]+(?::[0-9]{1,5})?|http://\[::1\](?::[0-9]{1,5})?)$`)

// AnyHTTPS in [Page.FormAction] lets a form lead to any site over TLS. A form that
// ends at a bank needs it: Chrome applies form-action to every redirect that follows
// (Chromium 156 still does), the broker sends the browser on to hosts of the bank
// that nobody publishes, and a list that misses one of them blocks the login. Pages
// that use it must hold no field that an injected form could carry away.
const AnyHTTPS = "https:"

// FormTarget is the form-action source that lets a form lead to address, directly
// or by redirects (Chrome applies form-action to every redirect that follows a
// form): the origin of an http or https address, the scheme of an app's own. It is
// empty for what no form may lead to.
func FormTarget(address string) string {
	u, err := url.Parse(address)
	if err != nil || !safeScheme(u.Scheme) {
		return ""
	}
	source := u.Scheme + ":"
	if u.Scheme == "http" || u.Scheme == "https" {
		source = u.Scheme + "://" + u.Host
	}
	if !formSource.MatchString(source) {
		return ""
	}
	return source
}

// safeScheme refuses the schemes that run or show content in our name.
func safeScheme(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "", "javascript", "data", "vbscript", "blob", "file", "about", "view-source", "filesystem":
		return false
	default:
		return true
	}
}
