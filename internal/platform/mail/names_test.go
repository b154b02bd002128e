package mail_test

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	avainmail "avain/internal/platform/mail"
)

const family = "👩🏽‍👩🏽‍👧🏽‍👦🏽"

var encodedWord = regexp.MustCompile(`=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=`)

// Names arrive as they are, whatever they are made of: nothing decodes them, cuts them or
// adds a line to the head. The letter goes through a real server.
func TestNamesArriveWhole(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]string{
		"Kahvila Oy":                       "Kahvila Oy",
		"=?utf-8?B?RXZpbCBPeQ==?=":         "=?utf-8?B?RXZpbCBPeQ==?=",
		"=?utf-8?Q?a?= =?utf-8?Q?b?=":      "=?utf-8?Q?a?= =?utf-8?Q?b?=",
		"Perhe " + family + " Oy":          "Perhe " + family + " Oy",
		strings.Repeat(family, 8):          strings.Repeat(family, 8),
		strings.Repeat("🏳️‍🌈🇫🇮", 12):       strings.Repeat("🏳️‍🌈🇫🇮", 12),
		"קפה תל אביב":                      "\u2068קפה תל אביב\u2069",
		"Oy\r\nBcc: victim@example.org":    "Oy Bcc: victim@\u2060example.\u2060org",
		"Oy\u2028Bcc: x":                   "Oy Bcc: x",
		`"Ravintola" \ "Oy", <b>`:          `"Ravintola" \ "Oy", <b>`,
		strings.Repeat("Pitkä nimi ", 100): strings.Repeat("Pitkä nimi ", 8) + "Pitkä nimi…",
		strings.Repeat("y", 300):           strings.Repeat("y", 99) + "…",
		strings.Repeat("e\u0301", 99):      strings.Repeat("e\u0301", 99),
	} {
		s := &server{}
		letter := invitation()
		data, _ := letter.Data.(avainmail.Invitation)
		data.Employer = name
		letter.Data = data
		if err := through(t, s.listen(t, avainmail.None, nil)).Send(t.Context(), letter); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		raw := s.taken()[0]
		head := raw.parsed(t).Header
		subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
		if want := shown + ": aktivoi SmartumPlus-etusi"; err != nil || subject != want {
			t.Errorf("%q arrives as\n%q, want\n%q (%v)", name, subject, want, err)
		}
		if len(head["Bcc"]) > 0 || len(head["Subject"]) != 1 || len(head["From"]) != 1 {
			t.Errorf("%q made a head of its own: %v", name, head)
		}
		wholeWords(t, raw.raw)
	}
}

// wholeWords: each encoded word makes sense alone, and no line is too long for one.
func wholeWords(t *testing.T, raw []byte) {
	t.Helper()
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(string(head), "\r\n") {
		for _, word := range encodedWord.FindAllStringSubmatch(line, -1) {
			text, err := base64.StdEncoding.DecodeString(word[1])
			if err != nil || !utf8.Valid(text) || len(word[0]) > 75 {
				t.Errorf("a word of %d characters: %q, %v", len(word[0]), text, err)
			}
			for _, half := range []string{"\u200d", "\ufe0f", "🏽", "\u0301"} {
				if strings.HasPrefix(string(text), half) || half == "\u200d" && strings.HasSuffix(string(text), half) {
					t.Errorf("a letter is torn: %q", text)
				}
			}
		}
	}
}

// The sender's name is the operator's choice, and arrives like the rest.
func TestSendersNames(t *testing.T) {
	t.Parallel()
	for from, shown := range map[string]string{
		`noreply@example.com`:                                 "",
		`SmartumPay <noreply@example.com>`:                    "SmartumPay",
		`"Smartum (Etu)" <noreply@example.com>`:               "Smartum (Etu)",
		`"Smartum, \"Etu\" \\ Oy" <noreply@example.com>`:      `Smartum, "Etu" \ Oy`,
		`"Perhe ` + family + `, Äiti" <noreply@example.com>`:  "Perhe " + family + ", Äiti",
		`=?utf-8?q?=C3=84iti?= <noreply@example.com>`:         "Äiti",
		`"=?utf-8?q?=C3=84iti?=" <noreply@example.com>`:       "=?utf-8?q?=C3=84iti?=",
		`"` + strings.Repeat("é", 80) + `" <a@example.com>`:   strings.Repeat("é", 80),
		`"קפה" <noreply@example.com>`:                         "קפה",
		`"` + strings.Repeat(family, 7) + `" <a@example.com>`: strings.Repeat(family, 7),
	} {
		s := &server{}
		settings := s.listen(t, avainmail.None, nil)
		m := mailer(t, func(c *avainmail.Config) { c.Server, c.From, c.ReplyTo = settings, from, from })
		if err := m.Send(t.Context(), invitation()); err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		raw := s.taken()[0]
		for _, field := range []string{"From", "Reply-To"} {
			got, err := mail.ParseAddress(raw.parsed(t).Header.Get(field))
			if err != nil || got.Name != shown || !strings.HasSuffix(got.Address, "@example.com") {
				t.Errorf("%s: %s is %+v, %v", from, field, got, err)
			}
		}
		wholeWords(t, raw.raw)
	}
}
