package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/testkit/robot"
)

// request is a request that the service understands, and after it was spoiled one
// that it may not.
type request struct {
	from   string // where it was learned: discovery, openapi, scim, page, form
	method string
	origin string // scheme and host
	path   string // as it goes over the wire
	query  url.Values
	header http.Header

	form url.Values // the body, unless json or raw is set
	json any
	raw  []byte

	cookies []*http.Cookie
	app     *robot.App // proves its key; nil: nobody does
	token   string     // access token that goes with the proof
	mark    string     // stands in everything that was put in
}

// copied shares nothing with r that may be changed.
func (r request) copied() request {
	r.query, r.form = cloneValues(r.query), cloneValues(r.form)
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	r.json = cloneJSON(r.json)
	r.cookies = slices.Clone(r.cookies)
	return r
}

func cloneValues(v url.Values) url.Values {
	if v == nil {
		return nil
	}
	out := make(url.Values, len(v))
	for name, values := range v {
		out[name] = slices.Clone(values)
	}
	return out
}

func cloneJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for name, member := range out {
			out[name] = cloneJSON(member)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, element := range out {
			out[i] = cloneJSON(element)
		}
		return out
	default:
		return v
	}
}

// waits reports whether the service may rightly take its time: somebody waits for
// news.
func (r request) waits() bool {
	return r.query.Has("seen") || r.form.Has("known") || strings.Contains(r.header.Get("Accept"), "event-stream") || strings.Contains(r.path, "attempt-status")
}

// body is what is sent, with its type when the header names none.
func (r request) body() (body []byte, kind string) {
	switch {
	case r.raw != nil:
		return r.raw, r.header.Get("Content-Type")
	case r.json != nil:
		return encodeJSON(r.json), "application/json"
	case r.form != nil:
		return []byte(r.form.Encode()), "application/x-www-form-urlencoded"
	default:
		return nil, ""
	}
}

// build makes a request of net/http. An error means that no HTTP client would send
// it.
func (r request) build(ctx context.Context, nonce string, now time.Time) (*http.Request, error) {
	address := r.origin + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var reader io.Reader
	body, kind := r.body()
	if body != nil {
		reader = strings.NewReader(string(body))
	}
	out, err := http.NewRequestWithContext(ctx, r.method, address, reader)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		out.Header.Set("Content-Type", kind)
	}
	if r.app != nil {
		proof, err := r.app.Key.Prove(robot.Proof{Method: r.method, URL: r.origin + r.path, Nonce: nonce, AccessToken: r.token, At: now})
		if err != nil {
			return nil, err
		}
		out.Header.Set("DPoP", proof)
	}
	if r.token != "" {
		out.Header.Set("Authorization", "DPoP "+r.token)
	}
	for _, c := range r.cookies {
		out.AddCookie(c)
	}
	for name, values := range r.header {
		if name == "Host" {
			out.Host = values[0]
			continue
		}
		out.Header[name] = values
	}
	return out, nil
}
