package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// The broker's answer, brought back a hundred times at once, makes one session.
func TestThreat02ReplayedCallbackMakesOneSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	confirm := r.press(r.open(l), "kuikka", "aino")
	callback := r.stopAt("/callback/", confirm, "Vahvista")
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if page, err := r.browser.Open(t.Context(), callback); err != nil || page.Status >= 500 {
				t.Errorf("%d, %v", page.Status, err)
			}
		})
	}
	all.Wait()
	page, err := r.browser.Open(t.Context(), callback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
		t.Fatal(err, page.Body)
	}
	tokenCalls := 0
	for _, request := range r.OP.Requests() {
		if request.Endpoint == "token" {
			tokenCalls++
		}
	}
	if n := r.sessions(); n != 1 || tokenCalls != 1 {
		t.Errorf("%d sessions, the broker's code was spent %d times; want 1 and 1", n, tokenCalls)
	}
}

// stopAt presses a button and returns the first address with the part that the
// browser would have been sent to, without going there.
func (r *rig) stopAt(part string, page robot.Page, button string) string {
	r.Helper()
	before := r.browser.Stop
	defer func() { r.browser.Stop = before }()
	r.browser.Stop = r.Service + part
	stopped := r.press(page, button)
	if stopped.App == "" {
		r.Fatalf("the browser was not sent to %s but to %s:\n%s", part, stopped.URL, stopped.Body)
	}
	return stopped.App
}

func TestThreat05ConcurrentRedeemsMakeOneSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	back := mustParse(t, r.press(r.open(l), bank...).App)
	var mu sync.Mutex
	refresh := map[string]int{}
	var all sync.WaitGroup
	for range 40 {
		twin := *r.app // the same key, each with a proof of its own
		all.Go(func() {
			tokens, err := twin.Redeem(t.Context(), l, back.Query().Get("code"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				refresh[tokens.RefreshToken]++
			}
		})
	}
	all.Wait()
	if len(refresh) != 1 || r.sessions() != 1 {
		t.Errorf("%d different refresh tokens, %d sessions; want one each", len(refresh), r.sessions())
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A crawler with the person's live cookies opens every address and moves nothing:
// only the broker's answer does, and it comes once.
func TestThreat06CrawlerWithLiveCookiesChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	means := r.open(l)
	r.press(means, "kuikka") // now opened, and this browser's
	before := r.attempt(l.SupportCode)
	paths := []string{
		"/", "/par", "/token", "/revoke", "/introspect", "/userinfo", "/logout", "/jwks", "/nothing",
		"/login/" + before.ID, "/login/" + before.ID + "/means", "/login/" + before.ID + "/cancel",
		"/login/" + before.ID + "/means?means=koivu", "/callback/op", "/callback/telia", "/callback/op?state=x&code=y",
		"/callback/op?error=access_denied", "/ftn/op/jwks", "/.well-known/openid-configuration",
		strings.TrimPrefix(l.AuthorizeURL, r.Service),
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if status, _, _ := r.send(method, path, nil, nil); status >= 500 {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
	after := r.attempt(l.SupportCode)
	if after.State != before.State || after.Browser != before.Browser || r.sessions() != 0 {
		t.Errorf("crawling moved the login from %s to %s", before.State, after.State)
	}
}

// Wrong redirect URIs end on our own page: nothing is ever sent to them.
func TestThreat14NothingIsSentToAnUnknownRedirect(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, uri := range hostileRedirects(r.App + "/return") {
		_, err := r.app.Start(t.Context(), url.Values{"redirect_uri": {uri}})
		if err == nil {
			t.Errorf("PAR took %q", uri)
		}
		for _, more := range []string{"", "&response_type=nonsense", "&prompt=none", "&scope=openid&response_type=code"} {
			status, _, header := r.send(http.MethodGet, "/authorize?client_id=smartumpay&redirect_uri="+url.QueryEscape(uri)+more, nil, nil)
			if status != http.StatusBadRequest || header.Get("Location") != "" {
				t.Errorf("%q: %d, sent to %q", uri, status, header.Get("Location"))
			}
		}
	}
}

func hostileRedirects(good string) []string {
	u := strings.TrimPrefix(good, "http://")
	return []string{
		good + "/", good + "?x=1", good + "#", good + "#f", good + "%00", good + "/../evil", good + ".evil.example", strings.ToUpper(good),
		"http://evil.example/return", "//" + u, "https://" + u, "http://user@" + u, "http://" + u + "@evil.example", "javascript:alert(1)",
		"data:text/html,x", "http://localhost.evil.example/return", strings.Replace(good, "localhost", "127.0.0.1", 1), " " + good, good + " ",
		good + "\r\nLocation: http://evil.example", strings.Replace(good, "/return", "\\return", 1), strings.Replace(good, "/return", "/%72eturn", 1), "",
	}
}

// Another browser, or none, brings the victim's broker answer: nobody is logged in
// there, and the victim's own browser still can be.
func TestThreat15ForeignBrowserGetsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	means := r.open(l)
	callback := r.stopAt("/callback/", r.press(means, "kuikka", "aino"), "Vahvista")
	_, fresh := r.phone()
	_, busy := r.phone()
	other, err := r.app.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := busy.Open(t.Context(), other.AuthorizeURL); err != nil { // has a cookie of its own
		t.Fatal(err)
	}
	for name, browser := range map[string]*robot.Browser{"without a cookie": fresh, "with another cookie": busy} {
		page, err := browser.Open(t.Context(), callback)
		if err != nil || page.App != "" || page.Status != http.StatusConflict {
			t.Errorf("%s: %d, sent to %q, %v", name, page.Status, page.App, err)
		}
		r.mustTell(page)
		if page, err = browser.Open(t.Context(), means.URL); err != nil || page.Status != http.StatusConflict {
			t.Errorf("%s: the login's page answers %d, %v", name, page.Status, err)
		}
	}
	if a := r.attempt(l.SupportCode); a.State != login.StateOpened || !contains(reasonsOf(a), login.ReasonOtherBrowser) {
		t.Errorf("state %s, reasons %v", a.State, reasonsOf(a))
	}
	page, err := r.browser.Open(t.Context(), callback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
		t.Errorf("the right browser was refused after that: %v", err)
	}
}

// A stolen refresh token, access token or proof is of no use without the key, at
// another address, or a second time.
func TestThreat17StolenTokensAndProofs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	thief, _ := r.phone()
	if _, err := thief.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("refresh with another key: %v", err)
	}
	if _, err := thief.UserInfo(t.Context(), tokens.AccessToken); code(err) != "invalid_token" {
		t.Errorf("userinfo with another key: %v", err)
	}
	status, _, _ := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"Bearer " + tokens.AccessToken}})
	if status != http.StatusUnauthorized {
		t.Errorf("a bound token as Bearer: %d", status)
	}
	_, _, header := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + tokens.AccessToken}})
	nonce := header.Get("DPoP-Nonce")
	right := proofFor(r, "/userinfo", nonce, tokens.AccessToken)
	right.ID = "same"
	try := func(bend func(*robot.Proof)) int {
		p := right
		bend(&p)
		proof, err := r.app.Key.Prove(p)
		if err != nil {
			t.Fatal(err)
		}
		status, _, _ := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + tokens.AccessToken}, "Dpop": {proof}})
		return status
	}
	for name, bend := range map[string]func(*robot.Proof){
		"method":      func(p *robot.Proof) { p.Method = "POST" },
		"address":     func(p *robot.Proof) { p.URL = r.Service + "/token" },
		"host":        func(p *robot.Proof) { p.URL = "http://evil.example/userinfo" },
		"nonce":       func(p *robot.Proof) { p.Nonce = "made-up" },
		"no nonce":    func(p *robot.Proof) { p.Nonce = "" },
		"other token": func(p *robot.Proof) { p.AccessToken = "other" },
		"no token":    func(p *robot.Proof) { p.AccessToken = "" },
	} {
		if status := try(bend); status != http.StatusUnauthorized {
			t.Errorf("proof with wrong %s: %d", name, status)
		}
	}
	if first, second := try(func(*robot.Proof) {}), try(func(*robot.Proof) {}); first != http.StatusOK || second != http.StatusUnauthorized {
		t.Errorf("a proof used twice: %d, then %d", first, second)
	}
}

