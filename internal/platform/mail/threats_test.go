package mail_test

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/mail"
)

// lettersWith are all letters that carry a link, with this one.
func lettersWith(link string) []mail.Message {
	letters := []mail.Message{
		{Template: mail.TemplateInvitation, Data: mail.Invitation{Kind: mail.SmartumPlus, Employer: "A", ValidUntil: noon, Link: link}},
		{Template: mail.TemplateReminder, Data: mail.Invitation{Kind: mail.Smartum, Employer: "A", ValidUntil: noon, Link: link}},
		{Template: mail.TemplatePasswordReset, Data: mail.PasswordReset{ValidUntil: noon, Link: link}},
		{Template: mail.TemplatePasswordChanged, Data: mail.PasswordChanged{At: noon, Link: link}},
		{Template: mail.TemplateNewLogin, Data: mail.NewLogin{Device: "A", Method: login.MethodLink, At: noon, Link: link}},
	}
	for i := range letters {
		letters[i].To, letters[i].ID, letters[i].Locale = "aino@example.net", letterID, "en"
	}
	return letters
}

// A feature that believed a Host header would make such links. None of them leaves.
func TestThreat19ForeignLinksAreRefused(t *testing.T) {
	t.Parallel()
	s := &server{}
	m := through(t, s.listen(t, mail.None, nil))
	hosts := []string{
		"evil.example", "login.example.com.evil.example", "login.example.com:8443", "login.example.com@evil.example", "x.login.example.com",
		"evil.example/login.example.com", "evil.example#login.example.com", "LOGIN.example.com", "login.example.com.", "login.example.co",
		"login.example.comm", "xlogin.example.com", "login-example.com", "user:pass@login.example.com", "[::1]", "127.0.0.1", "login.example.com\\evil.example",
		"login.example.com%2eevil.example", "evil.example\\@login.example.com", "login.еxample.com", " login.example.com", "login.example.com ", "login.example.com\t", "",
	}
	links := []string{
		"", "/activate", "//login.example.com/activate", "javascript:alert(1)", "data:text/html,x", "https:login.example.com/a", "https:/login.example.com/a",
		"https://login.example.com", "HTTPS://login.example.com/a", "https://login.example.com/a b", "https://login.example.com/a\r\nb", "https://login.example.com/\\evil.example",
		"https://login.example.com/a\"onclick=", "https://login.example.com/<b>", "https://login.example.com/ä", "https://login.example.com/%zz",
	}
	for _, host := range hosts {
		for _, scheme := range []string{"https://", "http://", "ftp://", "//", "https:/"} {
			links = append(links, scheme+host+"/activate#token")
		}
		links = append(links, "http://login.example.com/"+host)
	}
	if len(links) < 150 {
		t.Fatalf("only %d links", len(links))
	}
	for _, link := range links {
		for _, letter := range lettersWith(link) {
			if err := m.Send(t.Context(), letter); !errors.Is(err, mail.ErrMessage) || !mail.Permanent(err) {
				t.Errorf("%s with %q: %v", letter.Template, link, err)
			} else {
				harmless(t, err)
			}
		}
	}
	if s.senders() > 0 {
		t.Error("the mail server was told about one of them")
	}
	for _, letter := range lettersWith("https://login.example.com/activate?lang=fi#token") {
		if err := m.Send(t.Context(), letter); err != nil {
			t.Errorf("%s: our own link is refused: %v", letter.Template, err)
		}
	}
}

// Mail programs make links out of whatever looks like one. What an employer or a
// device calls itself must not.
func TestThreat19NamesBecomeNoLinks(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	for _, name := range []string{
		"https://evil.example/win", "http://evil.example", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example", "evil.example", "www.evil.example", "a.b.c.d.example",
		"Voita palkinto: evil.example/win", "win@evil.example", "evil.example:8080", "javascript://evil.example", "Oy evil.example, Ab",
	} {
		for _, letter := range []mail.Message{
			{Template: mail.TemplateInvitation, Data: mail.Invitation{Kind: mail.SmartumPlus, Name: name, Employer: name, Benefits: []string{name}, ValidUntil: noon, Link: "https://login.example.com/a"}},
			{Template: mail.TemplateNewLogin, Data: mail.NewLogin{Name: name, Device: name, Place: name, Method: login.MethodQR, At: noon, Link: "https://login.example.com/a"}},
		} {
			got, err := m.Preview(letter)
			if err != nil {
				t.Errorf("%q: a strange name must not stop the letter: %v", name, err)
				continue
			}
			for _, part := range []string{got.Subject, got.Text, got.HTML} {
				lower := strings.ToLower(part)
				for _, link := range []string{"evil.example", "://evil", "www.evil", "win@evil", "c.d.example"} {
					if strings.Contains(lower, link) {
						t.Errorf("%q: the letter holds %q", name, link)
					}
				}
			}
		}
	}
	// It can still be read.
	got, err := m.Preview(mail.Message{Template: mail.TemplateInvitation, Data: mail.Invitation{
		Kind: mail.SmartumPlus, Employer: "Verkkokauppa.com Oyj", ValidUntil: noon, Link: "https://login.example.com/a",
	}})
	if err != nil || !strings.Contains(strings.ReplaceAll(got.Subject, "\u2060", ""), "Verkkokauppa.com Oyj") {
		t.Errorf("%q, %v", got.Subject, err)
	}
}

