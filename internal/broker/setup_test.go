package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/goccy/go-yaml"
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
	w.mustLoad(test.Report)
	return test.Report
}

// mustLoad feeds what would mend a configuration back into it: it is YAML, and no mistake.
func (w *world) mustLoad(r SetupReport) {
	w.t.Helper()
	if r.MendYAML() == "" {
		return
	}
	c := w.config
	before := len(fill(w.t, c).Validate("b"))
	if err := yaml.NewDecoder(strings.NewReader(r.MendYAML()), yaml.Strict()).Decode(&c); err != nil {
		w.t.Errorf("what would mend it is not read: %v\n%s", err, r.MendYAML())
	}
	if problems := fill(w.t, c).Validate("b"); len(problems) > before {
		w.t.Errorf("what would mend it is a mistake: %v\n%s", problems, r.MendYAML())
	}
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
			for _, private := range []string{"Matti", "Möttönen", "M…", testHETU, "100190", testCode, w.nonce, "eyJ"} {
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
		mend   string   // of the YAML that would mend it; empty: none
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
			"claims:\n  hetu: nin",
		},
		{
			"level and time of another dialect", PresetIdura,
			func(c *Config) { c.Claims.Level, c.Claims.AuthTime, c.Levels = "", "", nil; c.Preset = "" }, nil,
			[]string{"id_token.missing:acr", "id_token.missing:auth_time"},
			"claims:\n  level: authenticationtype\n  auth_time: authenticationinstant\naccepted_levels:\n  - urn:grn:authn:fi:bank-id",
		},
		{
			"another level", PresetTelia, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["acr"] = "urn:level:2" }, nil) },
			[]string{"id_token.acr"},
			"- urn:level:2",
		},
		{
			"a session of the broker's own", PresetSignicat, func(c *Config) { c.Request.Prompt = "consent" },
			func(w *world) { w.lie(func(c map[string]any) { c["auth_time"] = w.clock.Now().Unix() - 3600 }, nil) },
			[]string{"id_token.auth_time_stale"},
			"request:\n  prompt: login",
		},
		{
			"test people", PresetTelia, func(c *Config) { c.HETU = HETUProduction }, nil,
			[]string{"id_token.hetu_artificial"},
			"hetu: artificial",
		},
		{
			"codes of a test bed", PresetTelia, nil,
			func(w *world) { w.lie(func(c map[string]any) { c["urn:oid:1.2.246.21"] = "010100A001N" }, nil) },
			[]string{"id_token.hetu"},
			"hetu: lenient",
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
			"algorithms:\n  key_encryption:\n    - RSA-OAEP\n    - RSA-OAEP-256\n  content_encryption:\n    - A128CBC-HS256\n    - A256GCM",
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
			nil, "method_source:\n  names:\n    fi-new: fi-new",
		},
		{
			"a key set of another type", PresetTelia, nil,
			func(w *world) {
				w.handle("signed", textHandler(200, w.signedJWKS(func(h, _ map[string]any) { h["typ"] = "jwks" })))
			},
			[]string{"jwks.type", "jwks.type"},
			"    - jwks",
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
			if text := r.MendYAML(); !strings.Contains(text, c.mend) || c.mend == "" && text != "" {
				t.Errorf("would mend it:\n%swant\n%s", text, c.mend)
			}
			if r.OK() != (len(c.words) == 0) {
				t.Errorf("OK is %v", r.OK())
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
		{"pushed requests only", func(m map[string]any) { m["require_pushed_authorization_requests"] = true }, "pushed requests only", "request:\n  transport: par"},
		{"another token endpoint", func(m map[string]any) { m["token_endpoint"] = "https://moved.example/token" }, "", "endpoints:\n  token: https://moved.example/token"},
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
			if text := test.Report.MendYAML(); !strings.Contains(text, c.mend) || c.mend == "" && text != "" {
				t.Errorf("would mend it: %s", text)
			}
		})
	}
}

func TestReadCallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	test, err := w.registry.SetupTest("brk", "")
	if err != nil {
		t.Fatal(err)
	}
	state := test.start.State.Reveal()
	for pasted, code := range map[string]string{
		"https://login.example/callback/brk?code=a%2Bb&state=STATE":        "a+b",
		"  https://login.example/callback/brk?state=STATE&code=c#_=_ \r\n": "c",
		"code=c&state=STATE": "c",
		"https://login.example/callback/brk?error=cancel&state=STATE": "",
	} {
		values, err := test.ReadCallback(strings.Replace(pasted, "STATE", state, 1))
		if err != nil || values.Get("code") != code {
			t.Errorf("%q: %v, %v", pasted, values, err)
		}
	}
	for _, wrong := range []string{"", "hello", "https://login.example/", "?code=c", "?state=STATE", "%zz?code=%zz&state=STATE"} {
		if values, err := test.ReadCallback(strings.Replace(wrong, "STATE", state, 1)); !errors.Is(err, ErrNotTheCallback) {
			t.Errorf("%q: %v, %v", wrong, values, err)
		}
	}
	if _, err := test.ReadCallback("?code=c&state=other"); !errors.Is(err, ErrAnotherLogin) {
		t.Errorf("the answer of another login: %v", err)
	}
}

// Whoever configures a broker gets names wrong first: the report shows nobody's data then
// either, and proposes nothing that came from a token that anybody could have made.
func TestSetupReportIsSafeToSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config func(*Config)
		claims map[string]any
		seal   func(*world) func(map[string]any) string
	}{
		"a code among the methods":         {nil, map[string]any{"amr": []any{testHETU, "x" + testHETU}}, nil},
		"a code as level":                  {nil, map[string]any{"acr": testHETU}, nil},
		"unheard-of claims":                {nil, map[string]any{"phone": "+358451571001", "protected_person": true, "gender": "Female", "n\u202eame": "Matti"}, nil},
		"an identity code in another code": {nil, map[string]any{"bank-tupasid": testHETU, "list": []any{"Matti"}}, nil},
		"plaintext": {nil, map[string]any{"iss": "https://evil.example", "acr": "none"}, func(w *world) func(map[string]any) string {
			return func(c map[string]any) string { return w.goodJWS(c) }
		}},
		"an injected line":         {nil, map[string]any{"iss": "https://x.example/\nproduction: false", "acr": "a\nb: c"}, nil},
		"names of another dialect": {func(c *Config) { c.Method.Claim = "surname" }, map[string]any{"surname": []any{testHETU}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetTelia, c.config)
			var seal func(map[string]any) string
			if c.seal != nil {
				made := c.seal(w)
				seal = func(claims map[string]any) string { w.setting(c.claims)(claims); return made(claims) }
			}
			w.lie(w.setting(c.claims), seal)
			r := w.tested("metsa")
			raw := string(asJSON(t, r)) + r.MendYAML()
			for _, private := range []string{"Matti", "Möttönen", testHETU, "4515", "Female", "\u202e", "\nproduction"} {
				if strings.Contains(raw, private) {
					t.Errorf("the report holds %q:\n%s", private, raw)
				}
			}
			if c.seal != nil && len(r.Mend) > 0 {
				t.Errorf("an unverified token proposes %v", r.Mend)
			}
		})
	}
}

// OP's set-up as the documentation recommends it: no means, the list comes from OP.
func TestSetupWithoutMeans(t *testing.T) {
	t.Parallel()
	for means, chosen := range map[string]string{"": "brk.fi-koivu", "fi-uusi": "brk.fi-uusi", "brk.fi-uusi": "brk.fi-uusi"} {
		w := newWorld(t, PresetOP, func(c *Config) { c.Means = nil })
		if r := w.tested(means); !r.OK() || r.Answer.Recorded.Means != chosen {
			t.Errorf("%q: %v, %+v", means, words(r), r.Answer)
		}
	}
	w := newWorld(t, PresetOP, nil)
	test, err := w.registry.SetupTest("brk", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	test.Check(context.Background())
	if got := words(test.Report); len(got) != 1 || got[0] != "means.unknown" || test.Address() != "" {
		t.Errorf("an unknown means: %v", got)
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
