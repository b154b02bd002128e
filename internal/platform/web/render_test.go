package web_test

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

func TestEveryPreviewInEveryLanguage(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	gallery := kit.Gallery("/demo/pages/", kit.Previews()...)
	for _, lang := range web.Languages() {
		titles := map[string]string{}
		for _, p := range append(kit.Previews(), web.Preview{}) { // the empty name is the list
			w := kit.serve("GET /demo/pages/", gallery, get("/demo/pages/"+p.Name+"?lang="+lang))
			body := text(t, w)
			if w.Header().Get("Content-Language") != lang || !strings.Contains(body, `<html lang="`+lang+`">`) {
				t.Errorf("%s: not in %s", p.Name, lang)
			}
			for _, trace := range []string{"<no value>", "ZgotmplZ", "{{", "%!", "reason."} {
				if strings.Contains(body, trace) {
					t.Errorf("%s in %s shows %q", p.Name, lang, trace)
				}
			}
			title := regexp.MustCompile(`<title>(.*) – SmartumPay</title>`).FindStringSubmatch(body)
			if len(title) != 2 || title[1] == "" || !strings.Contains(body, "<h1>"+title[1]+"</h1>") {
				t.Errorf("%s in %s: title %q is not its heading", p.Name, lang, title)
			} else {
				titles[p.Name] = title[1]
			}
		}
		if titles["logout"] == titles["logged-out"] {
			t.Errorf("%s: two pages have one title", lang)
		}
	}
	if w := kit.serve("GET /demo/pages/", gallery, get("/demo/pages/none")); w.Code != http.StatusNotFound {
		t.Errorf("a page that is none: %d", w.Code)
	}
}

func TestLanguageOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query, cookie string
		locales       []string
		accept        string
		offered       []string
		want          string
	}{
		"nothing":                     {want: "fi"},
		"switch first":                {query: "?lang=en", cookie: "sv", locales: []string{"sv"}, accept: "sv", want: "en"},
		"switch a moment ago":         {cookie: "en", locales: []string{"sv"}, accept: "fi", want: "en"},
		"language of the app":         {locales: []string{"sv-FI"}, accept: "en", want: "sv"},
		"app asks in order":           {locales: []string{"de", "en-GB", "sv"}, want: "en"},
		"app asks for none of ours":   {locales: []string{"de"}, accept: "sv", want: "sv"},
		"browser":                     {accept: "de, en;q=0.7, sv;q=0.8", want: "sv"},
		"browser wants none of ours":  {accept: "de-DE", want: "fi"},
		"switch is garbage":           {query: "?lang=%3Cscript%3E", accept: "en", want: "en"},
		"cookie is garbage":           {cookie: "xx", accept: "en", want: "en"},
		"header is garbage":           {accept: ";;;,,q=", want: "fi"},
		"header is endless":           {accept: strings.Repeat("en,", 10000), want: "fi"},
		"operator's default":          {accept: "de", offered: []string{"sv", "fi"}, want: "sv"},
		"operator does not offer it":  {query: "?lang=en", accept: "en", offered: []string{"sv", "fi"}, want: "sv"},
		"Norwegian reads no Swedish?": {accept: "nb", want: "fi"},
	} {
		kit := newKit(t, func(c *web.Config) { c.Languages = tc.offered })
		r := get("/" + tc.query)
		if tc.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "avain-lang", Value: tc.cookie})
		}
		r.Header.Set("Accept-Language", tc.accept)
		w := kit.serve("GET /", kit.Page(func(_ http.ResponseWriter, r *http.Request) error {
			web.Prefer(r.Context(), tc.locales)
			return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
		}), r)
		if got := w.Header().Get("Content-Language"); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestSwitchIsRememberedForTheLogin(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	show := kit.Page(func(w http.ResponseWriter, r *http.Request) error {
		return kit.RenderLoggedOut(w, r, web.LoggedOutPage{})
	})
	w := kit.serve("GET /", show, get("/?lang=sv"))
	cookie := w.Header().Get("Set-Cookie")
	for _, part := range []string{"avain-lang=sv", "Path=/", "Max-Age=3600", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	for _, path := range []string{"/", "/?lang=xx", "/?lang="} {
		if got := kit.serve("GET /", show, get(path)).Header().Get("Set-Cookie"); got != "" {
			t.Errorf("%s set %q", path, got)
		}
	}
}

func TestLanguageSwitchRepeatsNoQuery(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	show := kit.Page(failing(fault.New(fault.NotFound, login.ReasonPageUnknown, nil)))
	links := func(r *http.Request) int {
		return strings.Count(text(t, kit.serve("/{path...}", show, r)), "?lang=")
	}
	if n := links(get("/page?lang=sv")); n != 3 {
		t.Errorf("%d languages to choose from, want 3", n)
	}
	if n := links(get("/callback/op?code=secret&state=secret")); n != 0 {
		t.Error("the switch copies a query with a code into the page")
	}
	if n := links(post("/page", nil)); n != 0 {
		t.Error("the switch leads to what only a form can ask for")
	}
	if body := text(t, kit.serve("/{path...}", show, get("//evil.example/%2e"))); strings.Contains(body, `href="//`) {
		t.Error("the switch leads to another site")
	}
	one := newKit(t, func(c *web.Config) { c.Languages = []string{"fi"} })
	if body := text(t, one.serve("/{path...}", one.Page(failing(fault.New(fault.NotFound, login.ReasonPageUnknown, nil))), get("/page"))); strings.Contains(body, "?lang=") {
		t.Error("a switch with one language")
	}
}

func TestButtonsLeadOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	kit := newKit(t, func(c *web.Config) { c.Brand.Help = "https://help.example/login" })
	for address, ok := range map[string]bool{
		"https://app.example.fi/cb?error=access_denied&state=x": true,
		"fi.smartum.pay:/cb?error=access_denied":                true,
		"http://localhost:8081/":                                true,
		"/somewhere":                                            true,
		"javascript:alert(1)":                                   false,
		"JaVaScRiPt:alert(1)":                                   false,
		"data:text/html,<script>":                               false,
		"vbscript:x":                                            false,
		"//evil.example/":                                       false,
		`/\evil.example/`:                                       false,
		"relative":                                              false,
		"":                                                      false,
		"\x01javascript:alert(1)":                               false,
	} {
		buttons := kit.Buttons(login.ReasonAttemptExpired, web.Ways{App: address})
		if found := len(buttons) == 2 && string(buttons[0].Address) == address; found != ok {
			t.Errorf("%q: offered %v, want %v", address, buttons, ok)
		}
	}
	for _, b := range kit.Buttons(login.ReasonInternal, web.Ways{Retry: "https://evil.example/", Choose: "//evil.example"}) {
		if b.Way == "retry" || b.Way == "choose" {
			t.Errorf("our own button leads to %s", b.Address)
		}
	}
}

