package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

func TestBrowserLabel(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Linux; Android 12; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.127 Mobile Safari/537.36 OPR/69.3.3606.65458": "Opera 69 on Android",
		"Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/20.0 Chrome/106.0.5249.126 Mobile Safari/537.36":           "Samsung Internet 20 on Android",
		"Mozilla/5.0 (Android 13; Mobile; rv:109.0) Gecko/113.0 Firefox/113.0":                                                                            "Firefox 113 on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1":         "Safari 16 on iOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 Edg/114.0.1823.51":               "Edge 114 on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36":                                           "Chrome 114 on Linux",
		"": "other",
		"<script>alert(1)</script>/9.9 (Evil\r\nX: y)": "other",
		strings.Repeat("a", 1<<16):                     "other",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", agent)
		if got := web.BrowserLabel(r); got != want {
			t.Errorf("%.60q is %q, want %q", agent, got, want)
		}
	}
}

func FuzzBrowserLabel(f *testing.F) {
	f.Add("Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0 Mobile Safari/537.36 OPR/69.3")
	f.Add("Opera/999999999999999999999.1\x00<b>")
	f.Fuzz(func(t *testing.T, agent string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", agent)
		if got := web.BrowserLabel(r); len(got) > 100 || strings.ContainsAny(got, "<>\"\r\n\x00") {
			t.Errorf("label %q", got)
		}
	})
}

func TestOnPhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		agent, hint string
		want        bool
	}{
		{"Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "", true},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "", true},
		{"Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "", true},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "", false},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36", "?1", true},
		{"Mozilla/5.0 (Linux; Android 15; K) Chrome/140.0.0.0 Mobile Safari/537.36", "?0", false}, // a tablet that asks for desktop pages
		{"", "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.Header.Set("User-Agent", c.agent)
		if c.hint != "" {
			r.Header.Set("Sec-CH-UA-Mobile", c.hint)
		}
		if web.OnPhone(r) != c.want {
			t.Errorf("%q %q: %v", c.agent, c.hint, !c.want)
		}
	}
}

// The gate and the notices see the version that can be compared, and none where there is none.
func TestAskerWithOddVersions(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for version, want := range map[string]string{"1.16.0 (345)": "1.16.0", "1.16.0.345": "1.16.0", "nightly": "", "": ""} {
		if got := web.AskerWith(r, login.DeviceOf("", "", "iOS", version), login.MethodDirect); got.AppVersion != want || got.Platform != "ios" {
			t.Errorf("%q: %+v", version, got)
		}
	}
}
