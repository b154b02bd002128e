package broker

import (
	"context"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	lo "avain/internal/testkit/loopback"

	"github.com/go-jose/go-jose/v4"
)

// watched is a transport that remembers where it went.
type watched struct {
	next  http.RoundTripper
	mu    sync.Mutex
	hosts []string
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.hosts = append(w.hosts, r.URL.Host)
	w.mu.Unlock()
	return w.next.RoundTrip(r)
}

// Row 35: whatever the broker answers, no other host is ever contacted.
func TestThreat35NoOtherHostIsContacted(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(foreign.Close)
	away := func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, foreign.URL+"/stolen", http.StatusTemporaryRedirect) // 307 would repeat our POST
	}
	for _, preset := range presets() {
		for _, endpoint := range []string{"token", "par", "jwks", "signed", "discovery", "selector", "outage"} {
			t.Run(name(preset)+"/"+endpoint, func(t *testing.T) {
				w := newWorld(t, preset, func(c *Config) {
					if endpoint == "par" {
						c.Request.Transport, c.Endpoints.PAR = TransportPAR, c.Issuer+"/oauth2/par"
					}
				})
				eyes := &watched{next: lo.Transport(t)}
				for _, u := range w.registry.brokers {
					u.out.client.Transport = eyes
				}
				w.handle(endpoint, away)
				w.registry.Offer(context.Background(), "fi")
				if j, err := w.begin("metsa"); err == nil {
					_, err = w.registry.Finish(context.Background(), j.back())
					if err != nil {
						failed := fault.AsError(err)
						if !strings.HasSuffix(failed.Detail, ".redirect") {
							t.Errorf("refused with %s", failed)
						}
					}
				}
				w.registry.Close()
				own, err := url.Parse(w.server.URL)
				if err != nil {
					t.Fatal(err)
				}
				if i := slices.IndexFunc(eyes.hosts, func(h string) bool { return h != own.Host }); i >= 0 {
					t.Errorf("contacted %s", eyes.hosts[i])
				}
			})
		}
	}
	if visits.Load() != 0 {
		t.Errorf("the foreign host was visited %d times", visits.Load())
	}
}

// Row 35: the door itself, with the addresses that attackers like.
func TestThreat35OutboundRefusesForeignAddresses(t *testing.T) {
	t.Parallel()
	eyes := &watched{next: lo.Transport(t)}
	out := newOutbound(&http.Client{Transport: eyes}, Config{
		Issuer: "https://broker.example", Endpoints: Endpoints{AllowedHosts: []string{"keys.example:8443"}}, Timeout: 1,
	})
	for target, want := range map[string]bool{
		"https://broker.example/x": true, "https://BROKER.example:443/x": true, "https://keys.example:8443/": true,
		"http://broker.example/x": false, "https://broker.example:444/x": false, "https://broker.example.evil.example/": false,
		"https://user@broker.example/": false, "https://broker.example@evil.example/": false, "//broker.example/": false,
		"http://169.254.169.254/latest/meta-data/": false, "http://[::1]/": false, "http://localhost/": false,
		"file:///etc/passwd": false, "gopher://broker.example/": false, "https://evil.example/#@broker.example": false,
		"https://evil.example\\@broker.example/": false, "": false, "https://": false, "https://keys.example/": false,
	} {
		if got := out.allows(target); got != want {
			t.Errorf("%q: allowed is %v, want %v", target, got, want)
		}
		if want {
			continue
		}
		if _, err := out.get(context.Background(), target, "*/*", 1); err == nil || !strings.Contains(err.Error(), errHost.Error()) {
			t.Errorf("%q: %v, want a refusal before any traffic", target, err)
		}
	}
	if len(eyes.hosts) != 0 {
		t.Errorf("contacted %v", eyes.hosts)
	}
}

