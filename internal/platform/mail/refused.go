package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"avain/internal/domain/shown"
)

// Part is what a server refused.
type Part string

// The parts of a conversation that a server can refuse.
const (
	PartService   Part = "service"   // it takes no letters now, or not from us
	PartLogin     Part = "login"     // our user name or password
	PartSender    Part = "sender"    // our own address
	PartRecipient Part = "recipient" // the person's address
	PartMessage   Part = "message"   // the letter itself
)

// Refused is a server's answer that it does not take a letter.
type Refused struct {
	Part     Part
	Code     int    // of SMTP, such as 550 (RFC 5321 §4.2)
	Enhanced string // such as "5.1.1" (RFC 3463); empty when the server says none

	// Permanent says that this letter will not be taken later either: a 5xx about the
	// person's address or the letter. A 5xx about us (login, sender, service) is the
	// operator's to mend; the letter itself is good and may be tried again.
	Permanent bool

	Text string // what the server said, without addresses, for the operator
}

// Error names codes and the server's words, never an address.
func (r *Refused) Error() string {
	codes := fmt.Sprint(r.Code)
	if r.Enhanced != "" {
		codes += " " + r.Enhanced
	}
	return fmt.Sprintf("mail: the server refuses the %s: %s %s", r.Part, codes, r.Text)
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// explain turns what went wrong in a part of the conversation into an error that
// can be logged. to is the address that must not appear in it.
func explain(ctx context.Context, part Part, to string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("mail: sending was stopped: %w", cause)
	}
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("mail: the way to the server broke (%s): %s", part, scrub(err.Error(), to))
	}
	switch answer.Code {
	case 421: // "closing transmission channel": says nothing about what it answers
		part = PartService
	case 530, 534, 535, 538: // RFC 4954 §6
		part = PartLogin
	}
	enhanced := enhancedCode.FindString(answer.Msg)
	return &Refused{
		Part: part, Code: answer.Code, Enhanced: enhanced,
		Permanent: answer.Code >= 500 && (part == PartRecipient || part == PartMessage),
		Text:      scrub(strings.TrimPrefix(answer.Msg, enhanced), to),
	}
}

var (
	addressLike = regexp.MustCompile(`<[^>]*>|[^\s<>"'(),;:]+@[^\s<>"'(),;:]+`)
	linkLike    = regexp.MustCompile(`(?i)https?://\S+`)
)

const maxSaid = 200 // characters of a server's words that are kept

// scrub keeps what a server said without what it says about a person. Servers quote
// the address, or the part before the @ alone.
func scrub(said, to string) string {
	said = linkLike.ReplaceAllString(addressLike.ReplaceAllString(shown.Line(said, 10*maxSaid), "(address)"), "(link)")
	if local, _, found := strings.Cut(to, "@"); found && len(local) > 1 {
		said = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(local)).ReplaceAllString(said, "(name)")
	}
	return shown.Line(said, maxSaid)
}
