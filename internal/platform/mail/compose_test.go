package mail_test

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"avain/internal/platform/mail"

	"golang.org/x/net/html"
)

// sent sends one letter through a real server and reads back what arrived.
func sent(t *testing.T, m mail.Message, change func(*mail.Config)) (head map[string][]string, text, page string) {
	t.Helper()
	s := &server{}
	settings := s.listen(t, mail.None, nil)
	err := mailer(t, func(c *mail.Config) {
		c.Server = settings
		if change != nil {
			change(c)
		}
	}).Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	got := s.taken()
	if len(got) != 1 {
		t.Fatalf("%d letters", len(got))
	}
	message := got[0].parsed(t)
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	// The plainest part comes first (RFC 2046 §5.1.4).
	text, page = part(t, parts, "text/plain; charset=UTF-8"), part(t, parts, "text/html; charset=UTF-8")
	if _, err := parts.NextPart(); err == nil {
		t.Error("more than two parts")
	}
	return message.Header, text, page
}

func part(t *testing.T, parts *multipart.Reader, contentType string) string {
	t.Helper()
	p, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Header.Get("Content-Type"); got != contentType || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("part %q, want %q", got, contentType)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	head, _, _ := sent(t, invitation(), nil)
	subject, err := new(mime.WordDecoder).DecodeHeader(strings.Join(head["Subject"], "|"))
	if err != nil || subject != "Kahvila Ääni Oy: aktivoi SmartumPlus-etusi" {
		t.Errorf("subject %q: %v", subject, err)
	}
	for name, want := range map[string]string{
		"From": `"SmartumPay" <noreply@example.com>`, "To": "<aino.virtanen@example.net>", "Reply-To": "<support@example.com>",
		"Message-Id": "<" + letterID + "@example.com>", "Date": "Sun, 22 Nov 2026 12:05:00 +0200",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Mime-Version": "1.0",
	} {
		if got := strings.Join(head[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// Nothing tells what the service is built with, and nothing more is said than that.
	for name := range head {
		if !slices.Contains([]string{"From", "To", "Reply-To", "Message-Id", "Date", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "Mime-Version", "Content-Type"}, name) {
			t.Errorf("unexpected header %s", name)
		}
	}
}

func TestWithoutReplyTo(t *testing.T) {
	t.Parallel()
	head, _, _ := sent(t, invitation(), func(c *mail.Config) { c.ReplyTo, c.Bounce, c.From = "", "", "noreply@example.com" })
	if head["Reply-To"] != nil || strings.Join(head["From"], "") != "<noreply@example.com>" {
		t.Errorf("%v %v", head["Reply-To"], head["From"])
	}
}

// words are what a person reads of a page, and the addresses of its links.
func words(t *testing.T, page string) (read string, links []string) {
	t.Helper()
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(page))
	hidden := 0 // inside of title and style
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " "), links
		case html.TextToken:
			if hidden == 0 {
				out.WriteString(tokens.Token().Data + " ")
			}
		case html.StartTagToken:
			token := tokens.Token()
			if token.Data == "title" || token.Data == "style" {
				hidden++
			}
			for _, a := range token.Attr {
				if a.Key == "href" || a.Key == "src" || a.Key == "background" || a.Key == "srcset" {
					links = append(links, a.Val)
				}
			}
			if slices.Contains([]string{"img", "script", "link", "form", "iframe", "object", "video", "audio", "base", "svg"}, token.Data) {
				t.Errorf("<%s> has no place in a letter", token.Data)
			}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == "title" || string(name) == "style" {
				hidden--
			}
		}
	}
}

