package news_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
	"avain/internal/public/news"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
)

const base = "https://login.example.com"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// board says the same to everybody.
type board struct{ current, past []operations.Notice }

func (b *board) Everybody(context.Context) (current, past []operations.Notice) {
	return b.current, b.past
}

type world struct {
	http.Handler
	*board
}

func newWorld(t testing.TB) world {
	t.Helper()
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	kit, err := web.New(web.Config{BaseURL: address, Brand: web.Brand{Name: "SmartumPay", Company: "Smartum & Co <Oy>"}})
	if err != nil {
		t.Fatal(err)
	}
	w, mux := world{board: &board{}}, http.NewServeMux()
	news.New(news.Deps{
		Board: w.board, Web: kit, BaseURL: base, Languages: []string{"fi", "sv", "en"}, Publisher: "Smartum & Co <Oy>",
		Now:   func() time.Time { return noon },
		Means: func(_ context.Context, lang, id string) string { return "Pankki " + id + " " + lang },
	}).Mount(mux)
	w.Handler = kit.Middleware(mux)
	return w
}

func (w world) get(t testing.TB, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got := httptest.NewRecorder()
	w.ServeHTTP(got, r)
	return got
}

func notice(id, title, text string, from time.Time) operations.Notice {
	return operations.Notice{
		ID: id, Severity: operations.SeverityWarning, From: from, CreatedAt: from, ChangedAt: from,
		Words: map[string]operations.NoticeWords{"fi": {Title: title, Text: text}, "sv": {Title: title + " sv", Text: text}},
	}
}

func sample() *board {
	opera := notice("AAAAAAAAAAAAAAAAAAAAAA", "Opera", "Rivi yksi\nRivi kaksi", time.Date(2022, 5, 31, 9, 0, 0, 0, time.UTC))
	opera.Audience = operations.Audience{Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera"}}}
	opera.Act.First = login.MethodLink
	over := notice("-_AAAAAAAAAAAAAAAAAAAA", "Huolto", "", noon.Add(-48*time.Hour))
	over.Until = noon.Add(-24 * time.Hour)
	over.Audience.Means = []string{"op"}
	return &board{[]operations.Notice{opera}, []operations.Notice{over}}
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if body := w.get(t, "/news?lang=en").Body.String(); !strings.Contains(body, "There is nothing to tell right now") || strings.Contains(body, "<article") {
		t.Errorf("nothing to tell: %s", body)
	}
	*w.board = *sample()
	got := w.get(t, "/news?lang=fi")
	body := got.Body.String()
	at := -1
	for _, want := range []string{ // in this order
		`<link rel="alternate" href="/news.atom?lang=fi" type="application/atom+xml">`, "<h1>Uutiset</h1>",
		`<article class="news" id="notice-AAAAAAAAAAAAAAAAAAAAAA"`, `<time datetime="2022-05-31">31. toukokuuta 2022</time>`, "Opera</a></h3>",
		"Rivi yksi\nRivi kaksi", "Koskee vain näitä: laite Android; selain Opera.", "Aiemmat uutiset",
		`<article class="news over" id="notice--_AAAAAAAAAAAAAAAAAAAA"`, "Päättyi 21. marraskuuta 2026", "Pankki op fi", `href="/news.atom?lang=fi"`,
	} {
		next := strings.Index(body[at+1:], want)
		if next < 0 {
			t.Errorf("%q is missing, or stands too early:\n%s", want, body)
			continue
		}
		at += 1 + next
	}
	if got.Code != http.StatusOK || strings.Contains(body, "ensimmäisenä") || strings.Contains(body, "<script") {
		t.Errorf("%d, or too much said: %s", got.Code, body)
	}
	if body := w.get(t, "/news?lang=en").Body.String(); !strings.Contains(body, "Opera</a></h3>") || !strings.Contains(body, "31 May 2022") {
		t.Error("a notice without words in the language is not shown in another")
	}
}

func (w world) feed(t testing.TB, path string) (*httptest.ResponseRecorder, *atom.Feed) {
	t.Helper()
	got := w.get(t, path)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Fatalf("%s: %d %s %s", path, got.Code, got.Header(), got.Body)
	}
	strict(t, got.Body.Bytes())
	feed, err := (&atom.Parser{}).Parse(bytes.NewReader(got.Body.Bytes()))
	if err != nil {
		t.Fatalf("a reader of feeds refuses it: %v\n%s", err, got.Body)
	}
	return got, feed
}

// strict reads XML to its end, and refuses what is not well-formed or not a character of XML.
func strict(t testing.TB, document []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%q", err, document)
		}
	}
}

