package client_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/protocol/client"

	"pgregory.net/rapid"
)

const (
	webURI    = "https://app.example.com/return"
	loopback4 = "http://127.0.0.1/callback"
	loopback6 = "http://[::1]:3000/callback"
)

func app() login.Client {
	return login.Client{ID: "app", RedirectURIs: []string{webURI, loopback4, loopback6, "http://localhost:8081/return", "com.example.app:/return"}}
}

func TestMatchRedirect(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		webURI, loopback4, loopback6, "http://localhost:8081/return", "com.example.app:/return",
		"http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://127.0.0.1:51004/callback",
		"http://[::1]/callback", "http://[::1]:51004/callback",
	} {
		if !client.MatchRedirect(app(), uri) {
			t.Errorf("%s is refused", uri)
		}
	}
	logout := login.Client{RedirectURIs: []string{webURI}, PostLogoutRedirectURIs: []string{"https://app.example.com/bye"}}
	if !client.MatchLogoutRedirect(logout, "https://app.example.com/bye") || client.MatchLogoutRedirect(logout, webURI) {
		t.Error("targets after logout are mixed up with those of a login")
	}
	if client.MatchRedirect(login.Client{}, "") || client.MatchRedirect(login.Client{RedirectURIs: []string{webURI}}, loopback4) {
		t.Error("matches what nobody registered")
	}
}

func TestThreat14LoopbackIsNarrow(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"http://127.0.0.1:0/callback", "http://127.0.0.1:65536/callback", "http://127.0.0.1:99999999999999999999/callback",
		"http://127.0.0.1:/callback", "http://127.0.0.1:080/callback", "http://127.0.0.1:+80/callback", "http://127.0.0.1:-1/callback",
		"http://127.0.0.1:80:80/callback", "http://127.0.0.1:8 0/callback", "http://127.0.0.1:8080", "http://127.0.0.1:8080/",
		"http://127.0.0.1:8080/callback/", "http://127.0.0.1:8080/callback?x", "http://127.0.0.1:8080/callback#x",
		"http://127.0.0.1:8080//callback", "http://127.0.0.1:8080/Callback", "http://127.0.0.1:8080\\/callback",
		"http://127.0.0.1:80@evil.example/callback", "http://127.0.0.1@evil.example/callback", "http://127.0.0.1.evil.example/callback",
		"http://user@127.0.0.1:8080/callback", "http://127.0.0.1:8080.evil.example/callback", "http://127.0.0.1:8080%2fcallback",
		"https://127.0.0.1:8080/callback", "HTTP://127.0.0.1:8080/callback", "http://127.0.0.2:8080/callback", "http://127.1:8080/callback",
		"http://0x7f.1:8080/callback", "http://2130706433:8080/callback", "http://localhost:8080/callback", "http://[::2]:8080/callback",
		"http://[::ffff:127.0.0.1]:8080/callback", "http://[::1%25lo]:8080/callback", "http://[0:0:0:0:0:0:0:1]:8080/callback",
		"http://[::1]8080/callback", "http://[::1].evil.example/callback", "http://[::1]@evil.example/callback", "http://::1:8080/callback",
		"http://localhost:8082/return", "https://app.example.com:444/return", "https://app.example.com:443/return",
		"http://127.0.0.1:８080/callback", "http://127.0.0.1:٨080/callback",
	} {
		if client.MatchRedirect(app(), uri) {
			t.Errorf("%s is accepted", uri)
		}
	}
}

// A registered URI that only begins like the loopback address is not one.
func TestThreat14LoopbackLookalikeIsExact(t *testing.T) {
	t.Parallel()
	for known, uri := range map[string]string{
		"http://127.0.0.1.example/callback": "http://127.0.0.1:80.example/callback",
		"http://127.0.0.1@example/callback": "http://127.0.0.1:80@example/callback",
		"http://127.0.0.1":                  "http://127.0.0.1:80",
		"http://[::1]?a=b":                  "http://[::1]:80?a=b",
		"http://127.0.0.1:x/callback":       "http://127.0.0.1:80/callback",
	} {
		c := login.Client{RedirectURIs: []string{known}}
		if client.MatchRedirect(c, uri) {
			t.Errorf("%s is accepted for %s", uri, known)
		}
		if !client.MatchRedirect(c, known) {
			t.Errorf("%s is not accepted for itself", known)
		}
	}
}