// Every reason has words of its own; what nobody knows is our fault.
func TestErrorPageSaysEveryReason(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	titles := map[string]login.Reason{}
	for _, reason := range login.Reasons() {
		if worded := kit.Worded(reason); worded != reason {
			t.Errorf("%s is told as %s", reason, worded)
		}
		body := text(t, kit.serve("GET /", kit.Page(failing(fault.New(fault.Forbidden, reason, nil))), get("/")))
		for _, part := range []string{"title", "what", "next"} {
			words, err := kit.Text("fi", "reason."+string(reason)+"."+part)
			if err != nil || !strings.Contains(body, html.EscapeString(words)) {
				t.Errorf("the page of %s does not say %s: %q, %v", reason, part, words, err)
			}
			if part != "title" {
				continue
			}
			titles[words] = reason
		}
	}
	if len(titles) < len(login.Reasons())-4 { // a few that only an app's developer tells apart
		t.Errorf("%d titles for %d reasons", len(titles), len(login.Reasons()))
	}
	if worded := kit.Worded("never_heard_of"); worded != login.ReasonInternal {
		t.Errorf("what nobody knows is told as %s", worded)
	}
}

func TestErrorPageOffersWhatHelps(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	ways := web.Ways{Retry: "/login/a", Choose: "/login/a", App: "https://app.example.fi/"}
	for reason, want := range map[login.Reason]string{
		login.ReasonBrokerDown:     "choose app help",
		login.ReasonCookiesBlocked: "retry app help",
		login.ReasonAttemptExpired: "app help",
		login.ReasonOtherBrowser:   "app help",
		login.ReasonInternal:       "retry app help",
	} {
		var got []string
		for _, b := range kit.Buttons(reason, ways) {
			got = append(got, b.Way)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", reason, got, want)
		}
	}
	for _, reason := range login.Reasons() {
		if buttons := kit.Buttons(reason, ways); len(buttons) == 0 || !buttons[0].Main {
			t.Errorf("%s leads nowhere", reason)
		}
	}
}

