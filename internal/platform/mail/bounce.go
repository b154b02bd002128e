package mail

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Bounce is a server's report that one of our letters could not be delivered.
type Bounce struct {
	ID        string // of the letter (Message.ID)
	Permanent bool   // 5.x.x: the address takes no letters; otherwise the server gave up for now
	Status    string // such as "5.1.1" (RFC 3463); empty when the report says none
	Text      string // what the last server said, without addresses
}

// ErrNoBounce is wrapped by the errors of letters that report no failure of one of
// ours: an answer to a letter, a report of a delay, a complaint, somebody else's letter.
var ErrNoBounce = errors.New("mail: no report of an undelivered letter of ours")

// maxReport is how much of a report is read, in bytes. What counts stands at the
// beginning; the original letter comes last.
const maxReport = 1 << 20

// ParseBounce reads a report as it arrives at the bounce address: a delivery status
// notification (RFC 3464) in whatever shape servers and gateways give it, or the plain
// words of a server that writes none. It believes two things in it: which letter it is
// about, by the address that the report was sent to (VERP) or by what it quotes, and that
// the delivery failed. Anybody can write such a report who has seen the letter's id, which
// only its receiver has; so a report says something about that letter and about nothing
// else.
func (m *Mailer) ParseBounce(r io.Reader) (Bounce, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxReport))
	if err != nil {
		return Bounce{}, fmt.Errorf("%w: not a letter", ErrNoBounce)
	}
	head, body := splitHead(unixLines(string(raw)))
	var found findings
	found.letter(head, body, 0)
	failure, err := found.verdict()
	if err != nil {
		return Bounce{}, err
	}
	id := m.reportedTo(head)
	if id == "" {
		id = m.quotedID(head, found.quoted)
	}
	if id == "" {
		return Bounce{}, fmt.Errorf("%w: it names none", ErrNoBounce)
	}
	return Bounce{
		ID: id, Permanent: failure.permanent(), Status: failure.status, Text: scrub(failure.said, failure.recipient),
	}, nil
}

// failure is what a report says about an address that a letter did not reach.
type failure struct {
	status    string // of RFC 3463; may be empty
	recipient string // may be empty
	said      string // by the last server
	final     bool   // the words say that nobody tries again, where there is no status
}

func (f failure) permanent() bool {
	if f.status != "" {
		return f.status[0] == '5'
	}
	return f.final
}

// verdict answers the failure that was found. Fields go before words: a report that says
// that a letter is only late may well quote words that sound like a failure.
func (f *findings) verdict() (failure, error) {
	switch {
	case f.other:
		return failure{}, fmt.Errorf("%w: a complaint or a receipt", ErrNoBounce)
	case f.failed != nil:
		return *f.failed, nil
	case f.reported:
		return failure{}, fmt.Errorf("%w: nothing failed", ErrNoBounce)
	}
	for _, s := range f.sayings {
		if failed, ok := failureInWords(s); ok {
			return failed, nil
		}
	}
	return failure{}, fmt.Errorf("%w: not a delivery report", ErrNoBounce)
}

// envelope lists the fields in which servers keep the address that a letter was sent to,
// the most trustworthy first: To is only what its sender wrote.
var envelope = []string{"delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to", "to"}

// reportedTo finds the letter by the address of the report.
func (m *Mailer) reportedTo(head fields) string {
	for _, name := range envelope {
		for _, value := range head[name] {
			if id := m.lettersOwn(value); id != "" {
				return id
			}
		}
	}
	return ""
}

// spec is what an address can look like in a field, whatever stands around it.
var spec = regexp.MustCompile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")

// maxSpecs bounds the addresses that are looked at in one field.
const maxSpecs = 20

// lettersOwn is the id of the first address in a text that we made for a letter (VERP).
func (m *Mailer) lettersOwn(text string) string {
	for _, found := range spec.FindAllString(text, maxSpecs) {
		if id, ok := m.bounce.id(strings.Trim(found, ".")); ok {
			return id
		}
	}
	return ""
}

// quotedID finds our own Message-ID, or the sender that we gave the letter, in the heads
// that the report quotes, or in what the report says that it answers.
func (m *Mailer) quotedID(head fields, quoted []fields) string {
	answers := fields{"message-id": slices.Concat(head["in-reply-to"], head["references"])}
	for _, q := range append(quoted, answers) {
		for _, value := range slices.Concat(q["message-id"], q["x-original-message-id"]) {
			if id := m.messageID(value); id != "" {
				return id
			}
		}
		for _, value := range slices.Concat(q["return-path"], q["x-envelope-from"]) {
			if id := m.lettersOwn(value); id != "" {
				return id
			}
		}
	}
	return ""
}

// messageID is the id in the Message-IDs of a field, if one of them is ours.
func (m *Mailer) messageID(value string) string {
	for _, found := range spec.FindAllString(value, maxSpecs) {
		id, domain, _ := strings.Cut(found, "@")
		if strings.EqualFold(domain, m.from.Domain()) && validID(id) {
			return id
		}
	}
	return ""
}