// payloads try to begin a header, a part, a command or a tag of their own.
func payloads() []string {
	return []string{
		"x\r\nBcc: victim@example.org", "x\nBcc: victim@example.org", "x\rBcc: victim@example.org", "x\r\n\r\n<b>body</b>", "x\r\n.\r\nMAIL FROM:<a@b>",
		"x\x00y", "x\u2028Bcc: victim@example.org", "x\u0085Bcc: y", "x\vBcc: y", "=?utf-8?q?x=0D=0ABcc:_victim=40example.org?=", "x\r\n Bcc: folded",
		"\r\n--boundary\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>", `"><script>alert(1)</script>`, "<img src=x onerror=alert(1)>", "{{.Link}}", "{{template \"x\"}}",
		"\u202Egnp.exe", strings.Repeat("ä", 5000), "\xff\xfe", "", " ",
	}
}

func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	for _, evil := range payloads() {
		t.Run(fmt.Sprintf("%.20q", evil), func(t *testing.T) {
			t.Parallel()
			injected(t, evil)
		})
	}
}

func FuzzNoHeaderIsInjected(f *testing.F) {
	for _, evil := range payloads() {
		f.Add(evil)
	}
	f.Fuzz(func(t *testing.T, evil string) { injected(t, evil) })
}

// injected puts a text everywhere where somebody else's text can stand, and looks at
// what the server gets.
func injected(t *testing.T, evil string) {
	t.Helper()
	letter := invitation()
	letter.Locale = evil
	letter.Data = mail.Invitation{
		Kind: mail.Smartum, Name: evil, Employer: evil, Benefits: []string{evil, evil},
		ValidUntil: noon, Link: "https://login.example.com/activate",
	}
	head, _, page := sent(t, letter, func(c *mail.Config) { c.Languages = []string{"en"} })
	want := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To", "X-Auto-Response-Suppress",
	}
	for name, values := range head {
		if !slices.Contains(want, textproto.CanonicalMIMEHeaderKey(name)) || len(values) != 1 {
			t.Errorf("header %s: %q", name, values)
		}
	}
	if len(head) != len(want) {
		t.Errorf("%d headers, want %d", len(head), len(want))
	}
	if _, links := words(t, page); len(links) != 3 {
		t.Errorf("links %q", links)
	}
}

// What letters cannot be written from is refused before anything is sent, for good.
func TestUnusableMessages(t *testing.T) {
	t.Parallel()
	s := &server{}
	m := through(t, s.listen(t, mail.None, nil))
	link := "https://login.example.com/a"
	for name, change := range map[string]func(*mail.Message){
		"no id":                    func(l *mail.Message) { l.ID = "" },
		"id with a line break":     func(l *mail.Message) { l.ID = "a\r\nBcc: x" },
		"id with an @":             func(l *mail.Message) { l.ID = "a@b" },
		"id with a bracket":        func(l *mail.Message) { l.ID = "a>b" },
		"id that is too long":      func(l *mail.Message) { l.ID = strings.Repeat("a", 33) },
		"unknown template":         func(l *mail.Message) { l.Template = "newsletter" },
		"no template":              func(l *mail.Message) { l.Template = "" },
		"data of another template": func(l *mail.Message) { l.Data = mail.PasswordReset{Link: link, ValidUntil: noon} },
		"no data":                  func(l *mail.Message) { l.Data = nil },
		"data of an unknown type":  func(l *mail.Message) { l.Data = map[string]string{"Link": link} },
		"unknown kind of user":     func(l *mail.Message) { l.Data = mail.Invitation{Kind: "other", Link: link, ValidUntil: noon} },
		"invitation without an end": func(l *mail.Message) {
			l.Data = mail.Invitation{Kind: mail.Smartum, Link: link, ValidUntil: time.Time{}}
		},
		"unknown method": func(l *mail.Message) {
			l.Template, l.Data = mail.TemplateNewLogin, mail.NewLogin{Method: "magic", Link: link, At: noon}
		},
	} {
		letter := invitation()
		change(&letter)
		err := m.Send(t.Context(), letter)
		if !errors.Is(err, mail.ErrMessage) || !mail.Permanent(err) {
			t.Errorf("%s: %v", name, err)
		}
		harmless(t, err)
	}
	if s.senders() > 0 {
		t.Error("the mail server was asked")
	}
}
