package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// spoiler makes requests bad.
type spoiler struct {
	random *rand.Rand
	book   *book
}

// maxSpoils bounds how much is wrong with one request: more only hides one mistake
// behind another.
const maxSpoils = 3

// spoil returns a request of the book with up to three things wrong; one in twelve
// is sent as it is.
func (s spoiler) spoil() request {
	r := pick(s.random, s.book.of(pick(s.random, sources))).copied()
	r.mark = fmt.Sprintf("qz%08x", s.random.Uint32())
	if s.random.IntN(12) == 0 {
		return r
	}
	for range 1 + s.random.IntN(maxSpoils) {
		pick(s.random, waysToSpoil)(s, &r)
	}
	return r
}

// sources are where requests are learned; those that know more come oftener.
var sources = []string{"discovery", "discovery", "discovery", "openapi", "openapi", "scim", "page", "page", "form", "form"}

func pick[T any](random *rand.Rand, of []T) T { return of[random.IntN(len(of))] }

// waysToSpoil are the things that can be wrong. Values are the likeliest.
var waysToSpoil = []func(s spoiler, r *request){
	spoiler.value, spoiler.value, spoiler.value, spoiler.value, spoiler.value, spoiler.foreignID, spoiler.foreignID,
	spoiler.value, spoiler.value, spoiler.drop, spoiler.twice, spoiler.segment, spoiler.method, spoiler.head, spoiler.head, spoiler.bytes, spoiler.cookie, spoiler.stranger, spoiler.extra,
}

// value puts a payload in place of a value, or behind it.
func (s spoiler) value(r *request) {
	payload := s.payload(r)
	if r.json != nil && (len(r.query) == 0 || s.random.IntN(4) > 0) {
		r.json = s.jsonValue(r.json, payload)
		return
	}
	values, name := s.parameter(r)
	if values == nil {
		s.segment(r)
		return
	}
	if s.random.IntN(5) == 0 {
		payload = values.Get(name) + payload
	}
	values.Set(name, payload)
}

// parameter chooses one; nil when there are none.
func (s spoiler) parameter(r *request) (url.Values, string) {
	values := r.form
	if len(values) == 0 || len(r.query) > 0 && s.random.IntN(3) == 0 {
		values = r.query
	}
	if len(values) == 0 {
		return nil, ""
	}
	return values, pick(s.random, slices.Sorted(maps.Keys(values)))
}

// jsonValue replaces one value somewhere in a document.
func (s spoiler) jsonValue(v any, payload string) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || s.random.IntN(10) == 0 {
			return s.jsonOddity(payload)
		}
		name := pick(s.random, slices.Sorted(maps.Keys(v)))
		v[name] = s.jsonValue(v[name], payload)
		return v
	case []any:
		if len(v) == 0 || s.random.IntN(5) == 0 {
			return s.jsonOddity(payload)
		}
		i := s.random.IntN(len(v))
		v[i] = s.jsonValue(v[i], payload)
		return v
	default:
		return s.jsonOddity(payload)
	}
}

func (s spoiler) jsonOddity(payload string) any {
	return pick(s.random, []any{
		payload, payload, payload, nil, true, -1, 1e300, json.Number("123456789012345678901234567890"),
		[]any{payload},
		map[string]any{payload: payload},
		[]any{},
		map[string]any{},
		"", "9999-12-31", "0000-00-00", "2030-02-30", json.RawMessage(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)),
	})
}

// foreignID puts in an id that belongs somewhere else, or to somebody else.
func (s spoiler) foreignID(r *request) {
	id := pick(s.random, s.book.ids)
	if values, name := s.parameter(r); values != nil && s.random.IntN(2) == 0 {
		values.Set(name, id)
		return
	}
	s.inPath(r, url.PathEscape(id))
}

