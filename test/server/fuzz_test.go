package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// fuzzed is a whole service for fuzz targets, without limits in the way.
type fuzzed struct {
	*demo.Demo
	http  *http.Client
	nonce string
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	made, err := keys()
	if err != nil {
		f.Fatal(err)
	}
	often := config.Rate{Count: 1_000_000_000, Per: time.Second}
	d, err := demo.Start(f.Context(), demo.Options{Keys: &made, Log: slog.New(slog.DiscardHandler), Change: func(c *config.Config) {
		c.Limits.StartsPerKey, c.Limits.StartsPerNetwork, c.Limits.RequestsPerNetwork = often, often, often
	}})
	if err != nil {
		f.Fatal(err)
	}
	transport := &http.Transport{}
	f.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := d.Close(); err != nil {
			f.Error(err)
		}
	})
	return &fuzzed{Demo: d, http: &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect}}
}

// link starts a login by link.
func (z *fuzzed) link(tb testing.TB) (*robot.App, robot.Login) {
	tb.Helper()
	app, err := robot.NewApp(z.Service, "smartumpay", z.App+"/return", z.http)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := app.Start(tb.Context(), url.Values{"login_method": {"link"}})
	if err != nil {
		tb.Fatal(err)
	}
	return app, l
}

// send sends a request and reads its answer, which is never our own fault.
func (z *fuzzed) send(t *testing.T, r *http.Request) (status int, header http.Header, text string) {
	t.Helper()
	answer, err := z.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		t.Fatalf("%d: %s", answer.StatusCode, body)
	}
	return answer.StatusCode, answer.Header, string(body)
}

// post sends a body to the challenge endpoint with a good proof of the key, and once
// more when the service wants its nonce.
func (z *fuzzed) post(t *testing.T, key *robot.Key, body string) (status int, text string) {
	t.Helper()
	for again := false; ; again = true {
		proof, err := key.Prove(robot.Proof{Method: http.MethodPost, URL: z.Service + "/authorize-challenge", Nonce: z.nonce, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, z.Service+"/authorize-challenge", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("DPoP", proof)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, header, text := z.send(t, r)
		if nonce := header.Get("DPoP-Nonce"); nonce != "" {
			z.nonce = nonce
		}
		if again || !strings.Contains(text, "use_dpop_nonce") {
			return status, text
		}
	}
}

// FuzzChallenge: whatever a client with a good key sends, as a whole body, the endpoint
// answers with a document and lets nobody in. AUTH stands for the auth_session of a
// login that waits for its digits.
func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		"client_id=smartumpay&auth_session=AUTH&tx_code=123456", "client_id=smartumpay&auth_session=AUTH", "client_id=smartumpay&auth_session=AUTH&tx_code=12345６",
		"client_id=smartumpay&auth_session=AUTH&auth_session=AUTH", "client_id=smartumpay&qr=AVAIN1:x.1.y&code_challenge=" + strings.Repeat("a", 43) + "&code_challenge_method=S256&scope=openid&app_version=1.16.0&device_name=x&device_platform=android",
		"client_id=smartumpay&typed_code=01234-56789&code_challenge=" + strings.Repeat("a", 43) + "&code_challenge_method=S256&scope=openid&app_version=1.16.0",
		"client_id=smartumpay&error=unexpected&code=x", "client_id=smartumpay&response_type=code&login_hint=%2B358401234567", "client_id=smartumpay&username=a&password=b",
		"client_id=avain-web&qr=x", "", "&&&", "%", "client_id=smartumpay&auth_session=%00%ff", "qr=" + strings.Repeat("A", 70_000), "client_id=smartumpay;qr=x", "client_id=smartumpay&qr=x&typed_code=y",
	} {
		f.Add(seed)
	}
	z := newFuzzed(f)
	owner, l := z.link(f)
	f.Fuzz(func(t *testing.T, body string) {
		key := owner.Key
		if !strings.Contains(body, "AUTH") {
			var err error
			if key, err = robot.NewKey(); err != nil { // what is limited per key must not hide the rest
				t.Fatal(err)
			}
		}
		status, text := z.post(t, key, strings.ReplaceAll(body, "AUTH", l.AuthSession))
		if status == http.StatusNoContent && text == "" {
			return // a report of a code, which says nothing
		}
		var document struct {
			Code  string `json:"authorization_code"`
			Error string `json:"error"`
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil || document.Code != "" || document.Error == "" || status < 400 {
			t.Errorf("%d: %s (%v)", status, text, err)
		}
		if strings.Contains(text, l.AuthSession) {
			t.Errorf("the answer repeats the auth_session: %s", text)
		}
		if a, err := z.Inside.Store.Attempts.AttemptBySupportCode(t.Context(), l.SupportCode); err == nil && a.State != login.StateCreated && a.State != login.StateExpired {
			t.Errorf("the login is %s", a.State)
		}
	})
}

// FuzzLinkID: whatever stands where a link's id should be, no page of a login is shown
// for it, nothing is opened, and nothing of it is repeated.
func FuzzLinkID(f *testing.F) {
	for _, seed := range []string{
		"", "x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=", "../me", "..%2fme", "a/refuse", "%00", "\x00", "' OR 1=1 --", strings.Repeat("A", 9_000),
		"<script>alert(1)</script>", "LINK ", " LINK", "LINK/", "link", "LINK%00", "ä", "\xff",
	} {
		f.Add(seed)
	}
	z := newFuzzed(f)
	_, l := z.link(f)
	id := strings.TrimPrefix(l.LoginLink, z.Service+"/l/")
	f.Fuzz(func(t *testing.T, guess string) {
		guess = strings.ReplaceAll(guess, "LINK", id)
		if guess == id || guess == "." || guess == ".." || strings.HasSuffix(guess, "/refuse") && strings.HasPrefix(guess, id) {
			return // the link itself, which is no guess
		}
		for _, c := range []struct{ method, more string }{{http.MethodGet, ""}, {http.MethodHead, ""}, {http.MethodPost, ""}, {http.MethodPost, "/refuse"}} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, z.Service+"/l/"+url.PathEscape(guess)+c.more, http.NoBody)
			if err != nil {
				return
			}
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.AddCookie(&http.Cookie{Name: "avain-browser", Value: "x"})
			status, header, body := z.send(t, r)
			if status < 300 && c.method != http.MethodHead || strings.Contains(header.Get("Location"), "/login/") {
				t.Errorf("%s %q: %d to %s", c.method, guess, status, header.Get("Location"))
			}
			if strings.Contains(body, "<script") || strings.Contains(body, "onerror=") {
				t.Errorf("%s %q: %s", c.method, guess, body)
			}
		}
		if a, err := z.Inside.Store.Attempts.AttemptBySupportCode(t.Context(), l.SupportCode); err != nil || a.State != login.StateCreated && a.State != login.StateExpired {
			t.Errorf("after %q the login is %s (%v)", guess, a.State, err)
		}
	})
}
