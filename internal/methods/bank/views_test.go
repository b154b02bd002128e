package bank_test

import (
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/methods/bank"
	"avain/internal/platform/web"
)

type stage struct {
	kit   *web.Kit
	views *bank.Views
}

func newStage(t testing.TB, assets fstest.MapFS) stage {
	t.Helper()
	kit, err := web.New(web.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "login.example.fi"},
		Brand:   web.Brand{Name: "SmartumPay", Company: "Smartum", Help: "/help/login"}, Assets: assets,
	})
	if err != nil {
		t.Fatal(err)
	}
	views, err := bank.NewViews(kit)
	if err != nil {
		t.Fatal(err)
	}
	return stage{kit, views}
}

// show renders a page as a browser at the path gets it.
func (s stage) show(t testing.TB, path string, h web.Handler) (body string, header http.Header) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /", s.kit.Page(h))
	w := httptest.NewRecorder()
	s.kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
	}
	return w.Body.String(), w.Header()
}

func (s stage) means(t testing.TB, p bank.MeansPage) (body string, header http.Header) {
	t.Helper()
	return s.show(t, "/login/x", func(w http.ResponseWriter, r *http.Request) error { return s.views.RenderMeans(w, r, p) })
}

func bankNamed(id, name string) bank.Choice {
	return bank.Choice{Means: login.Means{ID: id, Kind: login.MeansBank, Name: name}}
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	if len(s.views.Previews()) < 8 {
		t.Fatalf("%d previews", len(s.views.Previews()))
	}
	for _, p := range s.views.Previews() {
		seen := map[string]bool{}
		for _, lang := range web.Languages() {
			body, header := s.show(t, "/login/x?lang="+lang, p.Render)
			if header.Get("Content-Language") != lang {
				t.Errorf("%s: not in %s", p.Name, lang)
			}
			for _, trace := range []string{"<no value>", "ZgotmplZ", "{{", "%!", "reason.", "means.", "<script", " style="} {
				if strings.Contains(body, trace) {
					t.Errorf("%s in %s shows %q", p.Name, lang, trace)
				}
			}
			heading := regexp.MustCompile(`<h1>(.+?)</h1>`).FindAllStringSubmatch(body, -1)
			if len(heading) != 1 || seen[heading[0][1]] {
				t.Errorf("%s in %s: headings %v", p.Name, lang, heading)
				continue
			}
			seen[heading[0][1]] = true
			if !regexp.MustCompile(`class="code" translate="no">[2-9A-Z]{3}-[2-9A-Z]{3}<`).MatchString(body) {
				t.Errorf("%s in %s: no support code", p.Name, lang)
			}
		}
	}
}

