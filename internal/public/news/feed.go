package news

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

// atom is a feed (RFC 4287). The package encoding/xml escapes every text, so that no
// notice can close an element or open another.
type atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string   `xml:"xml:lang,attr"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  string   `xml:"author>name"`
	Links   []link   `xml:"link"`
	Entries []entry  `xml:"entry"`
}

type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Lang string `xml:"hreflang,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type entry struct {
	ID        string   `xml:"id"`
	Title     text     `xml:"title"`
	Published string   `xml:"published"`
	Updated   string   `xml:"updated"`
	Link      link     `xml:"link"`
	Category  category `xml:"category"`
	Summary   text     `xml:"summary"`
}

// text is plain text: readers must not take it for markup (RFC 4287 §3.1.1.1).
type text struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type category struct {
	Term string `xml:"term,attr"`
}

// feedLife is how long the feed may be kept, in seconds.
const feedLife = "public, max-age=60"

// feed answers the news of one language, ?lang=, else the first one. The language of the
// browser does not count: a reader of feeds has none, and copies of the feed may be kept
// in between.
func (f *Feature) feed(w http.ResponseWriter, r *http.Request) error {
	lang := f.d.Languages[0]
	if asked := r.URL.Query().Get("lang"); asked != "" {
		if !slices.Contains(f.d.Languages, asked) {
			return fault.BadParam("lang", "must be one of "+strings.Join(f.d.Languages, ", "))
		}
		lang = asked
	}
	body, err := f.document(r, lang)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("Content-Type", "application/atom+xml; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", feedLife)
	h.Set("ETag", etag)
	// Anybody may show the news, on any site.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

func (f *Feature) document(r *http.Request, lang string) ([]byte, error) {
	title, err := f.d.Web.Text(lang, "news.feed")
	if err != nil {
		return nil, err
	}
	self := f.d.BaseURL + FeedPath + "?lang=" + lang
	page := link{Rel: "alternate", Type: "text/html", Lang: lang, Href: f.d.BaseURL + PagePath + "?lang=" + lang}
	feed := atom{
		Lang: lang, ID: f.tag("news/" + lang), Title: title, Author: f.d.Publisher,
		Links: []link{{Rel: "self", Type: "application/atom+xml", Href: self}, page},
	}
	current, past := f.d.Board.Everybody(r.Context())
	last := time.Unix(0, 0)
	for _, n := range slices.Concat(current, past) {
		at := updated(n, f.d.Now())
		if at.After(last) {
			last = at
		}
		words := n.In(f.readable(lang)...)
		if words.Text == "" {
			words.Text = words.Title
		}
		here := page
		here.Href += "#" + anchor(n)
		feed.Entries = append(feed.Entries, entry{
			ID: f.tag("notice/" + n.ID + "/" + lang), Title: text{"text", words.Title}, Summary: text{"text", words.Text},
			Published: stamp(n.From), Updated: stamp(at), Link: here, Category: category{string(n.Severity)},
		})
	}
	feed.Updated = stamp(last)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(feed); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// anchor is where a notice stands on the page.
func anchor(n operations.Notice) string { return "notice-" + n.ID }

// tag is an id that stays the same for ever (RFC 4151), whatever the address becomes.
func (f *Feature) tag(what string) string {
	host := "localhost"
	if u, err := url.Parse(f.d.BaseURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return "tag:" + host + ",2026:" + what
}

// updated is when the notice last said something new: it began, changed or ended.
func updated(n operations.Notice, now time.Time) time.Time {
	last := n.ChangedAt
	for _, at := range []time.Time{n.From, n.Ended()} {
		if at.After(last) && !at.After(now) {
			last = at
		}
	}
	return last
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
