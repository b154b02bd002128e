package broker

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"avain/internal/domain/fault"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// quiet lets the helpers run inside a fuzz target, where F.Helper panics.
type quiet struct{ testing.TB }

func (quiet) Helper() {}

func fuzzWorld(f *testing.F, preset Preset) *world {
	f.Helper()
	w := newWorld(f, preset, nil)
	w.t = quiet{f}
	return w
}

// FuzzIDToken: whatever stands in the place of an id_token, there is an error with a
// word of ours; only the broker's own token passes.
func FuzzIDToken(f *testing.F) {
	w := fuzzWorld(f, PresetTelia)
	u := w.registry.brokers[0]
	good := w.idToken()
	f.Add(good)
	for _, c := range hostileTokens(f) {
		// Two kinds of seed do not fit: what the broker really signed, and what is only long.
		if token := c.seal(w, w.claims()); c.detail != "id_token.missing:iss" && len(token) < 8<<10 {
			f.Add(token)
		}
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := u.open(context.Background(), token)
		if err == nil {
			if claims.text("iss") != w.config.Issuer {
				t.Fatalf("accepted: %q", token)
			}
			return
		}
		if f, ok := asFault(err); !ok || !strings.HasPrefix(f.word, "id_token.") {
			t.Fatalf("error is %v", err)
		}
	})
}

// FuzzInnerToken is the same behind the encryption, which anybody can do: the key for
// it is public.
func FuzzInnerToken(f *testing.F) {
	w := fuzzWorld(f, PresetTelia)
	u := w.registry.brokers[0]
	f.Add(w.goodJWS(w.claims()))
	f.Add(`eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.`)
	f.Add(hmacJWS(f, map[string]any{"alg": "HS256", "kid": "b1"}, publicPEM(f, brokerSigning()), w.claims()))
	f.Add(signJWS(f, rogueKey(), map[string]any{"kid": "b1", "jwk": public(rogueKey(), "b1")}, w.claims()))
	f.Fuzz(func(t *testing.T, inner string) {
		if len(inner) > 16<<10 {
			return
		}
		claims, err := u.open(context.Background(), w.sealed(inner))
		if err == nil && claims.text("iss") != w.config.Issuer {
			t.Fatalf("accepted: %q", inner)
		}
	})
}

func FuzzSignedJWKS(f *testing.F) {
	w := fuzzWorld(f, PresetOP)
	u := w.registry.brokers[0]
	pin := entityPin{keys: []jose.JSONWebKey{public(brokerEntity(), "e")}}
	f.Add([]byte(w.signedJWKS(nil)))
	f.Add([]byte(w.signedJWKS(func(h, _ map[string]any) { h["typ"] = "JWT" })))
	f.Add([]byte(w.signedJWKS(func(_, b map[string]any) { b["keys"] = []any{map[string]any{"kty": "oct", "k": "eA"}} })))
	f.Add(asJSON(f, jwksBody(w)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := u.openSignedJWKS(raw, pin)
		if err != nil {
			if f, ok := asFault(err); !ok || !strings.HasPrefix(f.word, "jwks.") {
				t.Fatalf("error is %v", err)
			}
			return
		}
		for _, key := range set.keys {
			if !brokerSigning().PublicKey.Equal(key.Key) {
				t.Fatalf("believed a key that the entity never signed: %q", raw)
			}
		}
	})
}

// FuzzSelector: what comes out is plain text of bounded length, whatever goes in.
func FuzzSelector(f *testing.F) {
	f.Add([]byte(selectorJSON("fi")))
	f.Add([]byte(`{"identityProviders":[{"name":"<b>x","ftn_idp_id":"a"}],"privacyNoticeLink":"javascript:alert(1)"}`))
	f.Add([]byte(`{"identityProviders":null,"disturbanceInfo":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		data, err := parseSelector(raw)
		if err != nil {
			return
		}
		if len(data.providers) == 0 || len(data.providers) > maxProviders {
			t.Fatalf("%d providers", len(data.providers))
		}
		for _, p := range data.providers {
			checkPlain(t, p.name, maxHeader)
			if !providerID.MatchString(p.id) || strings.Contains(p.name, "\n") {
				t.Fatalf("provider %q %q", p.id, p.name)
			}
		}
		for _, text := range []string{data.texts.ProviderInfo, data.texts.Consent, data.texts.PrivacyNotice, data.disturbance.Text} {
			checkPlain(t, text, maxText)
		}
		if link := data.texts.PrivacyNoticeLink; link != "" && !strings.HasPrefix(link, "http") {
			t.Fatalf("link %q", link)
		}
	})
}

func FuzzOutage(f *testing.F) {
	f.Add("Huolto|Avbrott|Outage")
	f.Add("||")
	f.Add("<br>\r\n|\x00")
	f.Fuzz(func(t *testing.T, raw string) {
		texts := parseOutage(raw)
		for _, lang := range languages() {
			checkPlain(t, texts[lang], maxText)
		}
	})
}

func checkPlain(t *testing.T, text string, most int) {
	t.Helper()
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		t.Fatalf("not plain: %q", text)
	}
	for _, r := range text {
		if r != '\n' && unicode.Is(unicode.C, r) {
			t.Fatalf("not plain: %q", text)
		}
	}
}

// FuzzCallback: a query that does not carry our state never gets as far as a code, and
// nothing of a query ever reaches an error that is shown.
func FuzzCallback(f *testing.F) {
	w := fuzzWorld(f, PresetTelia)
	u := w.registry.brokers[0]
	state := secret.Of("the-state-of-this-journey")
	f.Add("code=abc&state=the-state-of-this-journey")
	f.Add("code=abc&state=the-state-of-this-journey&iss=https%3A%2F%2Fevil.example")
	f.Add("error=access_denied&error_description=208&state=the-state-of-this-journey")
	f.Add("error=%3Cscript%3E&state=the-state-of-this-journey")
	f.Add("code=a&code=b&state=the-state-of-this-journey")
	f.Add("state=x;code=y")
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		code, err := u.readCallback(Return{Query: query, State: state})
		if err == nil {
			if query.Get("state") != state.Reveal() || code != query.Get("code") || !plain(code, maxCode) || query.Has("error") {
				t.Fatalf("code %q from %q", code, raw)
			}
			return
		}
		failed := fault.AsError(err)
		if !strings.HasPrefix(failed.Detail, "callback.") || failed.Kind == fault.Internal || strings.ContainsAny(failed.Detail, "<>%& ") {
			t.Fatalf("error is %v", failed)
		}
	})
}