// proofFor is the proof of a GET with an access token.
func proofFor(r *rig, path, nonce, accessToken string) robot.Proof {
	return robot.Proof{Method: http.MethodGet, URL: r.Service + path, Nonce: nonce, AccessToken: accessToken, At: r.clock.now()}
}

// A request_uri that leaked opens a page, and no more: whoever chooses a bank there
// logs in as themselves, and never into the victim's app.
func TestThreat18LeakedRequestURI(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	means := r.open(l)
	r.press(means, "kuikka") // the victim's browser has it
	_, thief := r.phone()
	page, err := thief.Open(t.Context(), l.AuthorizeURL)
	if err != nil || page.Status != http.StatusConflict || page.App != "" {
		t.Errorf("the thief sees %d, sent to %q (%v)", page.Status, page.App, err)
	}
	status, _, _ := r.send(http.MethodGet, "/authorize?client_id=other&request_uri="+url.QueryEscape(l.RequestURI), nil, nil)
	if status != http.StatusBadRequest {
		t.Errorf("another client: %d", status)
	}
	stranger, _ := r.phone()
	if _, err := stranger.Redeem(t.Context(), l, l.AuthSession); code(err) != "invalid_grant" {
		t.Errorf("auth_session as a code: %v", err)
	}
}

// Whatever a request says about its host, every address that we make is our own.
func TestThreat19HostHeadersChangeNoAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	evil := []string{"evil.example", "evil.example:8080", "localhost:1", "[::1]", "evil.example, localhost", "localhost@evil.example", "a b", "<script>"}
	names := []string{"Host", "X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host", "Forwarded", "X-Forwarded-Proto", "X-Rewrite-Url", "X-Original-Url", "Referer", "Origin", "X-Forwarded-Prefix", "X-Forwarded-For"}
	tried := 0
	for _, name := range names {
		for _, value := range evil {
			if name == "Forwarded" {
				value = `for=1.2.3.4;host="` + value + `";proto=https`
			}
			for _, path := range []string{"/.well-known/openid-configuration", "/authorize?client_id=smartumpay&redirect_uri=" + url.QueryEscape(r.App+"/return")} {
				tried++
				status, body, header := r.sendRaw(path, name, value)
				if status == http.StatusBadRequest && name == "Host" {
					continue // the HTTP server itself refuses
				}
				header.Del("Access-Control-Allow-Origin") // public metadata may be read from anywhere
				if strings.Contains(body+fmt.Sprint(header), "evil.example") || path == "/.well-known/openid-configuration" && !strings.Contains(body, `"issuer":"`+r.Service+`"`) {
					t.Errorf("%s: %s: the answer changed: %d %v %s", name, value, status, header, body)
				}
			}
		}
	}
	if tried < 200 {
		t.Fatalf("only %d combinations", tried)
	}
}

func (r *rig) sendRaw(path, name, value string) (int, string, http.Header) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.Service+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	if name == "Host" {
		request.Host = value
	} else {
		request.Header.Set(name, value)
	}
	return r.do(request)
}

func TestThreat23EveryPageIsBoxedIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	r.open(l)
	id := r.attempt(l.SupportCode).ID
	for _, path := range []string{"/login/" + id, "/login/nobody", "/nothing", "/authorize", "/callback/op?state=x", "/logout", "/callback/op?state=%3Cscript%3Ealert(1)%3C/script%3E", "/authorize?client_id=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"} {
		_, body, header := r.send(http.MethodGet, path, nil, http.Header{"Accept": {"text/html"}})
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %q %v", path, policy, header)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "onerror") {
			t.Errorf("%s: markup came through:\n%s", path, body)
		}
	}
	for _, site := range []string{"cross-site", "same-site"} {
		status, _, _ := r.send(http.MethodPost, "/login/"+id+"/means", url.Values{"means": {"kuikka"}}, http.Header{"Sec-Fetch-Site": {site}})
		if status != http.StatusForbidden {
			t.Errorf("a form from a %s page: %d", site, status)
		}
	}
	if a := r.attempt(l.SupportCode); a.State != login.StateCreated {
		t.Errorf("a foreign form moved the login to %s", a.State)
	}
}

