package brokersim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"
)

const (
	second = time.Second
	minute = time.Minute
)

// pushForm is a good pushed request with a request object.
func (p *party) pushForm(changes map[string]any) url.Values {
	form := p.tokenForm("")
	return url.Values{
		"client_id": {clientID}, "request": {p.sign(p.claims(changes))},
		"client_assertion_type": form["client_assertion_type"], "client_assertion": form["client_assertion"],
	}
}

func (p *party) push(form url.Values) (int, map[string]any) {
	p.Helper()
	status, _, body := p.do(p.app, http.MethodPost, p.sim.Endpoints().PAR, form)
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		p.Fatalf("par: %d %q", status, body)
	}
	return status, answer
}

// startPushed opens what was pushed.
func (p *party) startPushed(uri any) (int, string, string) {
	p.Helper()
	text, _ := uri.(string)
	return p.get(p.sim.Endpoints().Authorize + "?" + url.Values{"client_id": {clientID}, "request_uri": {text}}.Encode())
}

func pushing(t *testing.T, f func(t *testing.T, p *party)) {
	t.Helper()
	for _, d := range []brokersim.Dialect{brokersim.Idura, brokersim.Signicat} {
		t.Run(string(d), func(t *testing.T) { t.Parallel(); f(t, newParty(t, d)) })
	}
}

// Idura's page prints status 201, the URN with a UUID, and 120 seconds.
func TestPushedRequest(t *testing.T) {
	t.Parallel()
	pushing(t, func(t *testing.T, p *party) {
		status, answer := p.push(p.pushForm(nil))
		uri, _ := answer["request_uri"].(string)
		life := map[brokersim.Dialect]float64{brokersim.Idura: 120, brokersim.Signicat: 600}[p.dialect]
		if status != http.StatusCreated || !regexp.MustCompile(`^urn:ietf:params:oauth:request_uri:`+uuidText+`$`).MatchString(uri) || answer["expires_in"] != life || len(answer) != 2 {
			t.Fatalf("%d %v", status, answer)
		}
		status, to, _ := p.startPushed(uri)
		if status != http.StatusSeeOther {
			t.Fatalf("%d %s", status, p.lastReason())
		}
		code := p.returned(p.atBank(to, "aino")).Get("code")
		if status, answer := p.redeem(p.tokenForm(code)); status != http.StatusOK {
			t.Errorf("%d %v", status, answer)
		}
		if status, to, _ := p.startPushed(uri); status != http.StatusBadRequest || to != "" || p.lastReason() != brokersim.RequestURIUnknown {
			t.Errorf("the second time: %d %q %s", status, to, p.lastReason())
		}
		_, answer = p.push(p.pushForm(nil))
		p.clock.advance(time.Duration(life) * time.Second)
		if status, _, _ := p.startPushed(answer["request_uri"]); status != http.StatusBadRequest || p.lastReason() != brokersim.RequestURIUnknown {
			t.Errorf("too late: %d %s", status, p.lastReason())
		}
		if status, _, _ := p.startPushed("urn:ietf:params:oauth:request_uri:x"); status != http.StatusBadRequest {
			t.Errorf("never pushed: %d", status)
		}
	})
}

// Signed or pushed is enough at Signicat; Idura wants it signed even then.
func TestPushedParameters(t *testing.T) {
	t.Parallel()
	pushing(t, func(t *testing.T, p *party) {
		form, credentials := p.plain(), p.tokenForm("")
		form["client_assertion_type"], form["client_assertion"] = credentials["client_assertion_type"], credentials["client_assertion"]
		form.Set("max_age", "600")
		status, answer := p.push(form)
		if p.dialect == brokersim.Idura {
			if status != http.StatusBadRequest || answer["error"] != "invalid_request" || p.lastReason() != brokersim.JWTMissing {
				t.Errorf("%d %v %s", status, answer, p.lastReason())
			}
			return
		}
		if status != http.StatusCreated {
			t.Fatalf("%d %v", status, answer)
		}
		if status, to, _ := p.startPushed(answer["request_uri"]); status != http.StatusSeeOther || !strings.Contains(to, "/identify/") {
			t.Errorf("%d %q", status, to)
		}
	})
}

func TestPushesThatAreRefused(t *testing.T) {
	t.Parallel()
	pushing(t, func(t *testing.T, p *party) {
		for name, c := range map[string]struct {
			change func(url.Values)
			status int
			code   string
			reason brokersim.Reason
		}{
			"no assertion":   {func(f url.Values) { f.Del("client_assertion") }, p.speech.refused, "invalid_client", brokersim.JWTMissing},
			"assertion type": {func(f url.Values) { f.Del("client_assertion_type") }, p.speech.refused, "invalid_client", brokersim.AssertionTypeWrong},
			"stranger": {func(f url.Values) {
				f.Set("client_assertion", p.signWith(rsaKeys()[6], p.sigKid, "JWT", "RS256", p.assertionClaims(nil)))
			}, p.speech.refused, "invalid_client", brokersim.SignatureInvalid},
			"assertion for else": {func(f url.Values) {
				f.Set("client_assertion", p.sign(p.assertionClaims(map[string]any{"aud": "https://x.example"})))
			}, p.speech.refused, "invalid_client", brokersim.AudienceWrong},
			"request_uri":    {func(f url.Values) { f.Set("request_uri", "urn:x") }, http.StatusBadRequest, "invalid_request", brokersim.RequestURIUnknown},
			"another client": {func(f url.Values) { f.Set("client_id", "x") }, http.StatusBadRequest, "invalid_request", brokersim.ClientUnknown},
			"redirect URI": {func(f url.Values) {
				f.Set("request", p.sign(p.claims(map[string]any{"redirect_uri": "https://evil.example/"})))
			}, http.StatusBadRequest, "invalid_request", brokersim.RedirectUnknown},
			"twice": {func(f url.Values) { f.Add("request", "x") }, http.StatusBadRequest, "invalid_request", brokersim.ParameterRepeated},
		} {
			form := p.pushForm(nil)
			c.change(form)
			status, answer := p.push(form)
			if status != c.status || answer["error"] != c.code || answer["request_uri"] != nil || p.lastReason() != c.reason {
				t.Errorf("%s: %d %v %s, want %d %s %s", name, status, answer, p.lastReason(), c.status, c.code, c.reason)
			}
		}
		// What a push spends is spent.
		form := p.pushForm(nil)
		if status, _ := p.push(form); status != http.StatusCreated {
			t.Fatal("the good one")
		}
		if status, _ := p.push(form); status == http.StatusCreated || p.lastReason() != brokersim.JTIReused {
			t.Errorf("again: %d %s", status, p.lastReason())
		}
		if status, _, _ := p.start(form.Get("request")); status != http.StatusBadRequest || p.lastReason() != brokersim.JTIReused {
			t.Errorf("the request object again: %d %s", status, p.lastReason())
		}
	})
}

// OP and Telia do not know PAR, nor request_uri.
func TestNoPAR(t *testing.T) {
	t.Parallel()
	for _, d := range []brokersim.Dialect{brokersim.OP, brokersim.Telia} {
		p := newParty(t, d)
		if p.sim.Endpoints().PAR != "" {
			t.Errorf("%s has an endpoint", d)
		}
		if status, _, _ := p.startPushed("urn:ietf:params:oauth:request_uri:x"); status != http.StatusBadRequest || p.lastReason() != brokersim.JWTMissing {
			t.Errorf("%s: %d %s", d, status, p.lastReason())
		}
	}
}