// Every letter in every language: both parts say the same, link to the service only,
// load nothing, and use no words that people do not.
func TestEveryLetter(t *testing.T) {
	t.Parallel()
	jargon := regexp.MustCompile(`(?i)autentik|token|sessio|todenna|autentiser|authenticator|<no value>|%!|\{\{`)
	for _, lang := range mail.Languages() {
		texts := textsOf(t, lang)
		for _, sample := range mail.Samples("https://login.example.com", lang) {
			t.Run(lang+" "+sample.Name, func(t *testing.T) {
				t.Parallel()
				head, text, page := sent(t, sample.Message, nil)
				read, links := words(t, page)
				plain := strings.Join(strings.Fields(text), " ")
				// The page alone has a glance for lists of letters and a hint for a button
				// that does not open.
				known := plain + " SmartumPay " + texts["letter.stuck"] + " " + texts[strings.ReplaceAll(sample.Message.Template, "-", "_")+".glance"]
				for word := range strings.FieldsSeq(read) {
					if !strings.Contains(known, word) {
						t.Errorf("the text part lacks %q", word)
					}
				}
				for _, link := range links {
					if !strings.HasPrefix(link, "https://login.example.com/") && link != "https://www.example.org/help" {
						t.Errorf("leads to %q", link)
					}
					if !strings.Contains(text, link) {
						t.Errorf("the text part does not lead to %q", link)
					}
				}
				if strings.Contains(page, "url(") || strings.Contains(page, "@import") {
					t.Error("loads something")
				}
				if !strings.Contains(page, `<html lang="`+lang+`">`) || !strings.Contains(page, "color-scheme") {
					t.Error("the page says neither language nor colours")
				}
				if found := jargon.FindString(strings.Join(head["Subject"], "") + text + page); found != "" {
					t.Errorf("says %q", found)
				}
				for _, must := range []string{"help@example.com", "+358 20 000 0000", "https://www.example.org/help", "SmartumPay"} {
					if !strings.Contains(text, must) || !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), must) {
						t.Errorf("does not say %q", must)
					}
				}
			})
		}
	}
}

// What the letters say to whom (product.md: the e-mail says which kind of user a
// person is and how to log in).
func TestLettersSayWhatMatters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sample, lang string
		says, not    []string
	}{
		{"invitation-plus", "fi", []string{
			"Olet SmartumPlus-käyttäjä.", "Esimerkki Oy", "- Liikunta ja kulttuuri\n", "Aktivoi edut:\nhttps://login.example.com/activate#sample\n",
			"verkkopankkitunnuksilla tai Mobiilivarmenteella", "Smartum-tunnuksilla et voi kirjautua.", "22. joulukuuta 2026 klo 12.05", "Eikö viesti ole sinulle?", "Hei Aino!",
		}, []string{"Olet Smartum-käyttäjä"}},
		{"invitation-smartum", "fi", []string{"Olet Smartum-käyttäjä.", "Smartum-tunnuksilla eli käyttäjätunnuksella", "Hei!", "Kahvila Ääni & Öljy"}, []string{"SmartumPlus"}},
		{"invitation-plus", "sv", []string{"Du är SmartumPlus-användare.", "Aktivera förmånerna:\n", "22 december 2026 kl. 12.05", "bankkoder eller Mobilcertifikat"}, nil},
		{"invitation-smartum", "en", []string{"You are a Smartum user.", "Activate benefits:\n", "22 December 2026 at 12:05", "user name or e-mail address"}, []string{"SmartumPlus"}},
		{"reminder-plus", "en", []string{"You are a SmartumPlus user.", "haven’t started using them yet"}, nil},
		{"password-reset", "fi", []string{"yhden kerran, 22. marraskuuta 2026 klo 12.35 saakka", "Vaihda salasana:\nhttps://login.example.com/password#sample", "Salasanasi pysyy samana."}, nil},
		{"password-changed", "sv", []string{"byttes den 22 november 2026 kl. 12.05", "kontakta kundtjänsten"}, nil},
		{"new-login", "fi", []string{"Laite: Samsung Galaxy, Android\n", "Tapa: QR-koodi\n", "Aika: 22. marraskuuta 2026 klo 12.05\n", "Paikka: Helsinki\n", "Tämä en ollut minä:\nhttps://login.example.com/me/devices"}, nil},
		{"new-login", "en", []string{"This wasn’t me:\n", "Method: QR code\n", "24 hours"}, nil},
	} {
		m := mailer(t, nil)
		samples := mail.Samples("https://login.example.com", c.lang)
		i := slices.IndexFunc(samples, func(s mail.Sample) bool { return s.Name == c.sample })
		letter, err := m.Preview(samples[i].Message)
		if err != nil {
			t.Fatal(err)
		}
		for _, must := range c.says {
			if !strings.Contains(letter.Text, must) {
				t.Errorf("%s %s does not say %q:\n%s", c.lang, c.sample, must, letter.Text)
			}
		}
		for _, never := range c.not {
			if strings.Contains(letter.Text, never) {
				t.Errorf("%s %s says %q", c.lang, c.sample, never)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	m := mailer(t, func(c *mail.Config) { c.Languages = []string{"sv", "en"} })
	for locale, want := range map[string]string{"sv": "sv", "en": "en", "fi": "sv", "": "sv", "../etc": "sv"} {
		message := invitation()
		message.Locale = locale
		letter, err := m.Preview(message)
		if err != nil || !strings.Contains(letter.HTML, `lang="`+want+`"`) {
			t.Errorf("%q is written in another language than %s: %v", locale, want, err)
		}
	}
}

// Every text is there in every language, with the same values in it.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	value := regexp.MustCompile(`\{\{\.\w+\}\}`)
	texts := map[string]map[string]string{}
	for _, lang := range mail.Languages() {
		texts[lang] = textsOf(t, lang)
	}
	for key, finnish := range texts["fi"] {
		for _, lang := range mail.Languages() {
			text, found := texts[lang][key]
			if !found || strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s: %s is missing or has blanks around it", lang, key)
			}
			want, got := value.FindAllString(finnish, -1), value.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(slices.Compact(want), slices.Compact(got)) && key != "date.moment" {
				t.Errorf("%s: %s names %v, the Finnish text %v", lang, key, got, want)
			}
		}
	}
	for _, lang := range mail.Languages() {
		if len(texts[lang]) != len(texts["fi"]) {
			t.Errorf("%s has %d texts, Finnish %d", lang, len(texts[lang]), len(texts["fi"]))
		}
	}
}

