package endsession_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/oidc/endsession"
	"avain/internal/platform/keyset"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/signing"
)

const (
	issuer = "https://login.example"
	target = "https://shop.example/bye"
)

var (
	start    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	errStore = errors.New("the database does not answer")
)

// world is the feature over one session.
type world struct {
	*testing.T
	mux     *http.ServeMux
	signer  *signing.Signer
	keys    []operations.SigningKey
	now     time.Time
	session login.Session
	failing map[string]error

	revoked, audited []string
	signedIn         bool
	signedOut        int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: start, failing: map[string]error{}, session: login.Session{ID: "session", Client: "shop"}}
	clock := func() time.Time { return w.now }
	file, err := keyset.NewAEAD()
	w.must(err)
	aead, err := keyset.AEAD(file)
	w.must(err)
	w.signer, err = signing.New(signing.Config{Store: w, AEAD: aead, Issuer: issuer, Now: clock})
	w.must(err)
	w.must(w.signer.Start(t.Context()))
	clients, err := client.New(client.Config{Issuer: issuer, Now: clock, Clients: []login.Client{
		{ID: "shop", Name: "Kauppa", Auth: login.AuthNone, PostLogoutRedirectURIs: []string{target, target + "?a=b"}},
		{ID: "other", Name: "Toinen", Auth: login.AuthNone},
	}})
	w.must(err)
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}, Now: clock})
	w.must(err)
	w.mux = http.NewServeMux()
	endsession.New(endsession.Deps{Browser: w, Sessions: w, Clients: clients, Signer: w.signer, Audit: w, Web: kit, Now: clock}).Mount(w.mux)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// hint is an ID token of the session, for the client.
func (w *world) hint(client string) string {
	w.Helper()
	token, err := w.signer.Sign(w.Context(), "ES256", signing.TypIDToken, map[string]any{
		"iss": issuer, "aud": client, "sid": w.session.ID, "exp": start.Add(time.Minute).Unix(),
	})
	w.must(err)
	return token
}

func (w *world) visit(method, path string, params ...string) *httptest.ResponseRecorder {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	var r *http.Request
	if method == http.MethodGet {
		r = httptest.NewRequestWithContext(w.Context(), method, path+"?"+values.Encode(), http.NoBody)
	} else {
		r = httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer
}

// to is where an answer leads: by a redirect, or on the page that stands in for one.
func to(answer *httptest.ResponseRecorder, address string) bool {
	return strings.Contains(answer.Header().Get("Location")+answer.Header().Get("Refresh")+strings.ReplaceAll(answer.Body.String(), "&amp;", "&"), address)
}

func (w *world) SessionByID(_ context.Context, id string) (login.Session, error) {
	if id != w.session.ID {
		return login.Session{}, fault.ErrNotFound
	}
	return w.session, w.failing["session"]
}

func (w *world) RevokeSession(_ context.Context, _, reason string, at time.Time) error {
	w.revoked = append(w.revoked, reason)
	w.session.RevokedAt = at
	return w.failing["revoke"]
}

func (w *world) Atomically(ctx context.Context, act func(context.Context) error) error {
	return act(ctx)
}

func (w *world) SessionRevoked(_ context.Context, _ login.Session, reason string) {
	w.audited = append(w.audited, reason)
}

func (w *world) SignedIn(*http.Request) (bool, error) { return w.signedIn, w.failing["signed in"] }

func (w *world) SignOut(http.ResponseWriter, *http.Request) error {
	w.signedOut++
	return w.failing["sign out"]
}

func (w *world) SigningKeys(context.Context) ([]operations.SigningKey, error) {
	return w.keys, w.failing["keys"]
}

func (w *world) AddSigningKey(_ context.Context, key operations.SigningKey) error {
	w.keys = append(w.keys, key)
	return nil
}

func (*world) RetireSigningKeys(context.Context, []operations.HintKey, time.Time) error { return nil }

func (*world) HintKey(context.Context, string) (operations.HintKey, error) {
	return operations.HintKey{}, fault.ErrNotFound
}

// A link on some page must not be able to log anybody out: a GET asks, only a POST acts,
// and once.
func TestOnlyAPostEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hint := w.hint("shop")
	w.now = start.Add(time.Hour) // the token has expired, and is a good hint still
	asked := w.visit(http.MethodGet, "/logout", "id_token_hint", hint, "post_logout_redirect_uri", target, "state", "s")
	if body := asked.Body.String(); asked.Code != 200 || len(w.revoked) != 0 || !strings.Contains(body, "Kauppa") || !strings.Contains(body, hint) || !strings.Contains(body, `name="state" value="s"`) {
		t.Errorf("%d, revoked %v: %s", asked.Code, w.revoked, body)
	}
	for range 2 {
		if done := w.visit(http.MethodPost, "/logout", "id_token_hint", hint, "post_logout_redirect_uri", target, "state", "s"); done.Code >= 400 || !to(done, target+"?state=s") {
			t.Errorf("%d %s", done.Code, done.Body)
		}
	}
	if len(w.revoked) != 1 || w.revoked[0] != "logout_browser" || len(w.audited) != 1 || !w.session.RevokedAt.Equal(w.now) {
		t.Errorf("revoked %v, written down %v", w.revoked, w.audited)
	}
	if again := w.visit(http.MethodGet, "/logout", "id_token_hint", hint); again.Code != 200 || strings.Contains(again.Body.String(), "<form") {
		t.Errorf("what has ended is asked about: %s", again.Body)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(w *world) string
		client  string
		status  int
		ends    bool
	}{
		"ours":                {func(w *world) string { return w.hint("shop") }, "", 200, true},
		"ours, and named":     {func(w *world) string { return w.hint("shop") }, "shop", 200, true},
		"ours, another named": {func(w *world) string { return w.hint("shop") }, "other", 400, false},
		"of nobody we know":   {func(w *world) string { return w.hint("gone") }, "", 400, false},
		"garbage":             {func(*world) string { return "x" }, "", 400, false},
		"purged": {func(w *world) string {
			hint := w.hint("shop")
			w.session.ID = "another"
			return hint
		}, "", 200, false},
		"the database is away": {func(w *world) string {
			hint := w.hint("shop")
			w.failing["session"] = errStore
			return hint
		}, "", 500, false},
		"it goes away": {func(w *world) string {
			w.failing["revoke"] = errStore
			return w.hint("shop")
		}, "", 500, true},
	} {
		w := newWorld(t)
		params := []string{"id_token_hint", c.prepare(w)}
		if c.client != "" {
			params = append(params, "client_id", c.client)
		}
		if answer := w.visit(http.MethodPost, "/logout", params...); answer.Code != c.status || c.ends != (len(w.revoked) == 1) {
			t.Errorf("%s: %d, revoked %v", name, answer.Code, w.revoked)
		}
	}
}

