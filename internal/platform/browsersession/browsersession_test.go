package browsersession_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/secret"
)

func browsers(t testing.TB, base string) *browsersession.Cookies {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return browsersession.New(u)
}

func ensure(t testing.TB, b *browsersession.Cookies, r *http.Request) (secret.Text, *http.Cookie) {
	t.Helper()
	rec := httptest.NewRecorder()
	browser := b.Ensure(rec, r)
	cookies := rec.Result().Cookies() //nolint:bodyclose // a recorder's body needs no closing
	if len(cookies) != 1 {
		t.Fatalf("%d cookies set, want 1", len(cookies))
	}
	return browser, cookies[0]
}

func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// TestThreat15CookieIsBoundToThisHost: the attributes that keep a sibling subdomain,
// a script and a plain connection away from the binding.
func TestThreat15CookieIsBoundToThisHost(t *testing.T) {
	t.Parallel()
	browser, c := ensure(t, browsers(t, "https://login.example.fi"), request())
	if !strings.HasPrefix(c.Name, "__Host-avain-browser-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v is not bound to the host", c)
	}
	if c.MaxAge != 15*60 {
		t.Errorf("Max-Age %d s, want 15 min", c.MaxAge)
	}
	if c.Value != browser.Reveal() || len(c.Value) != 43 {
		t.Errorf("the cookie does not hold the 256-bit secret that was returned")
	}
}

func TestPlainHTTPCookieHasNoPrefix(t *testing.T) {
	t.Parallel()
	_, c := ensure(t, browsers(t, "http://localhost:8080"), request())
	if !strings.HasPrefix(c.Name, "avain-browser-") || c.Secure || !c.HttpOnly {
		t.Errorf("cookie %+v would be refused, or readable by scripts, on http loopback", c)
	}
}

func TestEnsureKeepsTheBrowser(t *testing.T) {
	t.Parallel()
	b := browsers(t, "https://login.example.fi")
	first, c := ensure(t, b, request())
	second, renewed := ensure(t, b, request(c))
	if !first.Equal(second) {
		t.Error("a browser that came back got another secret")
	}
	if renewed.MaxAge != 15*60 {
		t.Errorf("coming back renewed the cookie for %d s, want 15 min", renewed.MaxAge)
	}
	stranger, _ := ensure(t, b, request())
	if first.Equal(stranger) {
		t.Error("two browsers share a secret")
	}
}

func TestPlainCookieIsNoUseOverTLS(t *testing.T) {
	t.Parallel()
	_, c := ensure(t, browsers(t, "http://localhost:8080"), request())
	if _, ok := browsers(t, "https://login.example.fi").Secret(request(c)); ok {
		t.Error("a cookie without the prefix was accepted over TLS")
	}
}

func TestGarbageIsNoBrowser(t *testing.T) {
	t.Parallel()
	b := browsers(t, "https://login.example.fi")
	good := secret.New().Reveal()
	for name, value := range map[string]string{
		"empty":         "",
		"short":         good[:42],
		"long":          good + "A",
		"padding":       good[:42] + "=",
		"other letters": strings.Repeat("ä", 21) + "A",
		"loose bits":    strings.Repeat("A", 42) + "B", // decodes to the same bytes as …A: two spellings of one secret
		"plus":          strings.Repeat("+", 43),
		"space":         good[:20] + " " + good[21:],
	} {
		if _, ok := b.Secret(request(&http.Cookie{Name: "__Host-avain-browser", Value: value})); ok {
			t.Errorf("%s: %q was taken for a browser", name, value)
		}
	}
}

func TestTwoDifferentCookiesAreNoBrowser(t *testing.T) {
	t.Parallel()
	b := browsers(t, "http://localhost:8080")
	mine := &http.Cookie{Name: "avain-browser", Value: secret.New().Reveal()}
	planted := &http.Cookie{Name: "avain-browser", Value: secret.New().Reveal()}
	for name, order := range map[string][]*http.Cookie{"planted first": {planted, mine}, "planted last": {mine, planted}} {
		if _, ok := b.Secret(request(order...)); ok {
			t.Errorf("%s: one of two different cookies was believed", name)
		}
	}
	if _, ok := b.Secret(request(mine, mine)); !ok {
		t.Error("the same cookie twice is still that browser")
	}
}