func (s spoiler) drop(r *request) {
	if values, name := s.parameter(r); values != nil {
		values.Del(name)
	} else if object, ok := r.json.(map[string]any); ok && len(object) > 0 {
		delete(object, pick(s.random, slices.Sorted(maps.Keys(object))))
	}
}

func (s spoiler) twice(r *request) {
	if values, name := s.parameter(r); values != nil {
		values.Add(name, pick(s.random, []string{values.Get(name), s.payload(r), ""}))
	}
}

func (s spoiler) extra(r *request) {
	values := r.form
	if values == nil {
		if r.query == nil {
			r.query = url.Values{}
		}
		values = r.query
	}
	values.Set(pick(s.random, oddNames), s.payload(r))
}

// segment spoils the path.
func (s spoiler) segment(r *request) {
	s.inPath(r, pick(s.random, []string{
		url.PathEscape(s.payload(r)), "..", "%2e%2e", "%00", "%2f", ".", "", "-", "%ff%fe", "%", strings.Repeat("a", 4000), "%F0%9F%A6%8A", r.mark,
	}))
}

func (s spoiler) inPath(r *request, segment string) {
	segments := strings.Split(r.path, "/")
	i := len(segments) - 1
	if i > 1 && s.random.IntN(2) == 0 {
		i = 1 + s.random.IntN(i)
	}
	if s.random.IntN(6) == 0 {
		segments = append(segments, segment)
	} else {
		segments[i] = segment
	}
	r.path = strings.Join(segments, "/")
}

func (s spoiler) method(r *request) {
	r.method = pick(s.random, []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "TRACE", "PROPFIND", "get", "QZ",
	})
}

// head adds or replaces a header.
func (s spoiler) head(r *request) {
	h := pick(s.random, oddHeaders)
	value := h.value
	if value == "" {
		value = s.payload(r)
	}
	r.header[h.name] = []string{strings.ReplaceAll(value, "MARK", r.mark)}
}

// bytes spoils the body as bytes.
func (s spoiler) bytes(r *request) {
	body, kind := r.body()
	if kind == "" {
		kind = "application/x-www-form-urlencoded"
	}
	r.header.Set("Content-Type", pick(s.random, []string{kind, kind, kind, "application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16", "text/csv", ""}))
	switch s.random.IntN(7) {
	case 0:
		body = body[:s.random.IntN(len(body)+1)]
	case 1:
		body = append(slices.Clone(body), body...)
	case 2:
		body = bytes.Repeat([]byte("a="+r.mark+"&"), 1+s.random.IntN(8000))
	case 3:
		body = append([]byte("\xef\xbb\xbf"), body...)
	case 4:
		body = []byte(s.payload(r))
	case 5:
		body = []byte(strings.Repeat("%", 1+s.random.IntN(50)))
	default:
		body = slices.Clone(body)
		for range min(len(body), 4) {
			body[s.random.IntN(len(body))] = byte(s.random.Uint32())
		}
	}
	r.raw = append([]byte{}, body...)
}

func (s spoiler) cookie(r *request) {
	if len(r.cookies) == 0 || s.random.IntN(3) == 0 {
		r.cookies = append(r.cookies, &http.Cookie{Name: pick(s.random, []string{"__Host-avain", "__Host-session", "avain", "lang", r.mark}), Value: r.mark})
		return
	}
	spoilt := *pick(s.random, r.cookies)
	spoilt.Value = pick(s.random, []string{"", r.mark, spoilt.Value[:len(spoilt.Value)/2], spoilt.Value + "A", strings.Repeat("c", 5000)})
	r.cookies = []*http.Cookie{&spoilt}
}

// stranger takes away what proves who asks.
func (s spoiler) stranger(r *request) {
	switch s.random.IntN(5) {
	case 0:
		r.cookies = nil
	case 1:
		r.app = nil
	case 2:
		r.token = ""
	case 3:
		r.header.Del("Authorization")
	default:
		r.header.Set("Sec-Fetch-Site", "cross-site")
		r.header.Set("Origin", "https://evil.example")
	}
}
