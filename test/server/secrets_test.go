package server_test

import (
	"crypto/sha1" //nolint:gosec // what an attacker would try
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/robot"
)

// places are everything that an attacker, or a curious colleague, could read: the
// database with its write-ahead log, the log, the metrics.
func (r *rig) places() map[string]string {
	r.Helper()
	all := map[string]string{"log": r.log.String(), "metrics": r.metrics()}
	files, err := filepath.Glob(filepath.Join(r.Data, "avain.db*"))
	if err != nil || len(files) == 0 {
		r.Fatalf("no database: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			r.Fatal(err)
		}
		all[filepath.Base(file)] = string(content)
	}
	return all
}

func (r *rig) metrics() string {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.Admin+"/metrics", nil)
	if err != nil {
		r.Fatal(err)
	}
	client := loopback.Client(r)
	defer client.CloseIdleConnections() // some ask again and again
	answer, err := client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), "avain_") {
		r.Fatalf("metrics: %v\n%s", err, text)
	}
	return string(text)
}

// Personal identity codes are nowhere in the clear, and nowhere as a hash that could
// be found by hashing every possible code.
func TestThreat08IdentityCodesAreNowhere(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"hash only": false, "original kept": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *config.Config) { c.HETU.KeepOriginal = keep })
			for _, person := range []string{"aino", "matti", "maija", "ilmari", "vieno"} {
				app, browser := r.phone()
				r.app, r.browser = app, browser
				l := r.start()
				page := r.press(r.open(l), "kuikka", person, "Vahvista")
				if _, err := r.app.Finish(t.Context(), l, page.App); err != nil && person != "vieno" {
					t.Fatal(err)
				}
			}
			places := r.places()
			for _, p := range brokersim.People() {
				for what, canary := range guesses(p.HETU.Reveal()) {
					for where, content := range places {
						if strings.Contains(content, canary) {
							t.Errorf("%s: %s of an identity code", where, what)
						}
					}
				}
				if p.GivenName != "" && strings.Contains(places["log"]+places["metrics"], p.GivenName) {
					t.Errorf("the log or the metrics name %s", p.GivenName)
				}
			}
		})
	}
}

// guesses are the forms in which somebody with a list of all codes would look.
func guesses(code string) map[string]string {
	one, two, five := sha1.Sum([]byte(code)), sha256.Sum256([]byte(code)), sha512.Sum512([]byte(code)) //nolint:gosec // see above
	all := map[string]string{
		"the text": code, "the base64": base64.StdEncoding.EncodeToString([]byte(code)), "the hex": hex.EncodeToString([]byte(code)),
		"the text without the separator": code[:6] + code[7:],
	}
	for name, sum := range map[string][]byte{"SHA-1": one[:], "SHA-256": two[:], "SHA-512": five[:]} {
		all[name] = string(sum)
		all[name+" in hex"] = hex.EncodeToString(sum)
		all[name+" in base64"] = base64.RawURLEncoding.EncodeToString(sum)
	}
	return all
}

// Every secret of a login, good or failed, that passes through a device: none is in
// the log, the metrics, the database or on a page.
func TestThreat32SecretsStayWithTheirOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	secrets, pages := map[string]string{}, ""
	r.browser.Visit = func(address string) {
		for name, values := range mustParse(t, address).Query() {
			if name == "code" || name == "state" || name == "request" {
				secrets["broker's "+name] = values[0]
			}
		}
	}
	l := r.start()
	pages += r.open(l).Body
	cancelled := r.press(r.open(l), "kuikka", "Keskeytä")
	pages += cancelled.Body
	callback := r.stopAt("/callback/", r.press(cancelled, "kuikka", "aino"), "Vahvista")
	_, foreign := r.phone()
	elsewhere, err := foreign.Open(t.Context(), callback) // an error page for a URL full of secrets
	if err != nil {
		t.Fatal(err)
	}
	pages += elsewhere.Body
	back, err := r.browser.Open(t.Context(), callback)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := r.app.Finish(t.Context(), l, back.App)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil {
		t.Fatal(err)
	}
	code := mustParse(t, back.App).Query().Get("code")
	thief, _ := r.phone()
	for _, try := range []func() error{
		func() error { _, err := thief.Redeem(t.Context(), l, code); return err },
		func() error { _, err := thief.Refresh(t.Context(), tokens.RefreshToken); return err },
		func() error { _, err := thief.UserInfo(t.Context(), tokens.AccessToken); return err },
		func() error { _, err := r.app.Refresh(t.Context(), "wrong-refresh-token-canary"); return err },
	} {
		if refused := try(); refused == nil {
			t.Fatal("a thief succeeded")
		} else {
			pages += refused.Error()
		}
	}
	maps.Copy(secrets, map[string]string{
		"code": code, "verifier": l.Verifier, "request_uri": strings.TrimPrefix(l.RequestURI, "urn:ietf:params:oauth:request_uri:"),
		"auth_session": l.AuthSession, "access token": tokens.AccessToken, "refresh token": tokens.RefreshToken, "ID token": tokens.IDToken,
		"wrong token": "wrong-refresh-token-canary", "cookie": r.cookie(r.browser),
	})
	if len(secrets) < 11 {
		t.Fatalf("only %d secrets seen: %v", len(secrets), keysOf(secrets))
	}
	places := r.places()
	places["pages"] = pages
	for name, value := range secrets {
		if len(value) < 20 {
			t.Errorf("%s is suspiciously short", name)
		}
		for where, content := range places {
			if strings.Contains(content, value) {
				t.Errorf("%s holds the %s", where, name)
			}
		}
	}
}

func keysOf(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

// cookie is the browser's secret.
func (r *rig) cookie(b *robot.Browser) string {
	r.Helper()
	for _, c := range b.HTTP.Jar.Cookies(mustParse(r.T, r.Service)) {
		if strings.Contains(c.Name, "avain-browser") {
			return c.Value
		}
	}
	r.Fatal("no cookie")
	return ""
}
