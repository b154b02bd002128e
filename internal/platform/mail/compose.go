package mail

import (
	"bytes"
	"fmt"

	gomail "github.com/wneessen/go-mail"
)

// Letter is a letter as it can be read, for previews.
type Letter struct {
	Subject string
	HTML    string
	Text    string
}

// Preview writes a letter and sends it to nobody.
func (m *Mailer) Preview(letter Message) (Letter, error) {
	content, err := m.write(letter)
	if err != nil {
		return Letter{}, err
	}
	return m.render(content)
}

// compose writes a letter with its headers.
func (m *Mailer) compose(letter Message, to string) (*gomail.Msg, error) {
	if !validID(letter.ID) {
		return nil, fmt.Errorf("%w: an id of 1 to %d letters, digits, - and _ is needed", ErrMessage, maxID)
	}
	written, err := m.Preview(letter)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.head(msg, letter.ID, to); err != nil {
		return nil, err
	}
	if plainInHead(written.Subject) {
		msg.Subject(written.Subject)
	} else {
		msg.SetGenHeaderPreformatted(gomail.HeaderSubject, headText(written.Subject))
	}
	msg.SetBodyString(gomail.TypeTextPlain, written.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, written.HTML)
	return msg, nil
}

// head sets every header but the subject.
func (m *Mailer) head(msg *gomail.Msg, id, to string) error {
	msg.SetGenHeaderPreformatted(gomail.Header(gomail.HeaderFrom), m.from.header())
	if err := msg.To(to); err != nil {
		return fmt.Errorf("%w: the person's address cannot stand in a header", ErrMessage)
	}
	if m.reply.Spec != "" {
		msg.SetGenHeaderPreformatted(gomail.Header(gomail.HeaderReplyTo), m.reply.header())
	}
	msg.SetMessageIDWithValue(id + "@" + m.from.Domain())
	msg.SetDateWithValue(m.now().In(m.zone))
	// No holiday notice and no other machine answers (RFC 3834 §5); Exchange listens
	// to a header of its own.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	return nil
}

// render makes both parts out of one content: neither says more than the other.
func (m *Mailer) render(c content) (Letter, error) {
	var html, text bytes.Buffer
	if err := m.page.html.Execute(&html, c); err != nil {
		return Letter{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err := m.page.text.Execute(&text, c); err != nil {
		return Letter{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	out := Letter{Subject: c.Subject, HTML: html.String(), Text: text.String()}
	if err := m.linksOnlyHome(out); err != nil {
		return Letter{}, err
	}
	return out, nil
}