func TestMeansPage(t *testing.T) {
	t.Parallel()
	s := newStage(t, fstest.MapFS{"banks/kuikka.svg": {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}})
	kuikka, paused := bankNamed("kuikka", "Kuikka Pankki"), bankNamed("metsa", "Metsäpankki")
	kuikka.Logo, paused.Unavailable = "banks/kuikka.svg", login.ReasonMeansUnavailable
	id := login.NewID()
	body, header := s.means(t, bank.MeansPage{
		Attempt: id, Client: "SmartumPay", Failed: login.ReasonCancelledAtBroker,
		Means: []bank.Choice{
			kuikka, paused, bankNamed("koivu", "Koivu"),
			{Means: login.Means{ID: "mobile", Kind: login.MeansMobile, Name: "Mobiilivarmenne"}},
		},
		FormAction: []string{"fi.smartum.pay:"},
	})
	for what, want := range map[string]string{
		"who asks":            "SmartumPay pyytää sinua tunnistautumaan",
		"a bank":              `<button class="choice" name="means" value="kuikka">`,
		"another bank":        `<button class="choice" name="means" value="koivu">`,
		"Mobile Certificate":  `<button class="choice" name="means" value="mobile">`,
		"its logo":            `src="` + s.kit.Asset("banks/kuikka.svg") + `"`,
		"a letter for a logo": `<span class="tile" aria-hidden="true">K</span>`,
		"mobile's own logo":   `src="` + s.kit.Asset("mobile.svg") + `"`,
		"the paused bank":     "Väliaikaisesti poissa käytöstä",
		"what happened":       `<strong>Tunnistautuminen keskeytyi</strong>`,
		"form":                `<form method="post" action="/login/` + id + `/means">`,
		"cancel":              `<form method="post" action="/login/` + id + `/cancel">`,
		"language switch":     `href="/login/` + id + `?lang=sv"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing: %s", what, want)
		}
	}
	if strings.Contains(body, `value="metsa"`) {
		t.Error("a means that is unavailable can be chosen")
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https: fi.smartum.pay:;") {
		t.Errorf("the forms cannot end at a bank or in the app: %s", csp)
	}
}

// A broker that asks for the bank itself has one button, with a long name: on a tile as
// narrow as a logo "Mobiilivarmenne" would break in two.
func TestTheOnlyBankGetsTheWholeRow(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	const wide = `<ul class="means wide" aria-labelledby="banks">`
	for n, means := range [][]bank.Choice{
		{bankNamed("bank", "Verkkopankki tai Mobiilivarmenne")},
		{bankNamed("kuikka", "Kuikka"), bankNamed("metsa", "Metsäpankki")},
	} {
		body, _ := s.means(t, bank.MeansPage{Attempt: login.NewID(), Client: "SmartumPay", Means: means})
		if strings.Contains(body, wide) != (n == 0) {
			t.Errorf("%d banks: %s", len(means), body)
		}
	}
}

func TestMeansPageWhenNothingWorks(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	down := bankNamed("kuikka", "Kuikka")
	down.Unavailable = login.ReasonBrokerDown
	for _, means := range [][]bank.Choice{nil, {down}} {
		body, _ := s.means(t, bank.MeansPage{Attempt: login.NewID(), Client: "SmartumPay", Means: means})
		if !strings.Contains(body, "Tunnistautuminen ei ole nyt mahdollista") || !strings.Contains(body, "/cancel") {
			t.Error("the person is left without words or without a way out")
		}
	}
}

func TestMeansPageHasWordsForEveryReason(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	for _, reason := range append(login.Reasons(), "a_reason_of_tomorrow") {
		body, _ := s.means(t, bank.MeansPage{Attempt: login.NewID(), Client: "x", Failed: reason, Means: []bank.Choice{bankNamed("a", "A")}})
		if !regexp.MustCompile(`role="alert"><strong>[^<]{5,}</strong><p>[^<]{5,}</p>`).MatchString(body) {
			t.Errorf("%s: no words", reason)
		}
	}
}

// TestBrokerTextsAreShown: OP's four texts are obligatory, its disturbance notice is
// expected; all are shown as text, whatever they hold.
func told(title, text string) operations.Notice {
	return operations.Notice{ID: "n", Severity: operations.SeverityWarning, Words: map[string]operations.NoticeWords{"fi": {Title: title, Text: text}}}
}

func TestBrokerTextsAreShown(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	note := bank.BrokerNote{
		ProviderInfo: "Välittäjä on\r\nOP <b>Ryhmä</b>", Consent: "Jatkamalla hyväksyt & välität",
		PrivacyText: "Tutustu tietosuojaan", PrivacyLink: "https://op.example/privacy?a=b",
	}
	body, _ := s.means(t, bank.MeansPage{
		Attempt: login.NewID(), Client: "x", Means: []bank.Choice{bankNamed("a", "A")},
		Brokers: []bank.BrokerNote{note, note, {}}, Notices: []operations.Notice{told("Häiriö", "klo 18\nasti"), told("Vain otsikko", "")},
	})
	for _, want := range []string{
		"Välittäjä on\nOP &lt;b&gt;Ryhmä&lt;/b&gt;", "Jatkamalla hyväksyt &amp; välität", "Tutustu tietosuojaan</a>",
		`href="https://op.example/privacy?a=b" rel="external noopener noreferrer"`, "<strong>Häiriö</strong>", "klo 18\nasti", "<strong>Vain otsikko</strong>",
	} {
		if strings.Count(body, want) != 1 {
			t.Errorf("%q is there %d times, want once", want, strings.Count(body, want))
		}
	}
	if strings.Contains(body, "<details") {
		t.Error("an obligatory text is folded away")
	}
	for _, link := range []string{"javascript:alert(1)", "http://op.example/", "data:text/html,x", "//evil.example", "https://x@evil.example/", "https://"} {
		note.PrivacyLink = link
		body, _ := s.means(t, bank.MeansPage{Attempt: login.NewID(), Client: "x", Brokers: []bank.BrokerNote{note}})
		if strings.Contains(body, `rel="external`) || !strings.Contains(body, note.PrivacyText) {
			t.Errorf("%q was linked, or its text is gone", link)
		}
	}
}