func TestForgetRemovesTheCookie(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	base, err := url.Parse("https://login.example.fi")
	if err != nil {
		t.Fatal(err)
	}
	browsersession.NewWeb(base).Clear(rec)
	got := rec.Header().Get("Set-Cookie")
	if !strings.HasPrefix(got, "__Host-avain-web=;") || !strings.Contains(got, "Max-Age=0") || !strings.Contains(got, "Secure") {
		t.Errorf("Set-Cookie %q does not remove it", got)
	}
}

func TestBindingSeparatesAttemptsAndBrowsers(t *testing.T) {
	t.Parallel()
	a, b := secret.New(), secret.New()
	if browsersession.Binding(a, "one") != browsersession.Binding(a, "one") {
		t.Error("the binding of one browser and attempt changes")
	}
	if browsersession.Binding(a, "one") == browsersession.Binding(a, "two") {
		t.Error("rows of one browser can be linked")
	}
	if browsersession.Binding(a, "one") == browsersession.Binding(b, "one") {
		t.Error("another browser has the same binding")
	}
	if browsersession.Binding(a, "one") == a.Hash() {
		t.Error("the binding is the plain hash of the cookie")
	}
}

// FuzzBrowser: whatever stands in the Cookie header, only our own form is believed,
// and what is believed survives a renewal unchanged.
func FuzzBrowser(f *testing.F) {
	f.Add("__Host-avain-browser=" + strings.Repeat("A", 43))
	f.Add("__Host-avain-browser=" + strings.Repeat("A", 42) + "B")
	f.Add("__Host-avain-browser=a; __Host-avain-browser=b")
	f.Add(`__Host-avain-browser="quoted"; $Version=1`)
	f.Add("avain-browser=" + strings.Repeat("A", 43))
	f.Add(strings.Repeat("x=y; ", 3000))
	b := browsers(f, "https://login.example.fi")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		browser, ok := b.Secret(r)
		if ok == browser.Empty() {
			t.Fatalf("found %v, but empty is %v", ok, browser.Empty())
		}
		if ok && (len(browser.Reveal()) != 43 || !strings.Contains(header, browser.Reveal())) {
			t.Fatal("a secret was believed that is not the cookie's")
		}
		kept := b.Ensure(httptest.NewRecorder(), r)
		if ok && !kept.Equal(browser) {
			t.Fatal("renewing changed the secret")
		}
		if !ok && len(kept.Reveal()) != 43 {
			t.Fatal("no new secret for a browser without one")
		}
	})
}

// The cookie of a signed-in person is bound to this host like the browser's, and the
// two are never taken for each other.
func TestThreat15WebCookie(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://login.example.fi")
	if err != nil {
		t.Fatal(err)
	}
	signedIn, anybody, value := browsersession.NewWeb(base), browsersession.New(base), secret.New()
	w := httptest.NewRecorder()
	signedIn.Set(w, value)
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-avain-web" || !cookies[0].Secure || !cookies[0].HttpOnly ||
		cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" || cookies[0].Domain != "" || cookies[0].MaxAge != int(browsersession.Idle.Seconds()) {
		t.Fatalf("%+v", cookies)
	}
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.AddCookie(cookies[0])
	if got, ok := signedIn.Secret(r); !ok || !got.Equal(value) {
		t.Error("the cookie is not read back")
	}
	if _, ok := anybody.Secret(r); ok {
		t.Error("it passes for the browser's")
	}
	if browsersession.Key(value) == browsersession.Key(secret.New()) || len(browsersession.Key(value)) != 43 {
		t.Error("the browser's key does not stand for its secret")
	}
}