// A hint whose key is not kept any more proves nothing: it is as if there was none.
func TestHintOfAForgottenKey(t *testing.T) {
	t.Parallel()
	w, before := newWorld(t), newWorld(t)
	hint := before.hint("shop")
	answer := w.visit(http.MethodPost, "/logout", "id_token_hint", hint, "post_logout_redirect_uri", target)
	if answer.Code != 303 || strings.Contains(answer.Header().Get("Location"), hint) || strings.Contains(answer.Header().Get("Location"), "shop.example") || len(w.revoked) != 0 {
		t.Errorf("%d to %s", answer.Code, answer.Header().Get("Location"))
	}
	if answer := w.visit(http.MethodPost, "/logout", "id_token_hint", hint, "client_id", "unknown"); answer.Code != 400 {
		t.Errorf("of an unknown client: %d", answer.Code)
	}
}

// The browser goes only where the client has registered, and the client must be known.
func TestThreat14NoOpenRedirector(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		client, address, state string
		goes                   string // empty: refused
	}{
		{"shop", target, "", target},
		{"shop", target, "a b&c", target + "?state=a+b%26c"},
		{"shop", target + "?a=b", "s", target + "?a=b&state=s"},
		{"shop", "https://evil.example", "", ""},
		{"shop", target + "/x", "", ""},
		{"other", target, "", ""},
		{"", target, "", ""},
		{"unknown", target, "", ""},
	} {
		w := newWorld(t)
		params := []string{"post_logout_redirect_uri", c.address}
		for name, value := range map[string]string{"client_id": c.client, "state": c.state} {
			if value != "" {
				params = append(params, name, value)
			}
		}
		answer := w.visit(http.MethodGet, "/logout", params...)
		if c.goes == "" && (answer.Code != 400 || to(answer, "evil") || answer.Header().Get("Location") != "") {
			t.Errorf("%+v: %d", c, answer.Code)
		}
		if c.goes != "" && (answer.Code >= 400 || !to(answer, c.goes)) {
			t.Errorf("%+v: %d %s", c, answer.Code, answer.Body)
		}
	}
}

// Without a hint it is what this browser holds that can be ended, after asking.
func TestWithoutAHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.visit(http.MethodGet, "/logout")
	if nobody.Code != 200 || strings.Contains(nobody.Body.String(), "<form") {
		t.Errorf("nobody is signed in: %d %s", nobody.Code, nobody.Body)
	}
	w.signedIn = true
	asked := w.visit(http.MethodGet, "/logout", "client_id", "shop", "post_logout_redirect_uri", target)
	if body := asked.Body.String(); !strings.Contains(body, `action="/logout/browser"`) || strings.Contains(body, "Kauppa") || w.signedOut != 0 {
		t.Errorf("asked: %d %s", asked.Code, body)
	}
	// A form of another site brings no cookies of ours; the address that follows does.
	posted := w.visit(http.MethodPost, "/logout", "client_id", "shop", "post_logout_redirect_uri", target, "state", "s")
	if location := posted.Header().Get("Location"); posted.Code != 303 || !strings.HasPrefix(location, "/logout?") || !strings.Contains(location, "state=s") || w.signedOut != 0 {
		t.Errorf("posted: %d to %s", posted.Code, location)
	}
	if done := w.visit(http.MethodPost, "/logout/browser", "client_id", "shop", "post_logout_redirect_uri", target); w.signedOut != 1 || !to(done, target) {
		t.Errorf("done: %d %s", done.Code, done.Body)
	}
	w.failing["signed in"], w.failing["sign out"] = errStore, errStore
	if answer := w.visit(http.MethodGet, "/logout"); answer.Code != 500 {
		t.Errorf("nothing is known: %d", answer.Code)
	}
	if answer := w.visit(http.MethodPost, "/logout/browser"); answer.Code != 500 {
		t.Errorf("nothing was ended: %d", answer.Code)
	}
}