func textsOf(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("texts/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	flatten("", tree, texts)
	return texts
}

func flatten(path string, tree map[string]any, out map[string]string) {
	for key, value := range tree {
		switch value := value.(type) {
		case string:
			out[path+key] = value
		case map[string]any:
			flatten(path+key+".", value, out)
		}
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mail.Config){
		"no base URL":           func(c *mail.Config) { c.BaseURL = nil },
		"base URL without host": func(c *mail.Config) { c.BaseURL = &url.URL{Scheme: "https"} },
		"accent":                func(c *mail.Config) { c.Brand.Accent = "red;background:url(//x)" },
		"from":                  func(c *mail.Config) { c.From = "nobody" },
		"reply to":              func(c *mail.Config) { c.ReplyTo = "nobody" },
		"bounce":                func(c *mail.Config) { c.Bounce = "nobody" },
		"language":              func(c *mail.Config) { c.Languages = []string{"de"} },
		"clear text elsewhere":  func(c *mail.Config) { c.Server.Host = "smtp.example.com" },
		"password in the clear": func(c *mail.Config) { c.Server.User, c.Server.Password = "a", newPassword() },
		"user alone":            func(c *mail.Config) { c.Server.Security, c.Server.User = mail.TLS, "a" },
		"password alone":        func(c *mail.Config) { c.Server.Security, c.Server.Password = mail.TLS, newPassword() },
		"port":                  func(c *mail.Config) { c.Server.Port = 0 },
		"security":              func(c *mail.Config) { c.Server.Security = "opportunistic" },
	} {
		c := standard(mail.Server{Host: "localhost", Port: 25, Security: mail.None})
		change(&c)
		if _, err := mail.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			harmless(t, err)
		}
	}
}