// Codes, request URIs, refresh and access tokens: cut short or with one bit wrong,
// none of them opens anything.
func TestThreat28TruncatedAndFlippedSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	mutate := func(s string) []string {
		var all []string
		for i := range len(s) {
			flipped := []byte(s)
			flipped[i] ^= 1
			all = append(all, string(flipped))
		}
		return append(all, s[:len(s)-1], s[:len(s)/2], s+"A", s+"=", " "+s)
	}
	for _, wrong := range mutate(tokens.RefreshToken) {
		if _, err := r.app.Refresh(t.Context(), wrong); err == nil {
			t.Errorf("refresh token %q works", wrong)
		}
	}
	signature := tokens.AccessToken[strings.LastIndex(tokens.AccessToken, ".")+1:]
	head := strings.TrimSuffix(tokens.AccessToken, signature)
	for _, wrong := range mutate(signature) {
		if _, err := r.app.UserInfo(t.Context(), head+wrong); err == nil {
			t.Errorf("access token with signature %q works", wrong)
		}
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("the right one was refused after that: %v", err)
	}
}

// Injection into every parameter of every endpoint: an error that names the
// parameter, or none; never a 500.
func TestThreat35InjectionIsOnlyBadInput(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	payloads := []string{
		"'", "' OR '1'='1", "'; DROP TABLE attempts; --", "\" OR 1=1 --", "1) UNION SELECT 1--", "$1", "%27", "\\", "\x00", "\x00'", "\xff\xfe",
		strings.Repeat("A", 9000), "{{.}}", "${7*7}", "<svg onload=alert(1)>", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "\r\nSet-Cookie: x=y", "💥", "\u202e",
	}
	params := map[string][]string{
		"/par":        {"client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "login_method", "device_name", "device_model", "device_platform", "app_version", "ui_locales", "acr_values", "max_age", "prompt", "request", "request_uri", "dpop_jkt"},
		"/token":      {"grant_type", "client_id", "code", "code_verifier", "redirect_uri", "refresh_token", "scope", "client_assertion", "client_assertion_type"},
		"/revoke":     {"token", "token_type_hint", "client_id"},
		"/introspect": {"token", "client_id"},
		"/logout":     {"id_token_hint", "post_logout_redirect_uri", "state", "client_id", "ui_locales"},
		"/authorize":  {"client_id", "request_uri", "redirect_uri", "scope", "state", "lang"},
	}
	for path, names := range params {
		for _, name := range names {
			for _, payload := range payloads {
				form := url.Values{"client_id": {"smartumpay"}, "grant_type": {"refresh_token"}, "redirect_uri": {r.App + "/return"}}
				form.Set(name, payload)
				status, body, header := r.post(path, form)
				if status >= 500 {
					t.Errorf("POST %s %s=%q: %d %s", path, name, payload, status, body)
				}
				if header.Get("Set-Cookie") == "x=y" || strings.Contains(body, "<svg onload") {
					t.Errorf("POST %s %s=%q came through", path, name, payload)
				}
				if status, body, _ := r.send(http.MethodGet, path+"?"+form.Encode(), nil, nil); status >= 500 {
					t.Errorf("GET %s %s=%q: %d %s", path, name, payload, status, body)
				}
			}
		}
	}
	for _, payload := range payloads {
		for _, pattern := range []string{"/login/%s", "/login/%s/means", "/callback/%s", "/callback/op?state=%s", "/ftn/%s/jwks", "/static/%s"} {
			if status, body, _ := r.send(http.MethodGet, fmt.Sprintf(pattern, url.PathEscape(payload)), nil, nil); status >= 500 {
				t.Errorf("GET %s with %q: %d %s", pattern, payload, status, body)
			}
		}
	}
}
