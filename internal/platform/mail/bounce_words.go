package mail

import (
	"html"
	"regexp"
	"strings"
)

// saying is what one letter says to people: the report itself, or one that is wrapped in
// it.
type saying struct {
	head  fields
	texts []string
}

// The senders of reports, by their names and addresses. Which of them wrote it is asked
// first, since whoever is on holiday may well write that something could not be delivered.
var machine = regexp.MustCompile(`(?i)mailer[-_. ]?daemon|post[-_]?master|mail[-. ]deliver|mail[-_ ]service|mdaemon|system administrator`)

// The words by which servers say that they gave a letter up, where they write no status:
// their subjects first, then sentences of qmail, Exim, Postfix before 2.3, sendmail,
// Exchange, Gmail, Yahoo, Domino, OpenSMTPD, DragonFly and the rest, in one line of small
// letters.
var gaveUp = regexp.MustCompile(strings.Join([]string{
	`returned mail:`, `returned to sender`, `returning (?:message )?to sender`, `failure notice`, `undeliverable`, `undelivered`,
	`(?:mail|delivery|message)(?: delivery)?(?: has)? fail(?:ed|ure)`, `notification \(failure\)`,
	`could ?n[o'].{0,3}t be delivered`, `cannot be delivered`, `can ?not deliver`, `was(?: not|n.{1,3}t) delivered`, `wasn.{1,3}t able to deliver`,
	`unable to deliver`, `not able to deliver`, `did not reach the following`, `recipients? could not be reached`, `not delivered to`,
	`message (?:not delivered|blocked)`, `address (?:not found|couldn.{1,3}t be found)`, `permanent (?:fatal )?(?:error|failure)`, `had (?:permanent )?delivery (?:errors|problems)`,
	`error delivering your mail`, `error (?:has )?occurred while (?:attempting|trying) to deliver`, `failed permanently`, `following recipients? (?:failed|was aborted)`,
	`recipients was aborted`, `rejected by a remote mail server`, `trouble delivering your message`, `failed addresses follow`, `failure reasons`,
	`unknown user:`, `user unknown`, `no such user here`, `failed recipients`, `failed mail`, `non-delivery report`, `has been returned because`, `invalid user address`, `mailbox exceeds allowed size`, `mailbox is full`, `account is disabled`, `may not exist, or you may not have permission`,
}, "|"))

// The words by which they say that they go on trying. They outweigh all others: somebody
// whose letter is late must not be told that it never came, and the next report tells.
var goesOn = regexp.MustCompile(strings.Join([]string{
	`warning message only`, `^warning\b.{0,40}(?:could not send|message|delay)`, `not yet been delivered`, `will (?:continue|keep)`, `attempts will continue`, `will be (?:retried|attempted)`,
	`still being retried`, `will (?:re)?try`, `(?:will|shall) be tried`, `\(delay\)`, `\b(?:message|mail|delivery|delivery is|has been|is) (?:\S+ )?delayed\b`, `delivery (?:temporarily )?suspended`,
	`do(?: not|n.{1,3}t) need to resend`, `no action is required`, `could not send m\S+ for past`,
}, "|"))

// Where the letter that came back begins, in a report that is all one text.
var quoteBegins = regexp.MustCompile(`(?im)^(?:` + strings.Join([]string{
	`[ \t|]*-+ *(?:below this line|this is a copy|the (?:body|header)|unsent message|original message|returned message|message text)`,
	`\W*(?:below is a copy|original message(?: headers)?(?: follows?)?[.:]|message headers follow|included is a copy)`,
	`received:`, `return-path:`,
}, "|") + `)`)

// cutQuote parts what a server says from the letter that it quotes.
func cutQuote(text string) (own, quote string) {
	if at := quoteBegins.FindStringIndex(text); at != nil {
		return text[:at[0]], text[at[0]:]
	}
	return text, ""
}

// quotedField finds in a quote what names a letter. The quote may begin anywhere in its
// head and be indented.
var quotedField = regexp.MustCompile(`(?im)^[ \t>]*(message-id|return-path)[ \t]*:\s*(<[^>\n]{1,320}>)`)

