package demo

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"avain/internal/platform/mail"
)

var (
	//go:embed mailbox.html
	mailboxText string
	//go:embed mailbox.css
	mailboxStyle string

	mailboxPages = template.Must(template.New("mailbox").Parse(mailboxText))
)

const (
	mailboxPolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

	// letterPolicy boxes in what somebody else wrote: nothing is loaded, nothing runs,
	// and a link opens beside the mailbox. The frame's own attribute says it again.
	letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"
)

// pages shows the mailbox to a browser and, as JSON, to tests. letters writes the
// samples; nil shows none.
func (b *Mailbox) pages(base string, letters *mail.Mailer) http.Handler {
	p := mailPages{box: b, base: base, letters: letters}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.list)
	mux.HandleFunc("GET /mails.json", p.json)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(mailboxStyle))
	})
	mux.HandleFunc("GET /mails/{id}", p.mail)
	mux.HandleFunc("GET /mails/{id}/html", p.html)
	mux.HandleFunc("GET /mails/{id}/source", p.source)
	mux.HandleFunc("GET /samples", p.samples)
	mux.HandleFunc("GET /samples/{lang}/{name}", p.sample)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

type mailPages struct {
	box     *Mailbox
	base    string // of the service: where samples link to
	letters *mail.Mailer
}

func (p mailPages) show(w http.ResponseWriter, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", mailboxPolicy)
	_ = mailboxPages.ExecuteTemplate(w, name, data) // the browser has gone; there is nobody left to tell
}

func (p mailPages) list(w http.ResponseWriter, _ *http.Request) {
	mails := p.box.Mails("")
	slices.Reverse(mails)
	p.show(w, "list", map[string]any{"Title": "Mailbox", "Mails": mails, "Behaviours": Behaviours()})
}

func (p mailPages) json(w http.ResponseWriter, r *http.Request) {
	mails := p.box.Mails(r.URL.Query().Get("to"))
	if mails == nil {
		mails = []Mail{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(mails)
}

// one finds the letter that the path names, or answers that there is none.
func (p mailPages) one(w http.ResponseWriter, r *http.Request) (Mail, bool) {
	id, err := strconv.Atoi(r.PathValue("id"))
	m, found := p.box.find(id)
	if err != nil || !found {
		http.NotFound(w, r)
		return Mail{}, false
	}
	return m, true
}

func (p mailPages) mail(w http.ResponseWriter, r *http.Request) {
	if m, ok := p.one(w, r); ok {
		p.show(w, "mail", map[string]any{"Title": m.Subject, "Mail": m})
	}
}

func (p mailPages) html(w http.ResponseWriter, r *http.Request) {
	if m, ok := p.one(w, r); ok {
		boxedIn(w, m.HTML)
	}
}

func (p mailPages) source(w http.ResponseWriter, r *http.Request) {
	if m, ok := p.one(w, r); ok {
		plainly(w, string(m.Raw))
	}
}

// boxedIn writes the HTML of a letter. Its links open in a tab of their own.
func boxedIn(w http.ResponseWriter, html string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", letterPolicy)
	_, _ = w.Write([]byte(strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)))
}

func plainly(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_, _ = w.Write([]byte(text))
}

func (p mailPages) samples(w http.ResponseWriter, _ *http.Request) {
	var names []string
	for _, s := range mail.Samples(p.base, "fi") {
		names = append(names, s.Name)
	}
	p.show(w, "samples", map[string]any{"Title": "Every letter", "Names": names, "Languages": mail.Languages()})
}

// sample shows a letter with made-up data: NAME, or NAME.txt for its text part.
func (p mailPages) sample(w http.ResponseWriter, r *http.Request) {
	name, asText := strings.CutSuffix(r.PathValue("name"), ".txt")
	for _, s := range mail.Samples(p.base, r.PathValue("lang")) {
		if s.Name != name || p.letters == nil || !slices.Contains(mail.Languages(), r.PathValue("lang")) {
			continue
		}
		letter, err := p.letters.Preview(s.Message)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case asText:
			plainly(w, "Subject: "+letter.Subject+"\n\n"+letter.Text)
		default:
			boxedIn(w, letter.HTML)
		}
		return
	}
	http.NotFound(w, r)
}
