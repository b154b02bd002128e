package broker

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// tested runs a whole test of the world's broker: everything without a person, then one
// login.
func (w *world) tested(means string) SetupReport {
	w.t.Helper()
	test, err := w.registry.SetupTest("brk", means)
	if err != nil {
		w.t.Fatal(err)
	}
	test.Check(context.Background())
	w.mu.Lock()
	w.nonce = test.start.Nonce.Reveal()
	w.mu.Unlock()
	w.clock.advance(20 * time.Second)
	test.Answer(context.Background(), url.Values{"code": {testCode}, "state": {test.start.State.Reveal()}})
	return test.Report
}

// words lists the failure words of a report.
func words(r SetupReport) []string {
	all := slices.Clone(r.Findings)
	if r.Answer != nil {
		all = slices.Concat(all, r.Answer.Returned, r.Answer.Checks)
	}
	var found []string
	for _, f := range all {
		if f.Verdict == VerdictFailed {
			found = append(found, f.Word)
		}
	}
	return found
}

func TestSetupOfEveryPreset(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			r := w.tested("")
			if !r.OK() || len(words(r)) > 0 {
				t.Fatalf("failed: %v\n%+v", words(r), r)
			}
			if r.Answer == nil || !r.Answer.Verified || r.Answer.Recorded == nil || r.Answer.Recorded.Means != "metsa" {
				t.Fatalf("answer: %+v", r.Answer)
			}
			if r.Request == nil || r.Request.Claims["client_id"] != "client-1" || !strings.HasPrefix(r.Request.Address, w.server.URL) {
				t.Errorf("request: %+v", r.Request)
			}
			// Nothing of the person, and no secret of the test, is in it: it will be sent to
			// colleagues and pasted into tickets.
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, private := range []string{"Matti", "Möttönen", testHETU, "100190", testCode, w.nonce} {
				if strings.Contains(string(raw), private) {
					t.Errorf("the report shows %q", private)
				}
			}
			for _, claim := range r.Answer.Claims {
				if claim.Name == w.config.Claims.HETU && claim.Value != "(a personal identity code of a test person)" {
					t.Errorf("%s is shown as %s", claim.Name, claim.Value)
				}
			}
		})
	}
}

