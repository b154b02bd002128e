package help

import (
	"regexp"

	"avain/internal/domain/shown"
)

// maxComment is how much of a comment is kept, in letters.
const maxComment = 500

// gone stands where something was taken out.
const gone = "[…]"

// keptOut are patterns of what a comment must not hold, however the page asks for it:
// it would lie in the clear, in front of the staff, for half a year (threat 8, 32). The
// order counts: what is named comes before what merely looks like it.
var keptOut = []*regexp.Regexp{
	// Addresses on the web, which may hold a ticket or a link that logs in.
	regexp.MustCompile(`(?i)\b(?:https?:/|www\.)\S*`),
	regexp.MustCompile(`(?i)\b[\pL\pN-]+(?:\.[\pL\pN-]+)*\.(?:fi|com|net|org|io|eu|se)/\S*`),
	// E-mail addresses, and whatever else has an @ in it.
	regexp.MustCompile(`\S*@\S*`),
	regexp.MustCompile(`(?i)\S+\s*[\[(]\s*(?:at|ät|miukumauku)\s*[\])]\s*\S+`),
	// Personal identity codes, also with spaces in them, and what is left of one.
	regexp.MustCompile(`(?i)\p{Nd}(?:[\s.]?\p{Nd}){5}\s?[-–+A-FU-Y]?\s?\p{Nd}(?:\s?\p{Nd}){2}\s?[\p{Nd}A-Y]\b`),
	regexp.MustCompile(`(?i)[-–+]\p{Nd}{3}[\p{Nd}A-Y]\b`),
	// Telephone and account numbers, six-digit codes: six digits and more, whatever
	// stands between them.
	regexp.MustCompile(`\+?\(?(?:\b[A-Z]{2})?\p{Nd}(?:[\s\pP\pS]{0,3}\p{Nd}){5,}`),
	// The codes that are read to people: of QR pages, and of support.
	regexp.MustCompile(`\b[0-9A-Z]{3}[- ]?[0-9A-Z]{3}\b`),
	regexp.MustCompile(`\b[0-9A-Za-z]{5}[- ][0-9A-Za-z]{5}\b`),
	// Words that no human made: keys, tickets, ids, passwords.
	regexp.MustCompile(`[\pL\pN_+/=.~!#$%&*-]*(?:\pL\p{Nd}|\p{Nd}\pL)[\pL\pN_+/=.~!#$%&*-]*`),
	regexp.MustCompile(`[A-Za-z0-9_-]{40,}`),
}

// Clean is what may be kept of a comment: no identity codes, addresses, numbers, links
// or codes, no control characters, and not more than a few sentences. It would rather
// take out a harmless word than keep a secret.
func Clean(comment string) string {
	comment = shown.Line(comment, 4*maxComment) // what is not seen would hide between digits
	for _, pattern := range keptOut {
		comment = pattern.ReplaceAllString(comment, gone)
	}
	return shown.Line(comment, maxComment)
}
