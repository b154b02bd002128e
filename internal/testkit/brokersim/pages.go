package brokersim

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

//go:embed assets/pages.html
var pagesHTML string

//go:embed assets/style.css
var styleCSS string

//go:embed assets/texts.json
var textsJSON []byte

// pages renders.
type pages struct {
	templates *template.Template
	texts     map[string]map[string]string // key → language → text
	style     string
	styleHash string
}

func loadPages(banks []Bank) (*pages, error) {
	p := &pages{style: styleCSS}
	if err := json.Unmarshal(textsJSON, &p.texts); err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	var err error
	if p.templates, err = template.New("").Parse(pagesHTML); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	for _, b := range banks {
		p.style += fmt.Sprintf(".bank-%s { --brand: %s; }\n", b.ID, b.Color)
	}
	sum := sha256.Sum256([]byte(p.style))
	p.styleHash = hex.EncodeToString(sum[:6])
	return p, nil
}

// text is a text in a language; args replace the %s of it.
func (p *pages) text(lang, key string, args ...any) string {
	text, ok := p.texts[key][lang]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func languages() []string { return []string{"fi", "sv", "en"} }

func isLang(l string) bool { return slices.Contains(languages(), l) }

// langOf is the language of pages outside a visit.
func langOf(r *http.Request) string {
	wishes := append([]string{r.URL.Query().Get("lang")}, strings.Split(r.Header.Get("Accept-Language"), ",")...)
	for _, wish := range wishes {
		if wish = strings.TrimSpace(wish); len(wish) >= 2 && isLang(strings.ToLower(wish[:2])) {
			return strings.ToLower(wish[:2])
		}
	}
	return "fi"
}

// view is what a template sees. Each page uses a part of it.
type view struct {
	pages     *pages
	Lang      string
	Base      string // path of the base URL
	Dialect   Dialect
	StyleHash string
	Title     string
	Notice    string
	Refresh   int    // seconds; 0: the page stays
	Action    string // address of the visit, before /action; empty outside visits
	Service   string // the relying party
	Bank      Bank
	Offered   []Bank
	CanGoBack bool
	People    []Person
	Cases     []MobileCase
	Person    Person
	Number    string
	Event     string
	PhonePage string
	Ringing   bool
	PIN       string
	Problem   string
	Code      string
	Return    string
	Toggles   []toggleView
}

type toggleView struct {
	ToggleInfo
	Mode string
}

// T is a text in the language of the page.
func (v view) T(key string, args ...any) string { return v.pages.text(v.Lang, key, args...) }

// BankName is the bank's name in the language of the page.
func (v view) BankName() string { return v.Bank.NameIn(v.Lang) }

// BrokerName is shown where there is no bank.
func (v view) BrokerName() string { return v.T(string(v.Dialect) + "-name") }

// Langs lists the languages.
func (v view) Langs() []string { return languages() }

func (s *Sim) view(lang, titleKey string, args ...any) view {
	v := view{pages: s.pages, Lang: lang, Base: s.base, Dialect: s.config.Dialect, StyleHash: s.pages.styleHash}
	v.Title = v.T(titleKey, args...)
	return v
}

// contentSecurity allows this origin's style sheet and logos. It says nothing of forms:
// browsers apply form-action to the redirects behind a form too, and the last button of a
// visit leads through the relying party to wherever it goes on, a site or an app.
const contentSecurity = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

// show renders a page. It renders to memory first, so that a failure is a clean 500.
func (s *Sim) show(w http.ResponseWriter, status int, name string, v view) {
	var page bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&page, name, v); err != nil {
		s.config.Log.Error("page failed", "page", name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", contentSecurity)
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	if v.Refresh > 0 {
		header.Set("Refresh", strconv.Itoa(v.Refresh))
	}
	respond(w, status, "text/html; charset=utf-8", page.String())
}

// showStep shows where a visit stands.
func (s *Sim) showStep(w http.ResponseWriter, visit *visit) {
	service := s.serviceName(visit)
	title, args := string(visit.step)+"-title", []any(nil)
	if visit.step == stepUser || visit.step == stepNumber {
		title, args = "user-title", []any{visit.bank.NameIn(visit.lang)}
	}
	v := s.view(visit.lang, title, args...)
	v.Action, v.Service, v.Bank = s.address(visit), service, visit.bank
	v.Offered, v.CanGoBack = visit.request.offered, !visit.request.preselected()
	v.People, v.Cases, v.Person = s.config.People, MobileCases(), visit.person
	if visit.notice != "" {
		v.Notice = v.T(visit.notice)
	}
	if c := visit.call; c != nil {
		v.Number, v.Event, v.PhonePage = c.number, c.event, s.config.BaseURL+pathPhone+c.id
		v.Code = strconv.Itoa(c.answer)
		v.Problem = v.T("mobile-" + v.Code)
	}
	if visit.step == stepWaiting {
		v.Refresh = s.refresh(visit)
	}
	s.show(w, http.StatusOK, string(visit.step), v)
}

// serviceName is what the relying party is called on the pages.
func (s *Sim) serviceName(visit *visit) string {
	if visit.request.shown != "" {
		return visit.request.shown
	}
	return s.registered().client.name(visit.lang)
}

// showPhoneScreen shows the simulated phone of a visit.
func (s *Sim) showPhoneScreen(w http.ResponseWriter, visit *visit) {
	v := s.view(visit.lang, "phone-title")
	v.Service = s.serviceName(visit)
	c := visit.call
	v.Bank, v.Event, v.PIN, v.PhonePage = visit.bank, c.event, PIN, s.config.BaseURL+pathPhone+c.id
	v.Ringing = visit.step == stepWaiting && c.answer == 0
	if c.notice != "" {
		v.Notice = v.T(c.notice)
	}
	s.show(w, http.StatusOK, "phone", v)
}

// showMessage shows a page that says one thing, with a link back if there is one.
func (s *Sim) showMessage(w http.ResponseWriter, status int, lang, key, back string) {
	v := s.view(lang, key+"-title")
	v.Problem, v.Return = v.T(key+"-text"), back
	s.show(w, status, "message", v)
}

// showRefused is the error page without a way back.
func (s *Sim) showRefused(w http.ResponseWriter, r *http.Request, refused *refusal) {
	v := s.view(langOf(r), "refused-title")
	v.Problem, v.Code = v.T("refused-text"), refused.Error()
	s.show(w, http.StatusBadRequest, "message", v)
}