// A browser in which somebody has got in is known for half a year, to this host alone; and
// over plain http by a name without the prefix, which no browser would take there.
func TestThreat15DeviceAndWebCookiesOverTLSAndWithout(t *testing.T) {
	t.Parallel()
	for scheme, secure := range map[string]bool{"https": true, "http": false} {
		base := &url.URL{Scheme: scheme, Host: "login.example.fi"}
		for name, c := range map[string]struct {
			cookies *browsersession.Cookies
			maxAge  int
		}{"avain-device": {browsersession.NewDevice(base), 180 * 24 * 60 * 60}, "avain-web": {browsersession.NewWeb(base), 15 * 60}} {
			w := httptest.NewRecorder()
			c.cookies.Set(w, secret.New())
			set := w.Result().Cookies()[0] //nolint:bodyclose // of a recorder
			if want := map[bool]string{true: "__Host-", false: ""}[secure] + name; set.Name != want || set.Secure != secure || !set.HttpOnly || set.MaxAge != c.maxAge {
				t.Errorf("%s, %s: %+v", scheme, name, set)
			}
		}
	}
}

// Two tabs that are opened at once get one secret each, and the browser keeps both.
func TestSeveralSecretsOfOneBrowser(t *testing.T) {
	t.Parallel()
	b := browsers(t, "https://login.example.fi")
	first, one := ensure(t, b, request())
	second, two := ensure(t, b, request())
	if one.Name == two.Name {
		t.Fatal("the second answer takes the first one's cookie away")
	}
	both := request(one, two)
	if primary, ok := b.Secret(both); !ok || !primary.Equal(first) {
		t.Error("new logins do not belong to the secret that the browser has had longest")
	}
	stranger := secret.New()
	for _, mine := range []secret.Text{first, second} {
		if owner, ok := b.Owner(both, browsersession.Binding(mine, "attempt"), "attempt"); !ok || !owner.Equal(mine) {
			t.Error("the browser does not own what one of its secrets owns")
		}
		var tried []secret.Text
		err := b.Try(both, first, func(s secret.Text) error {
			tried = append(tried, s)
			if !s.Equal(mine) {
				return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
			}
			return nil
		})
		if err != nil || !tried[len(tried)-1].Equal(mine) {
			t.Errorf("not found after %d tries: %v", len(tried), err)
		}
	}
	if owner, _ := b.Owner(both, browsersession.Binding(stranger, "attempt"), "attempt"); owner.Equal(stranger) {
		t.Error("the browser owns a stranger's")
	}
	tries := 0
	if err := b.Try(both, first, func(secret.Text) error {
		tries++
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}); !fault.HasReason(err, login.ReasonOtherBrowser) || tries != 2 {
		t.Errorf("a stranger's: %v after %d tries", err, tries)
	}
	renewed := httptest.NewRecorder()
	b.Ensure(renewed, both)
	if got := renewed.Result().Cookies(); len(got) != 2 || got[0].Value != one.Value || got[1].Value != two.Value { //nolint:bodyclose // a recorder's
		t.Errorf("renewed: %v", got)
	}
}

// The name of a cookie belongs to its value, and there are at most eight.
func TestThreat15NamesBelongToSecrets(t *testing.T) {
	t.Parallel()
	b := browsers(t, "https://login.example.fi")
	_, c := ensure(t, b, request())
	c.Value = secret.New().Reveal()
	if _, ok := b.Secret(request(c)); ok {
		t.Error("another value under the name of a cookie was believed")
	}
	var many []*http.Cookie
	for range 50 {
		_, c := ensure(t, b, request())
		many = append(many, c)
	}
	tries := 0
	first, _ := b.Secret(request(many...))
	_ = b.Try(request(many...), first, func(secret.Text) error {
		tries++
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	})
	if tries != 8 {
		t.Errorf("%d looks for one request, want 8", tries)
	}
}

// The login that was under way when the service learned that goes on.
func TestCookieUnderThePlainName(t *testing.T) {
	t.Parallel()
	b, before := browsers(t, "https://login.example.fi"), secret.New()
	old := &http.Cookie{Name: "__Host-avain-browser", Value: before.Reveal()}
	got, c := ensure(t, b, request(old))
	if !got.Equal(before) || c.Name == old.Name {
		t.Errorf("not the same browser, or not renewed under its own name: %s", c.Name)
	}
	if got, _ := ensure(t, b, request(old, c)); !got.Equal(before) {
		t.Error("two names of one secret are two browsers")
	}
}
