package mail

import (
	"encoding/base32"
	"errors"
	"net/mail"
	"regexp"
	"strings"

	"avain/internal/domain/shown"

	"golang.org/x/net/idna"
)

// address is one that can stand in a header and in a command as it is.
type address struct {
	Name string // display name; may be empty
	Spec string // local@domain, ASCII
}

// Domain is the part after the @.
func (a address) Domain() string { return a.Spec[strings.LastIndexByte(a.Spec, '@')+1:] }

// localPart is a dot-atom (RFC 5321 §4.1.2). Quoted local parts, which may hold
// blanks and line breaks, exist in standards and in attacks only.
var localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

var (
	errAddress = errors.New("is not an e-mail address that mail can be sent to")
	errComment = errors.New(`has a part in round brackets, which mail programs leave out; put the whole name in double quotes, as in "Smartum (Etu)" <noreply@example.com>`)
	errSender  = errors.New("has a name of more than 80 characters, or with characters that nobody sees or that begin a new line")
)

// maxSender bounds the name beside an address, in letters.
const maxSender = 80

// commented reports whether an address has a comment (RFC 5322 §3.2.2): what stands in
// brackets outside of quotes, which the library drops without a word.
func commented(s string) bool {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '(', ')':
			if !quoted {
				return true
			}
		}
	}
	return false
}

// maxSpec and maxLocal bound an address, in octets (RFC 5321 §4.5.3.1; 256 for a
// path counts the angle brackets).
const (
	maxSpec  = 254
	maxLocal = 64
)

// parseAddress reads "local@domain" or "Name <local@domain>". The local part must be
// ASCII, since not every server on the way takes others; a domain with letters such
// as ä is written in its ASCII form (RFC 5891).
func parseAddress(s string) (address, error) {
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return address{}, errAddress // the library's error quotes what it read
	}
	if commented(s) {
		return address{}, errComment
	}
	name := shown.Line(parsed.Name, maxSender)
	if name != parsed.Name {
		return address{}, errSender
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	if at < 0 {
		return address{}, errAddress
	}
	local, domain := parsed.Address[:at], parsed.Address[at+1:]
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") && ascii != "localhost" || !localPart.MatchString(local) {
		return address{}, errAddress
	}
	a := address{Name: name, Spec: local + "@" + ascii}
	if len(a.Spec) > maxSpec || len(local) > maxLocal {
		return address{}, errAddress
	}
	return a, nil
}

// ParseRecipient reads the address of a person: without a name, and nothing around
// it that another program could read otherwise than we do.
func ParseRecipient(s string) (string, error) {
	a, err := parseAddress(s)
	if err != nil || a.Name != "" || strings.ContainsAny(s, "<>() \t\r\n") {
		return "", errAddress
	}
	return a.Spec, nil
}

// bounceAddress is the envelope's sender. With a place for the letter's id each
// letter has one of its own (VERP), and a report to it names the letter whatever
// the reporting server quotes.
type bounceAddress struct {
	before, after string // of the id; before is the whole address when there is none
	own           bool
}

const idPlace = "{id}"

// verp writes an id so that servers which change capital letters change nothing.
var verp = base32.HexEncoding.WithPadding(base32.NoPadding)

// parseBounceAddress reads the setting; the empty one means that From is used.
func parseBounceAddress(s string) (bounceAddress, error) {
	if s == "" {
		return bounceAddress{}, nil
	}
	longest := strings.Repeat("x", verp.EncodedLen(maxID))
	if a, err := parseAddress(strings.Replace(s, idPlace, longest, 1)); err != nil || a.Name != "" {
		return bounceAddress{}, errors.New("must be an address; with {id} in it, at most 12 characters may stand beside it in front of the domain")
	}
	before, after, own := strings.Cut(s, idPlace)
	return bounceAddress{before: before, after: after, own: own}, nil
}

func (b bounceAddress) of(id string) string {
	if !b.own {
		return b.before
	}
	return b.before + strings.ToLower(verp.EncodeToString([]byte(id))) + b.after
}

// id is the letter that an address was made for.
func (b bounceAddress) id(spec string) (string, bool) {
	if !b.own || len(spec) < len(b.before)+len(b.after) ||
		!strings.EqualFold(spec[:len(b.before)], b.before) || !strings.EqualFold(spec[len(spec)-len(b.after):], b.after) {
		return "", false
	}
	id, err := verp.DecodeString(strings.ToUpper(spec[len(b.before) : len(spec)-len(b.after)]))
	return string(id), err == nil && validID(string(id))
}

const maxID = 32

var letterID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func validID(id string) bool { return len(id) <= maxID && letterID.MatchString(id) }

// CheckAddress says what is wrong with the setting from or reply_to.
func CheckAddress(s string) error {
	_, err := parseAddress(s)
	return err
}

// CheckBounceAddress says what is wrong with the setting bounce_address.
func CheckBounceAddress(s string) error {
	_, err := parseBounceAddress(s)
	return err
}