// TestThreat23PayloadsInSharedPagesStayText: see package bank for its own pages.
func TestThreat23PayloadsInSharedPagesStayText(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	for _, payload := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus=alert(1) x='`, `javascript:alert(1)`,
		`</title><svg/onload=alert(1)>`,
	} {
		w := kit.serve("GET /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
			return kit.RenderLogout(w, r, web.LogoutPage{Client: payload, Action: payload, Hidden: []web.Hidden{{Name: payload, Value: payload}}})
		}), get("/"))
		body := text(t, w)
		if !strings.Contains(html.UnescapeString(body), payload) {
			t.Errorf("%q is not shown at all", payload)
		}
		for _, markup := range []string{"<script", "<svg", "<img src=x", `" autofocus`, "' autofocus", `action="javascript:`} {
			if strings.Contains(body, markup) {
				t.Errorf("%q became markup: %s", payload, markup)
			}
		}
	}
}

func TestPagesAreCompressedWhenTheBrowserCan(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	show := kit.Page(failing(fault.New(fault.NotFound, login.ReasonPageUnknown, nil)))
	for accept, want := range map[string]bool{
		"gzip, deflate, br": true, "GZIP": true, "br;q=1.0, gzip;q=0.5": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=x": false, "identity": false,
	} {
		r := get("/")
		r.Header.Set("Accept-Encoding", accept)
		w := kit.serve("GET /", show, r)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed %v, want %v", accept, got, want)
		}
		if !strings.Contains(text(t, w), "</html>") {
			t.Errorf("Accept-Encoding %q: the page is not whole", accept)
		}
		if !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("Vary %q", w.Header().Get("Vary"))
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	w := kit.serve("GET /", kit.Reading(failing(fault.New(fault.NotFound, login.ReasonPageUnknown, nil))), httptest.NewRequest(http.MethodHead, "/", nil))
	if w.Code != 404 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("%d, %d bytes, Content-Length %s", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestFeaturesBringTheirOwnTemplates(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	files := fstest.MapFS{
		"page.html":   {Data: []byte(`{{define "main"}}<h1>{{T "loggedout.title"}}</h1>{{date .}} {{lang}} [{{asset "none"}}]{{end}}`)},
		"broken.html": {Data: []byte(`{{define "main"}}{{nothing}}{{end}}`)},
		"empty.html":  {Data: []byte(`{{define "main"}}{{T "no.such.text"}}{{end}}`)},
	}
	page, err := kit.Template(files, "page.html")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 18, 4, 0, 0, time.UTC)
	for lang, want := range map[string]string{
		"fi": "22. marraskuuta 2026 klo 20.04 fi []", "sv": "22 november 2026 kl. 20.04 sv []", "en": "22 November 2026 at 20:04 en []",
	} {
		w := kit.serve("GET /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
			return kit.Render(w, r, http.StatusTeapot, web.Page{Template: page, Title: "loggedout.title", Data: at, Refresh: 1500 * time.Millisecond, Scripts: true})
		}), get("/?lang="+lang))
		if body := text(t, w); !strings.Contains(body, want) || w.Code != http.StatusTeapot || w.Header().Get("Refresh") != "1" {
			t.Errorf("%s: %d, Refresh %q, %s", lang, w.Code, w.Header().Get("Refresh"), body)
		}
		if csp := directives(w.Header().Get("Content-Security-Policy")); csp["script-src"] != "'self'" || csp["require-trusted-types-for"] != "'script'" {
			t.Errorf("a page with scripts: %v", csp)
		}
	}
	if _, err := kit.Template(files, "broken.html"); err == nil {
		t.Error("a broken template was accepted")
	}
	if _, err := kit.Template(files, "missing.html"); err == nil {
		t.Error("a missing template was accepted")
	}
	empty, err := kit.Template(files, "empty.html")
	if err != nil {
		t.Fatal(err)
	}
	w := kit.serve("GET /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, web.Page{Template: empty, Title: "loggedout.title"})
	}), get("/"))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("a page without its text: %d, want 500 and not half a page", w.Code)
	}
}

