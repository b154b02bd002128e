package robot

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Browser keeps cookies and follows redirects, those of pages too (Refresh), up to the app's redirect URI.
type Browser struct {
	HTTP  *http.Client // must not follow redirects; has a cookie jar
	Agent string       // User-Agent; empty: Go's own
	Stop  string       // prefix of addresses that it does not open: the app's
	Visit func(string) // told of every address it opens; may be nil
}

// NewBrowser makes a browser with an empty cookie jar over a transport.
func NewBrowser(transport http.RoundTripper, stop string) *Browser {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &Browser{
		HTTP: &http.Client{Transport: transport, Jar: jar, CheckRedirect: NoRedirect}, Stop: stop,
	}
}

// NoRedirect makes a client return redirects instead of following them.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Page is what the browser shows: the last page, or the address of the app that it
// was sent to.
type Page struct {
	URL    string
	Status int
	Body   string
	Header http.Header
	App    string // set when the browser would now open the app
}

// Open goes to an address.
func (b *Browser) Open(ctx context.Context, address string) (Page, error) {
	return b.walk(ctx, http.MethodGet, address, address, nil)
}

// Submit posts a form of a page on the same site.
func (b *Browser) Submit(ctx context.Context, address string, form url.Values) (Page, error) {
	return b.walk(ctx, http.MethodPost, address, address, form)
}

// SubmitFrom posts a form of a page at another address.
func (b *Browser) SubmitFrom(ctx context.Context, from, address string, form url.Values) (Page, error) {
	return b.walk(ctx, http.MethodPost, from, address, form)
}

// walk follows redirects the way browsers do: everything after the first request is
// a GET.
func (b *Browser) walk(ctx context.Context, method, from, address string, form url.Values) (Page, error) {
	for range 20 {
		if b.Stop != "" && strings.HasPrefix(address, b.Stop) {
			return Page{App: address}, nil
		}
		if b.Visit != nil {
			b.Visit(address)
		}
		page, next, err := b.step(ctx, method, address, from, form)
		if err != nil || next == "" {
			return page, err
		}
		from, address, method, form = address, next, http.MethodGet, nil
	}
	return Page{}, fmt.Errorf("more than 20 redirects, the last to %s", address)
}

func (b *Browser) step(ctx context.Context, method, address, from string, form url.Values) (Page, string, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return Page{}, "", err
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	if b.Agent != "" {
		r.Header.Set("User-Agent", b.Agent)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site(from, address))
	}
	answer, err := b.HTTP.Do(r)
	if err != nil {
		return Page{}, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return Page{}, "", err
	}
	page := Page{URL: address, Status: answer.StatusCode, Body: string(text), Header: answer.Header}
	if away, ok := strings.CutPrefix(answer.Header.Get("Refresh"), "0; url="); ok {
		return page, away, nil
	}
	if answer.StatusCode < 300 || answer.StatusCode > 399 {
		return page, "", nil
	}
	location, err := r.URL.Parse(answer.Header.Get("Location"))
	if err != nil {
		return page, "", fmt.Errorf("redirect to nowhere: %w", err)
	}
	return page, location.String(), nil
}

// site is the Sec-Fetch-Site of a form that a page at from sends to address.
func site(from, address string) string {
	a, errA := url.Parse(from)
	b, errB := url.Parse(address)
	if errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host {
		return "same-origin"
	}
	return "cross-site"
}