// A broker's cookie must not come along with the next person's request.
func TestOutboundKeepsNoCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	var cookies atomic.Int32
	w.handle("token", func(rw http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		http.SetCookie(rw, &http.Cookie{Name: "person", Value: "1", Path: "/"})
		answerJSON(rw, 200, map[string]any{"id_token": w.idToken()})
	})
	for range 2 {
		if _, err := w.login("metsa"); err != nil {
			t.Fatal(err)
		}
	}
	if cookies.Load() != 0 {
		t.Error("a cookie was sent back")
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	if got := w.registry.Origins(); !slices.Equal(got, []string{w.server.URL}) {
		t.Errorf("origins are %v", got)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	for _, preset := range []Preset{PresetOP, PresetIdura} {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			keys := map[Preset]string{PresetOP: "signed", PresetIdura: "jwks"}[preset]
			mustLogin(t, w)
			mustLogin(t, w)
			if got := len(w.received(keys)); got != 1 {
				t.Fatalf("keys were fetched %d times for two logins", got)
			}
			w.rotate(public(brokerNext(), "b2"), brokerNext(), "b2")
			mustLogin(t, w) // unknown kid: forced refresh
			if got := len(w.received(keys)); got != 2 {
				t.Fatalf("keys were fetched %d times after the rotation", got)
			}
			for range 5 { // more unknown kids within the minute: the broker is left alone
				w.rotate(public(brokerNext(), "b2"), brokerNext(), "b3")
				_, err := w.login("metsa")
				mustFail(t, err, login.ReasonBrokerResponse, "id_token.unknown_key")
			}
			if got := len(w.received(keys)); got != 2 {
				t.Errorf("unknown kids made us fetch %d times", got)
			}
			w.clock.advance(w.config.BrokerKeys.RefreshEvery)
			w.rotate(public(brokerNext(), "b3"), brokerNext(), "b3")
			mustLogin(t, w)
		})
	}
}

func mustLogin(t *testing.T, w *world) {
	t.Helper()
	if _, err := w.login("metsa"); err != nil {
		t.Fatal(err)
	}
}

// rotate publishes one key and signs with it under the kid.
func (w *world) rotate(published jose.JSONWebKey, signing *rsa.PrivateKey, kid string) {
	w.mu.Lock()
	w.published = []jose.JSONWebKey{published}
	w.mu.Unlock()
	w.lie(nil, func(c map[string]any) string {
		return w.sealed(signJWS(w.t, signing, map[string]any{"kid": kid}, c))
	})
}

// The keys may be used while the broker's key endpoint is away, for a day at most.
func TestCachedKeysOutliveAnOutageForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetIdura, nil)
	mustLogin(t, w)
	w.handle("jwks", textHandler(500, ""))
	w.clock.advance(maxCacheAge - 1)
	mustLogin(t, w)
	w.registry.life.work.Wait() // the refresh that this started, and that failed
	w.clock.advance(2)
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "jwks.http_500")
}

// A signed JWKS ends when it says so, whatever our cache would allow.
func TestSignedJWKSIsNotUsedBeyondItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	raw := w.signedJWKS(func(_, b map[string]any) { b["exp"] = w.clock.Now().Add(60_000_000_000).Unix() })
	w.handle("signed", textHandler(200, raw))
	mustLogin(t, w)
	w.clock.advance(60_000_000_000 + w.config.Skew)
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "jwks.expired")
}

// Roll-over of our decryption key: a broker that still has the old one is understood,
// whether it names the key or not.
func TestDecryptionKeyRollOver(t *testing.T) {
	t.Parallel()
	older := keyFile(t, testOlder())
	w := newWorld(t, PresetOP, func(c *Config) {
		c.OurKeys.Decryption = append(c.OurKeys.Decryption, KeyFile{File: older, KID: "our-old"})
	})
	for _, kid := range []any{"our-old", "our-enc", "unheard of", nil} {
		w.lie(nil, func(c map[string]any) string {
			header := map[string]any{"cty": "JWT"}
			if kid != nil {
				header["kid"] = kid
			}
			return w.to(testOlder(), "RSA-OAEP", "A128CBC-HS256", header, w.goodJWS(c))
		})
		if _, err := w.login("metsa"); err != nil {
			t.Errorf("kid %v: %v", kid, err)
		}
	}
	published := string(mustBytes(t, w.registry.JWKS, "brk"))
	if !strings.Contains(published, `"our-enc"`) || strings.Contains(published, `"our-old"`) {
		t.Errorf("published: %s", published)
	}
}
