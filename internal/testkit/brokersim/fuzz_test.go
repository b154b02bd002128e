package brokersim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/testkit/brokersim"
)

// FuzzRequestObject sends arbitrary bytes as request object: the payload of a signed
// one, or the whole thing. The simulator must answer without a 500, and must never
// send anybody anywhere but to the registered redirect URI.
func FuzzRequestObject(f *testing.F) {
	keys := rsaKeys()
	p := &party{clock: newClock(), signing: keys[4], sigKid: "our-sig"}
	var sims []*brokersim.Sim
	for _, d := range brokersim.Dialects() {
		sim, err := brokersim.New(brokersim.Config{
			BaseURL: "http://broker.example/op", Dialect: d, Lenient: d == brokersim.Idura, Keys: brokerKeys(), Now: p.clock.now,
			Client: brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKS: staticKeys()}},
		})
		if err != nil {
			f.Fatal(err)
		}
		sims = append(sims, sim)
	}
	for _, seed := range []string{
		`{"client_id":"avain"}`, `{"client_id":"avain","redirect_uri":"` + returnURI + `"}`,
		`{"client_id":"avain","redirect_uri":"` + returnURI + `","response_type":"code","scope":"openid personal_identity_code","state":"\r\nX: y","ui_locales":"sv"}`,
		`{"client_id":"avain","redirect_uri":"https://evil.example","exp":1e400}`, `[]`, `null`, `"`, `{"aud":[{}]}`, "a.b.c", "", `{"exp":-1,"iat":99999999999999999999}`,
		`{"client_id":"avain","iss":"avain","aud":"http://broker.example/op/uas","redirect_uri":"` + returnURI + `","response_type":"code","scope":"openid","acr_values":"oidc.koivu.id.1","max_age":"0"}`,
		`{"client_id":"avain","iss":"avain","aud":"http://broker.example/op","redirect_uri":"` + returnURI + `","response_type":"code","scope":"openid","max_age":null,"login_hint":"enforce_ftn_requirements"}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, payload string, signed bool) {
		jwt := payload
		if signed {
			signer := &party{T: t, signing: p.signing, sigKid: p.sigKid}
			jwt = signer.signRaw(payload)
		}
		for _, sim := range sims {
			authorize := sim.Endpoints().Authorize + "?" + url.Values{"client_id": {clientID}, "request": {jwt}}.Encode()
			w := serve(t.Context(), sim, http.MethodGet, authorize, nil)
			to := w.Header().Get("Location")
			switch w.Code {
			case http.StatusBadRequest:
			case http.StatusSeeOther:
				if !signed || (!strings.HasPrefix(to, "https://avain.example/callback/op?") && !strings.HasPrefix(to, "http://broker.example/op/identify/")) {
					t.Errorf("%s, signed %t: sent to %q", authorize, signed, to)
				}
			default:
				t.Errorf("%s: status %d", authorize, w.Code)
			}
		}
	})
}

// FuzzPhoneNumber types arbitrary things into the Mobile Certificate form.
func FuzzPhoneNumber(f *testing.F) {
	for _, seed := range []string{"+358451571001", "045 157 1001", "", "+", "0", "+358", "٠٤٥١٥٧", strings.Repeat("9", 5000), "<script>", "+358451579208"} {
		f.Add(seed, "A12B")
	}
	sim, err := brokersim.New(brokersim.Config{
		BaseURL: "http://broker.example", Dialect: brokersim.OP, Keys: brokerKeys(), Now: newClock().now,
		Client: brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKS: staticKeys()}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, phone, spam string) {
		p := &party{T: t, sim: sim, speech: speeches[brokersim.OP], clock: newClock(), signing: rsaKeys()[4], sigKid: "our-sig"}
		call := func(method, address string, form url.Values, cookie string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			sim.ServeHTTP(w, r)
			return w
		}
		begun := call(http.MethodGet, sim.Endpoints().Authorize+"?"+url.Values{"request": {p.sign(p.claims(map[string]any{"ftn_idp_id": "fi-mobile"}))}}.Encode(), nil, "")
		cookie, _, _ := strings.Cut(begun.Header().Get("Set-Cookie"), ";")
		visit := begun.Header().Get("Location")
		if w := call(http.MethodPost, visit+"/mobile", url.Values{"phone": {phone}, "spam": {spam}}, cookie); w.Code != http.StatusSeeOther || w.Header().Get("Location") != visit {
			t.Errorf("%d %q", w.Code, w.Header().Get("Location"))
		}
		page := call(http.MethodGet, visit, nil, cookie)
		if page.Code != http.StatusOK || strings.Contains(page.Body.String(), "<script") {
			t.Errorf("%d: %s", page.Code, page.Body)
		}
	})
}