// A reload takes pictures over whole or not at all, and keeps those before for open pages.
func TestAssetsAreReloaded(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"logo.svg": {Data: []byte("<svg>1</svg>")}, "gone.svg": {Data: []byte("<svg>gone</svg>")}}
	kit := newKit(t, func(c *web.Config) { c.Assets, c.Brand.Logo = files, "logo.svg" })
	body := func(address string) string {
		return kit.serve("GET /static/", kit.Static(), get(address)).Body.String()
	}
	first, gone := kit.Asset("logo.svg"), kit.Asset("gone.svg")
	reload := func(want string) {
		t.Helper()
		if err := kit.ReloadAssets(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	files["logo.svg"] = &fstest.MapFile{Data: []byte("<svg>2</svg>")}
	delete(files, "gone.svg")
	for range 2 { // the second time nothing has changed, and nothing is forgotten
		reload("")
	}
	second := kit.Asset("logo.svg")
	if second == first || body(second) != "<svg>2</svg>" || body(first) != "<svg>1</svg>" || body(gone) != "<svg>gone</svg>" || kit.Asset("gone.svg") != "" {
		t.Errorf("%s is %q, %s is %q", first, body(first), second, body(second))
	}
	files["page.html"] = &fstest.MapFile{}
	files["logo.svg"] = &fstest.MapFile{Data: []byte("<svg>3</svg>")}
	reload("not a kind of file")
	delete(files, "page.html")
	delete(files, "logo.svg")
	reload("not among the assets")
	if kit.Asset("logo.svg") != second || body(second) != "<svg>2</svg>" {
		t.Error("a reload that failed has changed something")
	}
	files["logo.svg"] = &fstest.MapFile{Data: []byte("<svg>3</svg>")}
	reload("")
	if strings.Contains(body(first), "<svg>") || body(second) != "<svg>2</svg>" {
		t.Error("more than one generation is kept, or none")
	}
}

func TestStatic(t *testing.T) {
	t.Parallel()
	kit := newKit(t, func(c *web.Config) {
		c.Assets = fstest.MapFS{"banks/kuikka.svg": {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)}}
	})
	for _, name := range []string{"style.css", "icon.svg", "mobile.svg", "banks/kuikka.svg"} {
		address := kit.Asset(name)
		if !regexp.MustCompile(`^/static/[0-9a-f]{16}/` + regexp.QuoteMeta(name) + `$`).MatchString(address) {
			t.Errorf("%s is at %q", name, address)
			continue
		}
		r := get(address)
		r.Header.Set("Accept-Encoding", "gzip")
		w := kit.serve("GET /static/", kit.Static(), r)
		if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		csp := directives(w.Header().Get("Content-Security-Policy"))
		if _, boxed := csp["sandbox"]; !boxed || csp["default-src"] != "'none'" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: a picture may run scripts: %v", name, csp)
		}
		if route := kit.lastRecord(t)["route"]; route != "/static/" {
			t.Errorf("%s: route %v", name, route)
		}
	}
	for _, path := range []string{"/static/", "/static/style.css", "/static/0000000000000000/style.css", "/static/..%2f..%2fkit.go"} {
		if w := kit.serve("GET /static/", kit.Static(), get(path)); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	if kit.Asset("nope") != "" {
		t.Error("a file that is none has an address")
	}
}

func TestAccentChangesTheAddressOfTheStyleSheet(t *testing.T) {
	t.Parallel()
	plain := newKit(t, nil)
	branded := newKit(t, func(c *web.Config) { c.Brand.Accent = "#7a1fa2" })
	if plain.Asset("style.css") == branded.Asset("style.css") {
		t.Error("browsers would keep the old colours for a year")
	}
	w := branded.serve("GET /static/", branded.Static(), get(branded.Asset("style.css")))
	css, err := io.ReadAll(w.Body)
	if err != nil || !strings.Contains(string(css), "--accent:#7a1fa2") {
		t.Errorf("the accent is not in the style sheet: %v", err)
	}
}

func TestMaskedName(t *testing.T) {
	t.Parallel()
	for want, id := range map[string]login.Identity{
		"Maija M.": {GivenName: "Maija Liisa", FamilyName: "Meikäläinen", Name: "Meikäläinen Maija Liisa"},
		"Åke Ö.":   {GivenName: "Åke", FamilyName: "östman"},
		"M. M.":    {Name: "Meikäläinen Maija"},
		"V. D. B.": {Name: "van den Berg Anna Maria"},
		"":         {},
		"A. B.":    {GivenName: "Anna", Name: "Anna Berg"},
		"Jean P.":  {GivenName: " Jean ", FamilyName: " Paul "},
		"M.":       {Name: "Madonna"},
	} {
		if got := web.MaskedName(id); got != want {
			t.Errorf("%+v: %q, want %q", id, got, want)
		}
	}
}