// A wrong set-up, here or at the broker's side: the word that logins end with, and the
// lines that mend it.
func TestSetupNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	drop := func(names ...string) func(*world) {
		return func(w *world) {
			w.lie(func(c map[string]any) {
				for _, name := range names {
					delete(c, name)
				}
			}, nil)
		}
	}
	for _, c := range []struct {
		name   string
		preset Preset
		config func(*Config)
		broker func(*world)
		words  []string // in any order
		mend   string   // one of the lines; empty: none
	}{
		{
			"encryption is off at the broker", PresetIdura, nil,
			func(w *world) { w.lie(nil, func(c map[string]any) string { return w.goodJWS(c) }) },
			[]string{"id_token.plaintext"},
			"",
		},
		{
			"user data is not All", PresetSignicat, nil, drop("ftn_hetu", "ftn_idp", "nin"),
			[]string{"id_token.missing:ftn_hetu"},
			"",
		},
		{
			"the code is in another claim", PresetSignicat, nil,
			func(w *world) {
				w.lie(func(c map[string]any) { c["nin"] = c["ftn_hetu"]; delete(c, "ftn_hetu") }, nil)
			},
			[]string{"id_token.missing:ftn_hetu"},
			`  hetu: "nin"`,
		},
		{
			"level and time of another dialect", PresetIdura,
			func(c *Config) { c.Claims.Level, c.Claims.AuthTime, c.Levels = "", "", nil; c.Preset = "" }, nil,
			[]string{"id_token.missing:acr", "id_token.missing:auth_time"},
			"  level: authenticationtype",
		},
		{
			"another level", PresetTelia, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["acr"] = "urn:level:2" }, nil) },
			[]string{"id_token.acr"},
			`accepted_acr: ["http://ftn.ficora.fi/2017/loa2", "http://ftn.ficora.fi/2017/loa3", "http://ftn.ficora.fi/2017/loatest2", "http://ftn.ficora.fi/2017/loatest3", "urn:level:2"] # if the broker's guide calls it strong authentication`,
		},
		{
			"a session of the broker's own", PresetSignicat, func(c *Config) { c.Request.Prompt = "consent" },
			func(w *world) { w.lie(func(c map[string]any) { c["auth_time"] = w.clock.Now().Unix() - 3600 }, nil) },
			[]string{"id_token.auth_time_stale"},
			"  prompt: login",
		},
		{
			"test people", PresetTelia, func(c *Config) { c.HETU = HETUProduction }, nil,
			[]string{"id_token.hetu_artificial"},
			"hetu: artificial # a test environment only",
		},
		{
			"codes of a test bed", PresetTelia, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["urn:oid:1.2.246.21"] = "010100A001N" }, nil) },
			[]string{"id_token.hetu"},
			"hetu: lenient # a test environment only",
		},
		{
			"another issuer", PresetTelia, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["iss"] = "https://tunnistus.telia.fi/uas" }, nil) },
			[]string{"id_token.iss"},
			"issuer: https://tunnistus.telia.fi/uas",
		},
		{
			"another encryption", PresetOP, nil,
			func(w *world) {
				w.lie(nil, func(c map[string]any) string {
					return w.to(testDecryption(), jose.RSA_OAEP_256, jose.A256GCM, map[string]any{"cty": "JWT"}, w.goodJWS(c))
				})
			},
			[]string{"id_token.encryption"},
			"  content_encryption: [A128CBC-HS256, A256GCM]",
		},
		{
			"an encryption that is never accepted", PresetOP, nil,
			func(w *world) {
				w.lie(nil, func(c map[string]any) string { return relabel(t, w.sealed(w.goodJWS(c)), "alg", "RSA1_5") })
			},
			[]string{"id_token.encryption"},
			"",
		},
		{
			"a bank that nobody has configured", PresetSignicat, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["ftn_idp"] = "fi-new" }, nil) },
			nil, `  - {id: metsa, reported: ["fi-new"]} # beside its other settings`,
		},
		{
			"a key set of another type", PresetTelia, nil,
			func(w *world) {
				w.handle("signed", textHandler(200, w.signedJWKS(func(h, _ map[string]any) { h["typ"] = "jwks" })))
			},
			[]string{"jwks.type", "jwks.type"},
			"  types: [jwk-set+jwt, JWT, none, jwks] # if the broker's guide shows it",
		},
		{
			"the broker is down", PresetOP, nil, func(w *world) { w.handle("token", textHandler(503, "")) },
			[]string{"token.http_503"},
			"",
		},
		{
			"client unknown", PresetOP, nil,
			func(w *world) { w.handle("token", jsonHandler(400, map[string]string{"error": "unauthorized_client"})) },
			[]string{"token.http_400"},
			"",
		},
		{
			"several at once", PresetTelia, nil, drop("acr", "auth_time", "urn:oid:1.2.246.21", "nonce"),
			[]string{"id_token.missing:acr", "id_token.missing:auth_time", "id_token.missing:urn:oid:1.2.246.21", "id_token.missing:nonce"},
			"",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.preset, func(config *Config) {
				if c.config == nil {
					return
				}
				if preset := config.Preset; preset == PresetIdura { // what is filled, with other claims
					*config = fill(t, *config)
				}
				c.config(config)
			})
			if c.preset == PresetIdura && c.config != nil {
				w.config.Preset = PresetIdura // what it sends
			}
			if c.broker != nil {
				c.broker(w)
			}
			r := w.tested("metsa")
			got := words(r)
			slices.Sort(got)
			slices.Sort(c.words)
			if !slices.Equal(got, c.words) {
				t.Errorf("failed: %q, want %q", got, c.words)
			}
			if c.mend != "" && !slices.Contains(r.Mend, c.mend) || c.mend == "" && len(r.Mend) > 0 {
				t.Errorf("would mend it: %q, want %q", r.Mend, c.mend)
			}
			for _, f := range slices.Concat(r.Findings, r.Answer.Returned, r.Answer.Checks) {
				if f.Verdict == VerdictFailed && (f.Word == "" || f.Do == "") {
					t.Errorf("no advice: %+v", f)
				}
			}
		})
	}
}

