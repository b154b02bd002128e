package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/protocol/oauth"
)

func TestParams(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, contentType, body, wrong string }{
		{"plain", form, "a=1&b=2", ""},
		{"with charset", form + "; charset=UTF-8", "a=1", ""},
		{"repeated", form, "a=1&a=2", "a"},
		{"repeated, hostile name", form, "%3Cscript%3E=1&%3Cscript%3E=2", "unknown"},
		{"too long", form, "a=" + strings.Repeat("x", 8<<10+1), "a"},
		{"zero byte", form, "a=%00", "a"},
		{"not UTF-8", form, "a=%ff%fe", "a"},
		{"half a letter", form, "a=%c3", "a"},
		{"a surrogate", form, "a=%ed%a0%80", "a"},
		{"broken escape", form, "a=%zz", "body"},
		{"json", "application/json", "{}", "Content-Type"},
		{"none", "", "a=1", "Content-Type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/token?a=from-the-url", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			params, err := oauth.FormParams(r)
			if c.wrong == "" {
				if err != nil || params.Get("a") != "1" {
					t.Fatalf("a = %q, %v", params.Get("a"), err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			if e := fault.AsError(err); e.Kind != fault.Invalid || e.Param != c.wrong {
				t.Fatalf("got %v, want a complaint about %q", err, c.wrong)
			}
		})
	}
}

func FuzzQueryParams(f *testing.F) {
	f.Add("client_id=a&scope=openid")
	f.Add("a=1&a=2")
	f.Add("%zz;=&&&=")
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		r.URL.RawQuery = raw
		params, err := oauth.QueryParams(r)
		if err != nil {
			if fault.AsError(err).Kind != fault.Invalid {
				t.Fatalf("%v is not the sender's fault", err)
			}
			return
		}
		for name, all := range params.Values() {
			if len(all) != 1 {
				t.Fatalf("%q came %d times", name, len(all))
			}
		}
	})
}

// What a bank says in its own letters stops nobody.
func TestAnswerParams(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/callback/op?state=s&error_description=p%E4%E4ttyi", nil)
	params, err := oauth.AnswerParams(r)
	if err != nil || params.Get("state") != "s" || params.Get("error_description") != "p\uFFFDttyi" {
		t.Errorf("%q, %v", params.Get("error_description"), err)
	}
	if _, err := oauth.QueryParams(r); err == nil {
		t.Error("a client may send it")
	}
}
