package server_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A request that is refused before there is a login goes back to the client with all that
// docs/protocol.md promises: the parameter, the reason, and a code for support.
func TestRefusedBeforeALogin(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPartner)
	for name, c := range map[string]struct {
		change url.Values
		code   string
		begins string
	}{
		"no response type":  {url.Values{"response_type": {""}}, "invalid_request", "response_type: missing"},
		"no challenge":      {url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "invalid_request", "code_challenge: missing"},
		"plain challenge":   {url.Values{"code_challenge_method": {"plain"}}, "invalid_request", "code_challenge_method: "},
		"silent":            {url.Values{"prompt": {"none"}}, "login_required", "prompt: "},
		"another key":       {url.Values{"dpop_jkt": {"x"}}, "invalid_request", "dpop_jkt: "},
		"request object":    {url.Values{"request": {"e30.e30."}}, "request_not_supported", "request: "},
		"not pushed":        {url.Values{"client_id": {"smartumpay"}}, "invalid_request", "request_uri: "},
		"state of no bytes": {url.Values{"state": {"a\nb"}}, "invalid_request", "state: "},
	} {
		request := plainRequest(r, "s")
		maps.Copy(request, c.change)
		status, _, header := r.send(http.MethodGet, "/authorize?"+request.Encode(), nil, nil)
		back, err := url.Parse(header.Get("Location"))
		if err != nil || status != http.StatusSeeOther || !strings.HasPrefix(header.Get("Location"), r.App+"/return?") {
			t.Errorf("%s: %d %q", name, status, header.Get("Location"))
			continue
		}
		q := back.Query()
		if q.Get("error") != c.code || !strings.HasPrefix(q.Get("error_description"), c.begins) || q.Get("reason") == "" || q.Get("iss") != r.Service {
			t.Errorf("%s: %v", name, q)
		}
		if code := q.Get("support_code"); len(code) != 7 || code[0] != 'Y' || !strings.Contains(r.log.String(), code) {
			t.Errorf("%s: support code %q", name, code)
		}
	}
}
