package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Page is one page to show.
type Page struct {
	Template *Template
	Title    string // key of the text that names it
	Values   []any  // values of the title: pairs of name and value
	Data     any    // "." in the template

	// FormAction are origins or schemes, beside our own, that a form of this page
	// may lead to, also by redirects: see [FormTarget].
	FormAction []string

	// Refresh reloads the page after so long, without script.
	Refresh time.Duration
	// RefreshTo is the path of ours that is loaded then; empty means the page itself.
	RefreshTo string
	// leaveFor is the client's address to which the page goes on at once: see [Kit.Leave].
	leaveFor string

	Feed string // path of ours of an Atom feed of what the page shows; may be empty

	// Public lets anybody keep the page for so long, browsers and caches on the way: it is
	// the same for everybody, and holds no support code.
	Public time.Duration
	// Codeless leaves the support code out: nothing failed here, and whoever reads the
	// page may have another code to tell.
	Codeless bool

	Scripts  bool       // the page brings scripts of ours; login pages never do
	Passkeys bool       // its scripts may make and use passkeys
	Self     string     // path of ours where the language switch leads; empty means the page's own
	Keep     url.Values // what stays in the query when the language is switched: never a secret
}

// layout is what layout.html shows around a page.
type layout struct {
	Title     string
	Lang      string
	Brand     Brand
	Switch    []choice
	Support   string
	Data      any
	Feed      string
	StylePath string
	LogoPath  string
}

// choice is one language of the switch.
type choice struct {
	Lang    string
	Name    string // in its own language
	Address string
	Current bool
}

// Render shows a page in the language of the request. Nothing has been answered
// when it returns an error.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, page Page) error {
	lang := k.Language(r)
	title, err := k.Text(lang, page.Title, page.Values...)
	if err != nil {
		return err
	}
	support := ""
	if page.Public == 0 && !page.Codeless {
		tells(r, page.Title)
		support = SupportCode(r.Context())
	}
	shown, err := page.Template.byLang[lang]()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = shown.ExecuteTemplate(&b, "layout", layout{
		Title: title, Lang: lang, Brand: k.cfg.Brand, Switch: k.languageSwitch(r, page.Self, page.Keep, lang),
		Support: support, Data: page.Data, Feed: ownPath(page.Feed),
		StylePath: k.Asset(styleSheet), LogoPath: k.Asset(k.cfg.Brand.Logo),
	})
	if err != nil {
		return fmt.Errorf("render %s: %w", page.Template.name, err)
	}
	k.rememberLanguage(w, r)
	h := w.Header()
	k.secureHeaders(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Add("Vary", "Accept-Encoding, Accept-Language, Cookie")
	h.Set("Content-Security-Policy", policy(page.FormAction, page.Scripts))
	if page.Passkeys {
		h.Set("Permissions-Policy", passkeysAllowed)
	}
	if page.leaveFor != "" {
		h.Set("Refresh", "0; url="+page.leaveFor)
	} else if page.Refresh > 0 {
		// The header, not a meta element: it reloads all the same, and the page
		// stays the same for a screen reader until its content differs.
		refresh := strconv.Itoa(max(1, int(page.Refresh.Seconds())))
		if to := ownPath(page.RefreshTo); to != "" {
			refresh += "; url=" + to
		}
		h.Set("Refresh", refresh)
	}
	if _, switched := k.switchedTo(r); page.Public > 0 && !switched { // the switch sets a cookie
		Public(w, page.Public)
		if NotModified(w, r, b.Bytes()) {
			return nil
		}
	}
	if page.leaveFor != "" { // a code next to a state, which somebody else may have chosen
		send(w, r, status, b.Bytes())
		return nil
	}
	sendHTML(w, r, status, b.Bytes())
	return nil
}

// tells notes the reason that a page is called by. Its support code must lead to what the
// page says also where no error was answered.
func tells(r *http.Request, title string) {
	reason, ok := strings.CutPrefix(title, "reason.")
	if reason, named := strings.CutSuffix(reason, ".title"); ok && named {
		noteUnless(r.Context(), FieldReason, reason)
	}
}

// languageSwitch links the page in its other languages, by the query alone: a path may
// hold the ticket of an invitation, and a page that is saved or sent to support must not
// hold it too. What came in the query, a state or a code, is not kept either, and what a
// form has answered cannot be fetched again.
func (k *Kit) languageSwitch(r *http.Request, self string, keep url.Values, current string) []choice {
	if len(k.cfg.Languages) < 2 {
		return nil
	}
	if self == "" {
		query := r.URL.Query()
		query.Del(langParam)
		if (r.Method != http.MethodGet && r.Method != http.MethodHead) || len(query) > 0 {
			return nil
		}
	} else if ownPath(self) == "" {
		return nil // "//evil.example" would be another site
	}
	names := map[string]string{Finnish: "Suomi", Swedish: "Svenska", English: "English"}
	choices := make([]choice, 0, len(k.cfg.Languages))
	for _, lang := range k.cfg.Languages {
		choices = append(choices, choice{
			Lang: lang, Name: names[lang], Address: self + "?" + switched(keep, lang), Current: lang == current,
		})
	}
	return choices
}

func switched(keep url.Values, lang string) string {
	query := url.Values{langParam: {lang}}
	maps.Copy(query, keep)
	return query.Encode()
}

// smallest is the size below which compressing a page does not pay, in bytes.
const smallest = 1 << 10

// gzipWriters compress fast rather than well: a page is small, and every login
// pays for it.
var gzipWriters = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		return nil // never: the level is a constant of the library
	}
	return z
}}

// sendHTML answers, compressed when the browser can. Compression beside secrets
// would leak them (BREACH), but no page that comes through here repeats what a request
// brought next to a secret: codes travel in redirects and secrets in cookies.
func sendHTML(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	if len(body) >= smallest && acceptsGzip(r) {
		if small, ok := compress(body); ok {
			w.Header().Set("Content-Encoding", "gzip")
			body = small
		}
	}
	send(w, r, status, body)
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the browser has gone; there is nobody left to tell
	}
}

func compress(body []byte) ([]byte, bool) {
	z, ok := gzipWriters.Get().(*gzip.Writer)
	if !ok {
		return nil, false
	}
	defer gzipWriters.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	if _, err := z.Write(body); err != nil {
		return nil, false
	}
	if err := z.Close(); err != nil {
		return nil, false
	}
	return b.Bytes(), true
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as browsers use it.
func acceptsGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(part string) bool {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return false
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		if !found {
			return true
		}
		value, err := strconv.ParseFloat(q, 64)
		return err == nil && value > 0
	})
}