// hostile makes variations of a registered URI that browsers, proxies or careless
// parsers might take for it, or that carry a victim elsewhere.
func hostile(registered string) []string {
	u, err := url.Parse(registered)
	if err != nil {
		panic(err)
	}
	host, path := u.Host, u.Path
	hosts := []string{
		"evil.example", host + ".evil.example", "evil" + host, "evil-" + host, host + "evil.example", "evil.example/" + host,
		host + "@evil.example", "user@" + host, "user:pass@" + host, host + ":pass@evil.example", "evil.example@" + host,
		host + "%40evil.example", host + "%2eevil.example", host + "%2f.evil.example", host + "%00.evil.example", host + "%0d%0a.evil.example",
		host + "\\.evil.example", host + "\\@evil.example", host + "/@evil.example", host + "#@evil.example", host + "?@evil.example",
		host + ":8443", host + ":80", host + ":443", host + ":", host + ".", "." + host, "sub." + host, "*." + host, "*",
		strings.ToUpper(host), strings.Replace(host, "a", "A", 1), strings.Replace(host, ".", "。", 1), strings.Replace(host, ".", "．", 1),
		strings.Replace(host, "a", "а", 1), strings.Replace(host, "e", "ｅ", 1), strings.Replace(host, "e", "\u00ad"+"e", 1), strings.Replace(host, ".", "%2e", 1),
		strings.Replace(host, "app", "app\u200b", 1), strings.Replace(host, "app", "xn--app", 1), host + "\t", host + "\n", host + " ", "\t" + host,
		"[" + host + "]", "localhost", "127.0.0.1", "[::1]", "0", "", "169.254.169.254",
	}
	paths := []string{
		path, path + "/", path + "//", path + "/..", path + "/../evil", path + "/%2e%2e/evil", path + "/..%2fevil", path + "/..;/evil", path + ";a=b",
		path + "?", path + "?a=b", path + "?redirect=https://evil.example", path + "#", path + "#fragment", path + "%23", path + "%3f", path + "&a=b",
		path + "%00", path + "\x00", path + "%0d%0aLocation:%20https://evil.example", path + "\r\nLocation: https://evil.example", path + "\n", path + " ", path + "%20",
		path + ".html", path + "x", path[:len(path)-1], "/", "", "/evil", "//evil.example" + path, "/\\evil.example", "\\" + path, "/." + path, "/.." + path, "/x/.." + path,
		"/%2e" + path, "/" + path, strings.ToUpper(path), "/%72eturn", "/retur%6e", "/r%C3%A9turn", "/return\u200b", "/ｒeturn", strings.Replace(path, "e", "е", 1),
	}
	schemes := []string{"https://", "http://", "HTTPS://", "https:/", "https:", "https:///", "//", "", "https:\\\\", "httpss://", "javascript://", "data:text/html,", "ftp://", " https://", "\thttps://", "ht\ntps://", "view-source:https://", "https%3a//", "com.example.app://"}
	var out []string
	add := func(uri string) {
		if uri != registered {
			out = append(out, uri)
		}
	}
	for _, h := range append([]string{host}, hosts...) {
		for _, p := range paths {
			add("https://" + h + p)
			add("http://" + h + p)
		}
	}
	for _, s := range schemes {
		for _, p := range paths {
			add(s + host + p)
		}
		for _, h := range hosts {
			add(s + h + path)
		}
	}
	for i := range registered {
		add(registered[:i])
		add(registered[i:])
		add(registered[:i] + fmt.Sprintf("%%%02x", registered[i]) + registered[i+1:])
		add(registered[:i] + fmt.Sprintf("%%%02X", registered[i]) + registered[i+1:])
		add(registered[:i] + fmt.Sprintf("%%25%02x", registered[i]) + registered[i+1:])
		for _, extra := range []string{"\x00", "\t", "\r\n", " ", "/", "\\", ".", "@", ":", "#", "?", "%", "*", "\u202e", "\ufeff", "ﬀ", "..", "ı"} {
			add(registered[:i] + extra + registered[i:])
			add(registered[:i] + extra + registered[i+1:])
		}
	}
	for _, join := range []string{"", " ", ",", ";", "|", "&", "\n", "\x00", "@", "/"} {
		add(registered + join + "https://evil.example")
		add("https://evil.example" + join + registered)
		add(registered + join + registered)
	}
	return out
}

func TestThreat14RedirectCorpus(t *testing.T) {
	t.Parallel()
	c := login.Client{ID: "app", RedirectURIs: []string{webURI}, PostLogoutRedirectURIs: []string{webURI}}
	corpus := hostile(webURI)
	slices.Sort(corpus)
	corpus = slices.Compact(corpus)
	if len(corpus) < 5000 {
		t.Fatalf("the corpus has shrunk to %d", len(corpus))
	}
	for _, uri := range corpus {
		if client.MatchRedirect(c, uri) || client.MatchLogoutRedirect(c, uri) {
			t.Errorf("%q is accepted", uri)
		}
	}
}

// The same tricks around a loopback URI: only the port may differ.
func TestThreat14LoopbackCorpus(t *testing.T) {
	t.Parallel()
	for _, registered := range []string{loopback4, loopback6, "http://127.0.0.1:8080/a/callback"} {
		c := login.Client{ID: "app", RedirectURIs: []string{registered}}
		for _, uri := range hostile(registered) {
			if client.MatchRedirect(c, uri) && !onlyPortDiffers(t, registered, uri) {
				t.Errorf("%q is accepted for %q", uri, registered)
			}
		}
	}
}

func onlyPortDiffers(t *testing.T, a, b string) bool {
	t.Helper()
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	if errA != nil || errB != nil {
		return false
	}
	ua.Host, ub.Host = ua.Hostname(), ub.Hostname()
	return *ua == *ub
}

func TestThreat14OnlyTheSameBytesMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "known")
		uri := rapid.OneOf(rapid.String(), rapid.SampledFrom(append([]string{"x"}, known...))).Draw(t, "uri")
		want := slices.Contains(known, uri)
		if got := client.MatchRedirect(login.Client{RedirectURIs: known}, uri); got != want {
			t.Fatalf("%q among %q: %v", uri, known, got)
		}
	})
}

// Whatever is accepted leads, by the rules of the URL parser, to the host, path and
// scheme of a registered URI.
func FuzzMatchRedirect(f *testing.F) {
	for _, uri := range append(app().RedirectURIs, "http://127.0.0.1:80@evil.example/callback", "https://app.example.com/return/", "http://[::1]:1/callback", "http://127.0.0.1:1\\/callback") {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !client.MatchRedirect(app(), uri) || slices.Contains(app().RedirectURIs, uri) {
			return
		}
		if !onlyPortDiffers(t, loopback4, uri) && !onlyPortDiffers(t, loopback6, uri) {
			t.Errorf("%q is accepted", uri)
		}
	})
}
