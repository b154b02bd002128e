package demo

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// Mail is a letter that came.
type Mail struct {
	ID        int       `json:"id"`
	At        time.Time `json:"at"` // its Date
	Envelope  string    `json:"envelope"`
	To        string    `json:"to"` // as the sender's server said, whatever stands in the letter
	From      string    `json:"from"`
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Links     []string  `json:"links"` // of the text part, each once
	Raw       []byte    `json:"-"`
}

var linkInText = regexp.MustCompile(`https?://\S+`)

// parseMail reads a letter as a mail program would. What it cannot read is left out:
// the source shows everything.
func parseMail(id int, raw []byte) Mail {
	m := Mail{ID: id, Raw: raw}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Text = string(raw)
		return m
	}
	head := message.Header
	m.Envelope, m.To = strings.Trim(head.Get("Return-Path"), "<>"), head.Get("Delivered-To")
	m.From, m.Subject = decoded(head.Get("From")), decoded(head.Get("Subject"))
	m.MessageID = strings.Trim(head.Get("Message-Id"), "<>")
	if at, err := head.Date(); err == nil {
		m.At = at
	}
	m.part(head.Get("Content-Type"), head.Get("Content-Transfer-Encoding"), message.Body, 0)
	seen := map[string]bool{}
	for _, link := range linkInText.FindAllString(m.Text, -1) {
		if !seen[link] {
			seen[link] = true
			m.Links = append(m.Links, link)
		}
	}
	return m
}

func decoded(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}

// part reads one part of a letter and what is inside it.
func (m *Mail) part(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 5 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.part(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return
	}
	switch {
	case kind == "text/html":
		m.HTML = string(text)
	case kind == "text/plain" && m.Text == "":
		m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

// bounceReport is what a server sends back that could not deliver (RFC 3464).
func bounceReport(to, failed string, letter []byte, now time.Time) []byte {
	head, _, _ := bytes.Cut(letter, []byte("\r\n\r\n"))
	return fmt.Appendf(nil, strings.ReplaceAll(`From: Mail Delivery System <mailer-daemon@mailbox.example>
To: <%[1]s>
Subject: Undelivered Mail Returned to Sender
Date: %[2]s
Message-ID: <report-%[3]d@mailbox.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=bounce

--bounce
Content-Type: text/plain; charset=utf-8

Your letter could not be delivered to %[4]s: there is no such address.

--bounce
Content-Type: message/delivery-status

Reporting-MTA: dns; mailbox.example
Arrival-Date: %[2]s

Final-Recipient: rfc822; %[4]s
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such address

--bounce
Content-Type: text/rfc822-headers

%[5]s

--bounce--
`, "\n", "\r\n"), to, now.Format(time.RFC1123Z), now.UnixNano(), failed, head)
}