// payloads are what an attacker would write into every field that somebody else
// fills: client names, names of banks, broker texts, names of people.
func payloads() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus=alert(1) autofocus x='`, `javascript:alert(1)`,
		`</style></title><svg/onload=alert(1)>`, `<form action=https://evil.example><input name=hetu>`, `<meta http-equiv=refresh content=0>`,
		`<base href=https://evil.example/>`, `<a href=https://evil.example>`, "<!--", `<iframe srcdoc="x">`, "\x00<b>", `{{.Secret}}`, "\u202e<b>",
		`<textarea>`, `<style>*{display:none}</style>`, `<link rel=stylesheet href=//evil.example>`,
	}
}

// tags counts the elements of a page by name.
func tags(body string) map[string]int {
	counts := map[string]int{}
	for _, m := range regexp.MustCompile(`<(!--|/?[a-zA-Z][a-zA-Z0-9]*)`).FindAllStringSubmatch(body, -1) {
		counts[strings.ToLower(m[1])]++
	}
	return counts
}

// TestThreat23PayloadsInEveryFieldStayText: a page with a payload in every field has
// exactly the elements and handlers of the same page with a harmless word there.
func TestThreat23PayloadsInEveryFieldStayText(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	pages := map[string]func(word string) web.Handler{
		"means": func(word string) web.Handler {
			return func(w http.ResponseWriter, r *http.Request) error {
				off := bankNamed(word, word)
				off.Unavailable = login.Reason(word)
				logo := bankNamed(word, word)
				logo.Logo = word
				return s.views.RenderMeans(w, r, bank.MeansPage{
					Attempt: word, Client: word, Failed: login.Reason(word), Means: []bank.Choice{bankNamed(word, word), off, logo},
					Notices:    []operations.Notice{told(word, word)},
					Brokers:    []bank.BrokerNote{{ProviderInfo: word, Consent: word, PrivacyText: word, PrivacyLink: word}},
					FormAction: []string{word},
				})
			}
		},
		"handover": func(word string) web.Handler {
			return func(w http.ResponseWriter, r *http.Request) error {
				return s.views.RenderPost(w, r, bank.PostPage{
					Action: "https://broker.example/" + word, Fields: url.Values{word: {word}}, FormAction: []string{word},
				})
			}
		},
		"no benefits": func(word string) web.Handler {
			return func(w http.ResponseWriter, r *http.Request) error {
				return s.views.RenderNoBenefits(w, r, bank.NoBenefitsPage{Name: word, App: "https://app.example.fi/?" + word})
			}
		},
		"ended": func(word string) web.Handler {
			return func(w http.ResponseWriter, r *http.Request) error {
				return s.views.RenderEnded(w, r, bank.EndedPage{Reason: login.Reason(word), App: "https://app.example.fi/?" + word})
			}
		},
	}
	for name, page := range pages {
		harmless, _ := s.show(t, "/x", page("word"))
		want := tags(harmless)
		for _, payload := range payloads() {
			mux := http.NewServeMux()
			mux.Handle("GET /", s.kit.Page(page(payload)))
			w := httptest.NewRecorder()
			s.kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
			if w.Code == http.StatusInternalServerError && name == "handover" {
				continue // an address that is none is refused as a whole
			}
			body := w.Body.String()
			if w.Code != http.StatusOK {
				t.Errorf("%s with %q: status %d", name, payload, w.Code)
			}
			for tag, n := range tags(body) {
				// Text that could not be parsed as an address offers one button less.
				if n > want[tag] {
					t.Errorf("%s with %q: %d <%s>, want at most %d", name, payload, n, tag, want[tag])
				}
			}
			if regexp.MustCompile(`(?i)(href|action|src)="?\s*javascript:`).MatchString(body) {
				t.Errorf("%s with %q: a link runs script", name, payload)
			}
			if csp := w.Header().Get("Content-Security-Policy"); strings.ContainsAny(csp, "<>\"{}\x00") || strings.Count(csp, ";") != 6 {
				t.Errorf("%s with %q: policy %q", name, payload, csp)
			}
		}
	}
	body, _ := s.means(t, bank.MeansPage{Attempt: "x", Client: payloads()[0]})
	if !strings.Contains(html.UnescapeString(body), payloads()[0]) {
		t.Error("the name is not shown at all")
	}
}

func TestHandoverPostsOnlyToTheWeb(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	for address, ok := range map[string]bool{
		"https://broker.example/authorize": true, "http://localhost:8082/authorize": true,
		"javascript:alert(1)": false, "app:/cb": false, "/login": false, "": false, "data:text/html,x": false,
	} {
		mux := http.NewServeMux()
		mux.Handle("GET /", s.kit.Page(func(w http.ResponseWriter, r *http.Request) error {
			return s.views.RenderPost(w, r, bank.PostPage{Action: address, Fields: url.Values{"b": {"2"}, "a": {"1", "3"}}})
		}))
		w := httptest.NewRecorder()
		s.kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if got := w.Code == http.StatusOK; got != ok {
			t.Errorf("%q: status %d", address, w.Code)
		}
		if !ok {
			continue
		}
		fields := regexp.MustCompile(`name="(\w)" value="(\d)"`).FindAllString(w.Body.String(), -1)
		if strings.Join(fields, ",") != `name="a" value="1",name="a" value="3",name="b" value="2"` {
			t.Errorf("%q: fields %v", address, fields)
		}
	}
}

func TestWaitingPageLoadsItselfAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	body, header := s.show(t, "/callback/op?code=CANARY&state=CANARY", s.views.RenderWaiting)
	if header.Get("Refresh") != "2" {
		t.Errorf("Refresh %q", header.Get("Refresh"))
	}
	if strings.Contains(body, "CANARY") {
		t.Error("the page repeats the code of its address")
	}
}

func TestWayBackToTheApp(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	const app = "fi.smartum.pay:/cb?error=access_denied&state=x"
	for name, h := range map[string]web.Handler{
		"no benefits": func(w http.ResponseWriter, r *http.Request) error {
			return s.views.RenderNoBenefits(w, r, bank.NoBenefitsPage{App: app})
		},
		"expired": func(w http.ResponseWriter, r *http.Request) error {
			return s.views.RenderEnded(w, r, bank.EndedPage{Reason: login.ReasonAttemptExpired, App: app})
		},
		"used": func(w http.ResponseWriter, r *http.Request) error {
			return s.views.RenderEnded(w, r, bank.EndedPage{Reason: login.ReasonAttemptUsed, App: app})
		},
	} {
		body, _ := s.show(t, "/login/x", h)
		if !strings.Contains(body, `<a class="button" href="`+html.EscapeString(app)+`">Palaa sovellukseen</a>`) {
			t.Errorf("%s: no way back to the app", name)
		}
	}
	body, _ := s.show(t, "/login/x", func(w http.ResponseWriter, r *http.Request) error {
		return s.views.RenderEnded(w, r, bank.EndedPage{Reason: login.ReasonAttemptUsed})
	})
	if strings.Contains(body, "Palaa sovellukseen</a>") {
		t.Error("a button leads nowhere")
	}
}

// TestLoginPageWeight: the whole page of the means, with the logos of twelve banks,
// is at most 30 KB over the wire (bars.md) and touches no other origin.
func TestLoginPageWeight(t *testing.T) {
	t.Parallel()
	assets := fstest.MapFS{}
	p := bank.MeansPage{Attempt: login.NewID(), Client: "SmartumPay", Notices: []operations.Notice{told("Häiriö", strings.Repeat("Teksti. ", 50))}}
	for id := range strings.SplitSeq("abcdefghijkl", "") {
		name := "banks/" + id + ".svg"
		// An ordinary logo: about a kilobyte of path that compresses badly.
		assets[name] = &fstest.MapFile{Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><path d="` + login.NewID() + strings.Repeat(login.NewID(), 40) + `"/></svg>`)}
		c := bankNamed(id, "Pankki "+id)
		c.Logo = name
		p.Means = append(p.Means, c)
	}
	s := newStage(t, assets)
	mux := http.NewServeMux()
	mux.Handle("GET /static/", s.kit.Static())
	mux.Handle("GET /", s.kit.Page(func(w http.ResponseWriter, r *http.Request) error { return s.views.RenderMeans(w, r, p) }))
	fetch := func(path string) (body string, wire int) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.kit.Middleware(mux).ServeHTTP(w, r)
		wire = w.Body.Len()
		for name, values := range w.Header() {
			wire += len(name) + len(strings.Join(values, ", ")) + 4
		}
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, w.Code)
		}
		if w.Header().Get("Content-Encoding") != "gzip" {
			return w.Body.String(), wire
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), wire
	}
	body, total := fetch("/login/x")
	parts := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+\.(?:css|svg|png))"`).FindAllStringSubmatch(body, -1) {
		if !strings.HasPrefix(m[1], "/static/") {
			t.Errorf("%s is not on our own origin", m[1])
		}
		parts[m[1]] = true
	}
	if len(parts) != 14 { // twelve logos, style sheet, icon
		t.Errorf("%d files, want 14", len(parts))
	}
	for path := range parts {
		_, wire := fetch(path)
		total += wire
	}
	t.Logf("login page: %d bytes over the wire in %d files", total, len(parts)+1)
	if total > 30_000 {
		t.Errorf("login page of %d bytes over the wire, at most 30,000", total)
	}
}