// The feed, as a parser reads it that we did not write: every element that RFC 4287
// demands, ids that are URIs, times that are times.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	*w.board = *sample()
	_, feed := w.feed(t, "/news.atom")
	if feed.Title != "SmartumPay: kirjautumisen uutiset" || feed.ID != "tag:login.example.com,2026:news/fi" || feed.Language != "fi" ||
		len(feed.Authors) != 1 || feed.Authors[0].Name != "Smartum & Co <Oy>" || feed.UpdatedParsed == nil || !feed.UpdatedParsed.Equal(noon.Add(-24*time.Hour)) {
		t.Errorf("%+v", feed)
	}
	rels := map[string]string{}
	for _, l := range feed.Links {
		rels[l.Rel] = l.Href
	}
	if rels["self"] != base+"/news.atom?lang=fi" || rels["alternate"] != base+"/news?lang=fi" {
		t.Errorf("links %v", rels)
	}
	if len(feed.Entries) != 2 {
		t.Fatalf("%d entries", len(feed.Entries))
	}
	e := feed.Entries[0]
	if e.Title != "Opera" || e.Summary != "Rivi yksi\nRivi kaksi" || e.ID != "tag:login.example.com,2026:notice/AAAAAAAAAAAAAAAAAAAAAA/fi" ||
		e.Links[0].Href != base+"/news?lang=fi#notice-AAAAAAAAAAAAAAAAAAAAAA" || e.Categories[0].Term != "warning" ||
		!e.PublishedParsed.Equal(time.Date(2022, 5, 31, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
	if e = feed.Entries[1]; e.Summary != "Huolto" || !e.UpdatedParsed.Equal(noon.Add(-24*time.Hour)) {
		t.Errorf("%+v", e)
	}
	if _, sv := w.feed(t, "/news.atom?lang=sv"); sv.Language != "sv" || sv.Entries[0].Title != "Opera sv" || sv.Entries[0].ID == feed.Entries[0].ID {
		t.Errorf("sv: %+v", sv)
	}
	*w.board = board{}
	if _, empty := w.feed(t, "/news.atom"); len(empty.Entries) != 0 || empty.UpdatedParsed == nil {
		t.Errorf("empty: %+v", empty)
	}
	if read, err := gofeed.NewParser().ParseString(w.get(t, "/news.atom").Body.String()); err != nil || read.FeedType != "atom" {
		t.Errorf("taken for %v, %v", read, err)
	}
	if got := w.get(t, "/news.atom?lang=%3Cx%3E"); got.Code != http.StatusBadRequest || strings.Contains(got.Body.String(), "<x>") {
		t.Errorf("an unknown language: %d %s", got.Code, got.Body)
	}
}

func TestFeedIsFetchedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	*w.board = *sample()
	first, _ := w.feed(t, "/news.atom?lang=fi")
	etag := first.Header().Get("ETag")
	if !regexp.MustCompile(`^"[0-9a-f]{24}"$`).MatchString(etag) || first.Header().Get("Cache-Control") != "public, max-age=60" || first.Header().Get("Set-Cookie") != "" {
		t.Errorf("%v", first.Header())
	}
	if got := w.get(t, "/news.atom?lang=fi", "If-None-Match", etag); got.Code != http.StatusNotModified || got.Body.Len() != 0 {
		t.Errorf("the same again: %d", got.Code)
	}
	if again := w.get(t, "/news.atom?lang=fi", "Accept-Language", "sv"); again.Body.String() != first.Body.String() {
		t.Error("copies of the feed would differ by reader")
	}
	w.past = nil
	if got := w.get(t, "/news.atom?lang=fi", "If-None-Match", etag); got.Code != http.StatusOK {
		t.Errorf("changed: %d", got.Code)
	}
}

// payloads would be markup, script, another element or another text direction.
func payloads() []string {
	all := []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onmouseover='alert(1)", "]]><entry><id>x</id></entry>", "</summary></entry></feed>",
		"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;", "&lt;b&gt;", "&#60;b&#62;", "<?xml version=\"1.0\"?>", "{{.}}", "javascript:alert(1)",
		"<a href=\"javascript:alert(1)\">x</a>", "<style>*{display:none}</style>", "<!--", "-->", "\u202eevil", "\u2028", "a\x00b\x0bc\x1b[31m", "\xff\xfe", "\ufffe",
	}
	for c := range rune(0x20) {
		all = append(all, "a"+string(c)+"b")
	}
	return all
}

// Whatever got into the database, it is text on the page and in the feed (threat 23).
func TestThreat23NewsAreText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tags := regexp.MustCompile(`</?[a-zA-Z!?][^>]*`)
	shape := func(body string) string {
		found := tags.FindAllString(body, -1)
		for i := range found {
			found[i], _, _ = strings.Cut(found[i], " ")
		}
		return strings.Join(found, " ")
	}
	paths := []string{"/news", "/news.atom"}
	*w.board = board{current: []operations.Notice{notice("x", "word", "word", noon)}}
	harmless := map[string]string{}
	for _, path := range paths {
		harmless[path] = shape(w.get(t, path).Body.String())
	}
	for _, payload := range payloads() {
		*w.board = board{current: []operations.Notice{notice("x", payload, payload, noon)}}
		if got := w.get(t, "/news").Body.String(); shape(got) != harmless["/news"] {
			t.Errorf("%q made markup on the page:\n%s", payload, got)
		}
		w.current[0].Severity = operations.Severity(payload)
		if body := w.get(t, "/news.atom").Body.String(); shape(body) != harmless["/news.atom"] {
			t.Errorf("%q made markup in the feed:\n%s", payload, body)
		}
		_, feed := w.feed(t, "/news.atom")
		if len(feed.Entries) != 1 || feed.Entries[0].ID != "tag:login.example.com,2026:notice/x/fi" {
			t.Errorf("%q: %+v", payload, feed.Entries)
		}
	}
}

func FuzzFeed(f *testing.F) {
	for _, seed := range payloads() {
		f.Add(seed, seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, title, text string) {
		*w.board = board{current: []operations.Notice{notice("x", title, text, noon)}}
		if _, feed := w.feed(t, "/news.atom"); len(feed.Entries) != 1 || strings.ContainsAny(feed.Entries[0].Title, "\x00\x1b") {
			t.Errorf("%q %q: %+v", title, text, feed.Entries)
		}
	})
}
