package mail

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// Bounce is a server's report that one of our letters could not be delivered.
type Bounce struct {
	ID        string // of the letter (Message.ID)
	Permanent bool   // 5.x.x: the address takes no letters; otherwise the server gave up for now
	Status    string // such as "5.1.1" (RFC 3463)
	Text      string // what the last server said, without addresses
}

// ErrNoBounce is wrapped by the errors of letters that report no failure of one of
// ours: an answer to a letter, a report of a delay, somebody else's letter.
var ErrNoBounce = errors.New("mail: no report of an undelivered letter of ours")

// maxReport is how much of a report is read, in bytes. What counts stands at the
// beginning; the original letter comes last.
const maxReport = 1 << 20

var reportStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// ParseBounce reads a delivery status notification (RFC 3464), as it arrives at the
// bounce address. It believes two things in it: which letter it is about, by the
// address that the report was sent to (VERP) or by the Message-ID in the quoted
// head, and that its delivery failed. Anybody can write such a report who has seen
// the letter's id, which only its receiver has; so a report says something about that
// letter and about nothing else.
func (m *Mailer) ParseBounce(r io.Reader) (Bounce, error) {
	message, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(r, maxReport)))
	if err != nil {
		return Bounce{}, fmt.Errorf("%w: not a letter", ErrNoBounce)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") {
		return Bounce{}, fmt.Errorf("%w: not a delivery report", ErrNoBounce)
	}
	report := m.readReport(multipart.NewReader(message.Body, params["boundary"]))
	if id := m.reportedTo(message.Header); id != "" {
		report.id = id
	}
	switch {
	case !strings.EqualFold(report.failure.Get("Action"), "failed"):
		return Bounce{}, fmt.Errorf("%w: nothing failed", ErrNoBounce)
	case report.id == "":
		return Bounce{}, fmt.Errorf("%w: it names none", ErrNoBounce)
	}
	status := reportStatus.FindString(strings.TrimSpace(report.failure.Get("Status")))
	_, recipient, _ := strings.Cut(report.failure.Get("Final-Recipient"), ";")
	_, said, typed := strings.Cut(report.failure.Get("Diagnostic-Code"), ";")
	if !typed {
		said = report.failure.Get("Diagnostic-Code")
	}
	return Bounce{
		ID: report.id, Permanent: strings.HasPrefix(status, "5"), Status: status,
		Text: scrub(said, strings.TrimSpace(recipient)),
	}, nil
}

// reportedTo finds the letter by the address of the report.
func (m *Mailer) reportedTo(head mail.Header) string {
	for _, name := range []string{"Delivered-To", "X-Original-To", "To"} {
		spec, err := mail.ParseAddress(head.Get(name))
		if err != nil {
			continue
		}
		if id, ok := m.bounce.id(spec.Address); ok {
			return id
		}
	}
	return ""
}

// report is what the parts of a report hold.
type report struct {
	failure textproto.MIMEHeader // of the first address that failed
	id      string               // by the quoted head
}

const maxParts = 10

func (m *Mailer) readReport(parts *multipart.Reader) report {
	var out report
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			break // the end, or what we cannot read: both mean that no more is known
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			continue
		}
		var body io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
			body = base64.NewDecoder(base64.StdEncoding, part)
		}
		switch kind {
		case "message/delivery-status", "message/global-delivery-status":
			if out.failure == nil {
				out.failure = firstFailure(body)
			}
		case "text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers":
			if out.id == "" {
				out.id = m.quotedID(body)
			}
		}
	}
	return out
}

// firstFailure reads the groups of fields of a status: the first is about the
// report, each other about one address (RFC 3464 §2.1).
func firstFailure(r io.Reader) textproto.MIMEHeader {
	lines := textproto.NewReader(bufio.NewReader(r))
	for range maxParts {
		group, err := lines.ReadMIMEHeader()
		if strings.EqualFold(group.Get("Action"), "failed") {
			return group
		}
		if err != nil {
			return nil
		}
	}
	return nil
}

// quotedID finds our own Message-ID in the head of the letter that came back.
func (m *Mailer) quotedID(r io.Reader) string {
	// An error only means that the head ends where the quote was cut.
	head, _ := textproto.NewReader(bufio.NewReader(r)).ReadMIMEHeader()
	spec := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(head.Get("Message-Id")), "<"), ">")
	id, domain, _ := strings.Cut(spec, "@")
	if !strings.EqualFold(domain, m.from.Domain()) || !validID(id) {
		return ""
	}
	return id
}