// quotedHead is the part of a quoted letter's head that names it.
func quotedHead(text string) fields {
	head := fields{}
	_, quote := cutQuote(text)
	for _, found := range quotedField.FindAllStringSubmatch(quote, maxSpecs) {
		name := strings.ToLower(found[1])
		head[name] = append(head[name], found[2])
	}
	return head
}

// failureInWords reads what a server wrote that knows no statuses.
func failureInWords(s saying) (failure, bool) {
	if !fromMachine(s.head) {
		return failure{}, false
	}
	subject := decodedWords(s.head.get("subject"))
	words := make([]string, 0, len(s.texts)+1)
	for _, t := range s.texts {
		own, _ := cutQuote(t)
		words = append(words, own)
	}
	all := strings.ToLower(strings.Join(strings.Fields(strings.Join(append([]string{subject}, words...), " ")), " "))
	if goesOn.MatchString(all) || !gaveUp.MatchString(all) && s.head["x-failed-recipients"] == nil {
		return failure{}, false
	}
	return failureFrom(strings.Join(words, "\n"), s.head), true
}

// fromMachine reports whether a mail system wrote a letter. Whoever answers for a person
// (RFC 3834) leaves the envelope's sender empty as well, so that alone proves nothing.
func fromMachine(head fields) bool {
	if head["x-failed-recipients"] != nil || machine.MatchString(decodedWords(head.get("from"))) {
		return true
	}
	returnPath := strings.ReplaceAll(head.get("return-path"), " ", "")
	return (returnPath == "<>" || machine.MatchString(returnPath)) && !strings.HasPrefix(strings.ToLower(head.get("auto-submitted")), "auto-replied")
}

var (
	// An enhanced status beside the code of SMTP, or in brackets as qmail writes it, or alone.
	statusSaid = []*regexp.Regexp{
		regexp.MustCompile(`\b[45]\d\d[ -]+#?([45]\.\d{1,3}\.\d{1,3})\b`),
		regexp.MustCompile(`#([45]\.\d{1,3}\.\d{1,3})\b`),
		regexp.MustCompile(`(?:^|[\s:(\[])([45]\.\d{1,3}\.\d{1,3})(?:[\s:)\]]|$)`),
	}
	codeSaid = regexp.MustCompile(`(?:^|[\s:('"\[])([45])\d\d(?:[\s:,\]-]|$)`)
)

const forGood = "permanent"

// textOf takes the marks out of a page of HTML, in one pass: who writes a page that opens
// a thousand marks and closes none must not keep us busy.
func textOf(page string) string {
	var out strings.Builder
	for out.Len() < maxWords {
		text, rest, found := strings.Cut(page, "<")
		out.WriteString(text)
		if !found {
			break
		}
		out.WriteByte(' ')
		mark, after, _ := strings.Cut(rest, ">")
		page = after
		for _, silent := range []string{"style", "script"} {
			if len(mark) >= len(silent) && strings.EqualFold(mark[:len(silent)], silent) {
				_, page, _ = strings.Cut(page, "</"+mark[:len(silent)])
				_, page, _ = strings.Cut(page, ">")
			}
		}
	}
	return html.UnescapeString(out.String())
}

// failureFrom finds what the last server said in the words of another.
func failureFrom(words string, head fields) failure {
	out := failure{recipient: spec.FindString(head.get("x-failed-recipients")), final: strings.Contains(strings.ToLower(words), forGood)}
	if out.recipient == "" {
		out.recipient = spec.FindString(words)
	}
	for _, pattern := range statusSaid {
		if found := pattern.FindStringSubmatchIndex(words); found != nil {
			out.status, out.said = words[found[2]:found[3]], lineAt(words, found[2])
			return out
		}
	}
	if found := codeSaid.FindStringSubmatchIndex(words); found != nil {
		out.final, out.said = words[found[2]] == '5', lineAt(words, found[2])
		return out
	}
	out.said = strings.Join(strings.Fields(words), " ")
	return out
}

// lineAt is the line of a text in which a place is.
func lineAt(s string, at int) string {
	from, to := strings.LastIndexByte(s[:at], '\n')+1, len(s)
	if end := strings.IndexByte(s[at:], '\n'); end >= 0 {
		to = at + end
	}
	return s[from:to]
}