func TestSetupComparesTheMetadata(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		failed string // in the text of a failed finding; empty: none
		mend   string
	}{
		{"as it is", func(map[string]any) {}, "", ""},
		{"can do what we need", func(m map[string]any) {
			m["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic", "private_key_jwt"}
			m["id_token_encryption_alg_values_supported"] = []string{"RSA-OAEP", "RSA1_5"}
		}, "", ""},
		{"another issuer", func(m map[string]any) { m["issuer"] = "https://other.example" }, "metadata is of another issuer", "issuer: https://other.example"},
		{"no private_key_jwt", func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }, "without private_key_jwt", ""},
		{"another encryption", func(m map[string]any) { m["id_token_encryption_alg_values_supported"] = []string{"ECDH-ES"} }, "without RSA-OAEP", ""},
		{"no request objects", func(m map[string]any) { m["request_parameter_supported"] = false }, "takes no request object", ""},
		{"pushed requests only", func(m map[string]any) { m["require_pushed_authorization_requests"] = true }, "pushed requests only", "  transport: par"},
		{"another token endpoint", func(m map[string]any) { m["token_endpoint"] = "https://moved.example/token" }, "the configuration has", "  token: https://moved.example/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetSignicat, nil)
			document := w.metadata()
			c.change(document)
			w.handle("discovery", jsonHandler(200, document))
			test, err := w.registry.SetupTest("brk", "")
			if err != nil {
				t.Fatal(err)
			}
			test.checkDiscovery(context.Background())
			failed := slices.DeleteFunc(test.Report.Findings, func(f Finding) bool { return f.Verdict != VerdictFailed })
			if (c.failed == "") != (len(failed) == 0) || c.failed != "" && !strings.Contains(failed[0].Text, c.failed) {
				t.Errorf("failed: %+v, want %q", failed, c.failed)
			}
			if c.mend != "" && !slices.Contains(test.Report.Mend, c.mend) {
				t.Errorf("would mend it: %q", test.Report.Mend)
			}
		})
	}
}

func TestReadCallback(t *testing.T) {
	t.Parallel()
	for pasted, code := range map[string]string{
		"https://login.example/callback/brk?code=a%2Bb&state=s":        "a+b",
		"  https://login.example/callback/brk?state=s&code=c#_=_ \r\n": "c",
		"code=c&state=s": "c",
		"https://login.example/callback/brk?error=cancel&state=s": "",
	} {
		values, err := ReadCallback(pasted)
		if err != nil || values.Get("code") != code || values.Get("state") != "s" {
			t.Errorf("%q: %v, %v", pasted, values, err)
		}
	}
	for _, wrong := range []string{"", "hello", "https://login.example/", "?code=c", "?state=s", "%zz?code=%zz&state=s"} {
		if values, err := ReadCallback(wrong); err == nil {
			t.Errorf("%q: %v", wrong, values)
		}
	}
}

// Every word that a login can end with has advice, and the advice names no other.
func TestAdviceForEveryWord(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"token.http_400", "jwks.timeout", "discovery.unreachable", "par.format", "selector.size", "id_token.missing:urn:oid:1.2.246.21"} {
		if a, ok := AdviceFor(word); !ok || a.What == "" || a.Do == "" {
			t.Errorf("no advice for %s", word)
		}
	}
	for _, word := range []string{"", "id_token", "id_token.nothing", "someone.timeout"} {
		if a, ok := AdviceFor(word); ok {
			t.Errorf("advice for %q: %+v", word, a)
		}
	}
	seen := map[string]bool{}
	for _, a := range advices() {
		for _, word := range a.words {
			if seen[word] {
				t.Errorf("%s stands there twice", word)
			}
			seen[word] = true
		}
	}
}
