package console

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzOwnPage: wherever a link says to go after signing in, it is a page of the console.
func FuzzOwnPage(f *testing.F) {
	for _, seed := range []string{
		"/console/", "/console/people/x?lang=sv", "//evil.example/console/", "https://evil.example/console/", `/console/\evil`, "/console/../metrics",
		"/console/%2e%2e/metrics", "/console//evil", "javascript:alert(1)", "/consoles", "", "\x00", "/console/\n", "/console/%", "/console/?next=//x", "/console/#//x",
	} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "support.example.com", Path: "/console/sign-in"}
	f.Fuzz(func(t *testing.T, next string) {
		page := ownPage(next)
		to, err := base.Parse(page)
		if err != nil || to.Scheme != "https" || to.Host != base.Host || !strings.HasPrefix(to.EscapedPath(), Root) {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
		if strings.Contains(to.Path, "..") || strings.ContainsAny(page, "\\\x00\r\n") {
			t.Errorf("%q leads to %q", next, page)
		}
	})
}
